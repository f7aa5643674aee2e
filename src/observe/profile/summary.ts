import { readFile } from 'node:fs/promises';
import type { ProfileTool } from '../../config/profile.ts';
import { topFunctions } from './go-pprof.ts';
import { perfReport } from './pid-capture.ts';
import { type Captured, messageOf, type ProfiledFunction, type Profiles } from './profiled.ts';
import { changedOf, type SelfTimes, type SelfUnit, topOf } from './self-times.ts';
import { selfSamplesOfPerf, selfSamplesOfStacks } from './stacks.ts';
import { selfTimesOfV8 } from './v8-profile.ts';

/** A capture and, for a profile of Node's whole life, the part of it that counts. */
export interface Windowed extends Captured {
  /** Microseconds of the monotonic clock; null: all of it. */
  window: { fromUs: number; toUs: number } | null;
}

/**
 * What stands out in a profile and, with the base's, what changed most. A file that cannot be read is a problem in the answer, never an error.
 * @param name what the document calls a file
 */
export async function summarise(
  head: Windowed,
  base: Windowed | null,
  { env, name }: { env: NodeJS.ProcessEnv; name(file: string): string },
): Promise<Profiles> {
  const problems = [...head.problems, ...(base?.problems ?? []).map((problem) => `base: ${problem}`)];
  const attempt = async (list: () => Promise<ProfiledFunction[]>): Promise<ProfiledFunction[]> => {
    try {
      return await list();
    } catch (error) {
      problems.push(messageOf(error));
      return [];
    }
  };
  const one = async (kind: 'cpu' | 'memory') => {
    const file = head[kind];
    return file === null ? null : { file: name(file), top: await attempt(() => topOfFile(head, kind, env)) };
  };
  const [cpu, memory] = [await one('cpu'), await one('memory')];
  const comparable = base !== null && base.tool === head.tool && base.cpu !== null && head.cpu !== null;
  const changed = comparable
    ? { cpu: await attempt(() => changedInFiles(head, base, 'cpu', env)), memory: await attempt(() => changedInFiles(head, base, 'memory', env)) }
    : null;
  const goroutines = head.goroutines && { ...head.goroutines, file: name(head.goroutines.file) };
  return { cpu, memory, changed, problems: [...new Set(problems)], taken_by: head.tool, seconds: head.seconds, goroutines };
}

async function topOfFile(captured: Windowed, kind: 'cpu' | 'memory', env: NodeJS.ProcessEnv): Promise<ProfiledFunction[]> {
  const file = captured[kind];
  if (file === null) return [];
  if (captured.tool === 'pprof') return topFunctions(file, { kind, base: null, env });
  return topOf(await selfTimes(captured, file, env), unitOf[captured.tool]);
}

async function changedInFiles(head: Windowed, base: Windowed, kind: 'cpu' | 'memory', env: NodeJS.ProcessEnv): Promise<ProfiledFunction[]> {
  const [file, before] = [head[kind], base[kind]];
  if (file === null || before === null) return [];
  if (head.tool === 'pprof') return topFunctions(file, { kind, base: before, env });
  return changedOf(await selfTimes(head, file, env), await selfTimes(base, before, env), unitOf[head.tool]);
}

const unitOf: Record<ProfileTool, SelfUnit> = { pprof: 'us', node: 'us', 'py-spy': 'samples', perf: 'samples' };

async function selfTimes({ tool, window }: Windowed, file: string, env: NodeJS.ProcessEnv): Promise<SelfTimes> {
  if (tool === 'perf') return selfSamplesOfPerf(await perfReport(file, env));
  const text = await readFile(file, 'utf8');
  return tool === 'node' ? selfTimesOfV8(text, window) : selfSamplesOfStacks(text);
}
