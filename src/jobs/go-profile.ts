import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { goTool, topFunctions } from '../observe/profile/go-pprof.ts';
import { type ProfiledFunction, type Profiles, profileFiles } from '../observe/profile/profiled.ts';
import type { ComponentBench } from './component-run.ts';
import type { BenchFlags } from './go-flags.ts';

const kinds = { cpu: profileFiles.cpu, memory: profileFiles.memory } as const;
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
      await goTool(['-proto', `-output=${file}`, ...files[kind]], env);
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
