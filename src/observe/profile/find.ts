import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { type ProfileConfig, type ProfileTool, profileTools } from '../../config/profile.ts';
import type { RunningService } from '../../service/service.ts';
import { serviceState } from '../../service/state.ts';
import { membersOf } from '../members.ts';
import { probeTool } from './pid-capture.ts';
import { type PprofPlace, pprofUrl, probePprof } from './pprof-capture.ts';

/** What can take a profile of a service that is up. */
export type Profiler = { tool: 'pprof'; place: PprofPlace } | { tool: 'node' | 'py-spy' | 'perf'; pids: number[] };

export interface FindContext {
  config: Pick<ProfileConfig, 'with' | 'url'>;
  /** Those that every request to the service carries. */
  headers: Readonly<Record<string, string>>;
  env: NodeJS.ProcessEnv;
  /** It is started by a command, so that its processes get the environment that we give it. */
  command: boolean;
}

/** The first tool that can take a profile of a service, of those that the configuration allows; else why each cannot. */
export async function findProfiler(service: RunningService, context: FindContext): Promise<Profiler | { reasons: string[] }> {
  const { config, headers, env, command } = context;
  const state = serviceState(service);
  const pids = state === null ? [] : await membersOf(state, env)();
  const url = pprofUrl(config.url, service.baseUrl);
  // A key for the service is for no other host.
  const place = { url, headers: new URL(url).origin === new URL(service.baseUrl).origin ? headers : {} };
  const looks: Record<ProfileTool, () => Promise<Profiler | string>> = {
    pprof: async () => (await probePprof(place)) ?? { tool: 'pprof', place },
    node: async () => {
      if (!command) return 'Node: the service is not started by a command here';
      const node = pids.filter((pid) => /^node/.test(programOf(pid)));
      return node.length > 0 ? { tool: 'node', pids: node } : 'Node: no process of the service is one';
    },
    'py-spy': async () => {
      const python = busiestFirst(pids.filter((pid) => /^python/.test(programOf(pid))));
      if (python.length === 0) return 'py-spy: no process of the service is Python';
      return (await probeTool('py-spy', env)) ?? { tool: 'py-spy', pids: python };
    },
    perf: async () => {
      if (pids.length === 0) return 'perf: the processes of the service are not known';
      return (await probeTool('perf', env)) ?? { tool: 'perf', pids };
    },
  };
  const reasons: string[] = [];
  for (const tool of config.with === 'auto' ? profileTools : [config.with]) {
    const found = await looks[tool]();
    if (typeof found !== 'string') return found;
    reasons.push(found);
  }
  return { reasons };
}

/** The name of the program that a process runs, such as `node` or `python3.12`; empty where it cannot be told. */
function programOf(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return '';
  }
}

function busiestFirst(pids: readonly number[]): number[] {
  return pids.toSorted((a, b) => ticksOf(b) - ticksOf(a));
}

/** Processor time of a process, in clock ticks. */
function ticksOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  } catch {
    return 0;
  }
}
