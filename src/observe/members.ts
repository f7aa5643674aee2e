import { readFileSync } from 'node:fs';
import { type DockerAnswer, docker } from '../service/docker-cli.ts';
import type { ServiceState } from '../service/state.ts';
import { TreeWatch } from '../service/tree-watch.ts';
import { groupsOf } from './cpu-limit.ts';
import { readText } from './proc-files.ts';
import type { FindMembers } from './service-processes.ts';

const inspectMs = 5_000;

/** What finds the processes of a service that we started: those of its tree, or those of its container's control group. */
export function membersOf(state: ServiceState, env: NodeJS.ProcessEnv): FindMembers {
  if (state.cidfile === null) {
    const watch = new TreeWatch(state);
    return () => watch.pids();
  }
  const { cidfile } = state;
  let first: number | null = null;
  return async () => {
    first ??= await containerProcess(cidfile, env);
    return first === null ? [] : groupMembers(first);
  };
}

/** The process that the container runs, as this machine numbers it; null where docker does not say. */
async function containerProcess(cidfile: string, env: NodeJS.ProcessEnv): Promise<number | null> {
  let id: string;
  try {
    id = readFileSync(cidfile, 'utf8').trim();
  } catch {
    return null;
  }
  const plain = Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const answer: DockerAnswer = await docker(['inspect', '--format', '{{.State.Pid}}', id], { env: plain, timeoutMs: inspectMs });
  const pid = Number(answer.stdout.trim());
  return answer.code === 0 && Number.isInteger(pid) && pid > 0 ? pid : null;
}

/** Everything in the control group of a process; the process alone where the group cannot be read. */
function groupMembers(pid: number): number[] {
  const [group] = groupsOf(pid, readText);
  const listed = group === undefined ? null : readText(`${group}/cgroup.procs`);
  const pids = (listed ?? '')
    .split('\n')
    .map(Number)
    .filter((one) => one > 0);
  return pids.includes(pid) ? pids : [pid];
}
