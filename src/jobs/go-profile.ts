import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ComponentBench } from './component-run.ts';
import type { BenchFlags } from './go-flags.ts';

const run = promisify(execFile);

/** A function in a profile, or how much more it has than in the base's. */
export interface ProfiledFunction {
  function: string;
  /** As pprof prints it: `1.20s`, `512kB`. */
  flat: string;
  flat_percent: number;
}

/** Profiles of one side, and what stands out in them; the member `profiles` of a result. */
export interface Profiles {
  cpu: { file: string; top: ProfiledFunction[] } | null;
  /** Where memory was allocated. */
  memory: { file: string; top: ProfiledFunction[] } | null;
  /** The functions that differ most from the base; null without one. */
  changed: { cpu: ProfiledFunction[]; memory: ProfiledFunction[] } | null;
  /** Why there is no profile, or no top of it; empty where all is well. */
  problems: string[];
}

const pprofTimeoutMs = 60_000;
const mostFunctions = 10;
const kinds = { cpu: 'cpu.prof', memory: 'mem.prof' } as const;
type Kind = keyof typeof kinds;

/**
 * Runs the benchmarks once more with -cpuprofile and -memprofile, so that profiling does not slow what is judged, and names the top functions. With the
 * base's benchmarks too, the functions that changed most. What cannot be had is a problem in the answer, never an error.
 * @param folder for cpu.prof and mem.prof; the base's are below it
 */
export async function profileComponents(
  benches: { head: ComponentBench; base: ComponentBench | null },
  { folder, flags, env }: { folder: string; flags: BenchFlags; env: NodeJS.ProcessEnv },
): Promise<Profiles> {
  const problems: string[] = [];
  const taken = await take(benches.head, folder, flags, env, problems);
  const before = benches.base === null ? null : await take(benches.base, join(folder, 'base'), flags, env, problems);
  const top = async (kind: Kind, base: string | null = null): Promise<ProfiledFunction[]> => {
    const file = taken[kind];
    return file === null ? [] : topFunctions(file, { kind, base, env }).catch((error: Error) => failed(problems, error));
  };
  const one = async (kind: Kind) => (taken[kind] === null ? null : { file: taken[kind], top: await top(kind) });
  return {
    cpu: await one('cpu'),
    memory: await one('memory'),
    changed: before === null ? null : { cpu: await top('cpu', before.cpu), memory: await top('memory', before.memory) },
    problems: [...new Set(problems)],
  };
}

async function take(
  bench: ComponentBench,
  folder: string,
  flags: BenchFlags,
  env: NodeJS.ProcessEnv,
  problems: string[],
): Promise<Record<Kind, string | null>> {
  await mkdir(folder, { recursive: true });
  const files: Record<Kind, string[]> = { cpu: [], memory: [] };
  const alone = bench.names.length === 1;
  const of = (name: string) => ({
    cpu: join(folder, alone ? kinds.cpu : `cpu.${name}.prof`),
    memory: join(folder, alone ? kinds.memory : `mem.${name}.prof`),
  });
  const { failures } = await bench.run({ ...flags, quick: true, once: true, profile: of });
  problems.push(...failures.map(({ message }) => `${message.split('\n', 1)[0]}`));
  for (const name of bench.names) {
    const { cpu, memory } = of(name);
    if (existsSync(cpu)) files.cpu.push(cpu);
    if (existsSync(memory)) files.memory.push(memory);
  }
  if (files.cpu.length === 0) problems.push('no command wrote one (go test profiles a single package: name it instead of ./...)');
  return { cpu: await whole('cpu'), memory: await whole('memory') };

  /** One file of all commands. */
  async function whole(kind: Kind): Promise<string | null> {
    if (files[kind].length <= 1) return files[kind][0] ?? null;
    const file = join(folder, kinds[kind]);
    try {
      await run('go', ['tool', 'pprof', '-proto', `-output=${file}`, ...files[kind]], { env, timeout: pprofTimeoutMs });
      return file;
    } catch (error) {
      failed(problems, error as Error);
      return files[kind][0] as string;
    }
  }
}

function failed(problems: string[], error: Error): [] {
  problems.push(`go tool pprof: ${error.message.split('\n').slice(0, 3).join(' ')}`);
  return [];
}

/** The functions with the largest share of a profile, by `go tool pprof -top`; with a base those whose share changed most. */
async function topFunctions(
  file: string,
  { kind, base, env }: { kind: Kind; base: string | null; env: NodeJS.ProcessEnv },
): Promise<ProfiledFunction[]> {
  const flags = ['-top', `-nodecount=${mostFunctions}`, ...(kind === 'memory' ? ['-sample_index=alloc_space'] : [])];
  const difference = base === null ? [] : [`-diff_base=${base}`];
  const { stdout } = await run('go', ['tool', 'pprof', ...flags, ...difference, file], { env, timeout: pprofTimeoutMs, maxBuffer: 16 * 1024 * 1024 });
  return parseTop(stdout).slice(0, mostFunctions);
}

/** `1.20s 40.0% 40.0% 1.50s 50.0%  example.com/x.(*T).Method (inline)` */
export function parseTop(text: string): ProfiledFunction[] {
  const row = /^\s*(-?[\d.]+\w*)\s+(-?[\d.]+)%\s+-?[\d.]+%\s+-?[\d.]+\w*\s+-?[\d.]+%\s+(.+?)(?: \(inline\))?$/;
  return text.split('\n').flatMap((line) => {
    const [, flat, percent, name] = row.exec(line) ?? [];
    return flat === undefined || name === undefined || Number(percent) === 0 ? [] : [{ function: name, flat, flat_percent: Number(percent) }];
  });
}

/** What a person is told of profiles, a line each. */
export function profileLines({ cpu, memory, changed, problems }: Profiles): string[] {
  const list = (title: string, functions: readonly ProfiledFunction[]) =>
    functions.length === 0
      ? []
      : [title, ...functions.map((one) => `  ${one.flat.padStart(10)} ${`${one.flat_percent}%`.padStart(8)}  ${one.function}`)];
  return [
    ...list('CPU changed most between base and this (of the base):', changed?.cpu ?? []),
    ...list('Allocations changed most between base and this:', changed?.memory ?? []),
    ...list(`Top CPU functions (${cpu?.file}):`, cpu?.top ?? []),
    ...list(`Top allocation sites (${memory?.file}):`, memory?.top ?? []),
    ...problems.map((problem) => `warning: profile: ${problem}`),
  ];
}
