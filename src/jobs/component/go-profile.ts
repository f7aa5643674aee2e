import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComponentEntry, ComponentsConfig } from '../../config/component.ts';
import { UserError } from '../../config/errors.ts';
import type { ProfileConfig } from '../../config/profile.ts';
import { goTool, topFunctions } from '../../observe/profile/go-pprof.ts';
import { type ProfiledFunction, type Profiles, profileFiles } from '../../observe/profile/profiled.ts';
import type { BenchFlags } from './go-flags.ts';
import type { ComponentBench } from './run.ts';

const kinds = { cpu: profileFiles.cpu, memory: profileFiles.memory } as const;
type Kind = keyof typeof kinds;

/** @throws UserError (2) where profiles were asked for and no command can write one: better said now than after measuring */
export function mustProfileComponents({ when }: Pick<ProfileConfig, 'when'>, { entries }: Pick<ComponentsConfig, 'entries'>): void {
  if (when !== 'always' || entries.length === 0 || entries.some(canProfile)) return;
  const names = entries.map(({ name, format }) => `${name} is ${format}`).join(', ');
  throw new UserError(`profile always: ${names}; profiles are taken of go-bench commands alone`);
}

/**
 * Runs the benchmarks once more with -cpuprofile and -memprofile, so that profiling does not slow what is judged, and names the top functions. With the
 * base's benchmarks too, the functions that changed most. What cannot be had is a problem in the answer, never an error.
 * @param folder for cpu.prof and mem.prof; the base's are below it
 * @param name what the document calls a file
 * @param budgetSeconds for all commands of a side
 * @returns null where none of the commands can be profiled
 */
export async function profileComponents(
  benches: { head: ComponentBench; base: ComponentBench | null },
  { folder, name, ...job }: ProfileJob & { folder: string; name(file: string): string },
): Promise<Profiles | null> {
  const { env } = job;
  if (!benches.head.entries.some(canProfile)) return null;
  const problems = benches.head.entries
    .filter((entry) => !canProfile(entry))
    .map((entry) => `${entry.name} is ${entry.format}: profiles are taken of go-bench commands alone`);
  const taken = await take(benches.head, folder, job, problems);
  const before = benches.base === null ? null : await take(benches.base, join(folder, 'base'), job, problems);
  const top = async (kind: Kind, base: string | null = null): Promise<ProfiledFunction[]> => {
    const file = taken[kind];
    return file === null ? [] : topFunctions(file, { kind, base, env }).catch((error: Error) => failed(problems, error));
  };
  const one = async (kind: Kind) => (taken[kind] === null ? null : { file: name(taken[kind]), top: await top(kind) });
  return {
    cpu: await one('cpu'),
    memory: await one('memory'),
    changed: before === null ? null : { cpu: await top('cpu', before.cpu), memory: await top('memory', before.memory) },
    problems: [...new Set(problems)],
  };
}

interface ProfileJob {
  flags: BenchFlags;
  env: NodeJS.ProcessEnv;
  budgetSeconds?: number;
}

const canProfile = ({ format }: ComponentEntry): boolean => format === 'go-bench';

async function take(
  bench: ComponentBench,
  folder: string,
  { flags, env, budgetSeconds }: ProfileJob,
  problems: string[],
): Promise<Record<Kind, string | null>> {
  await mkdir(folder, { recursive: true });
  const files: Record<Kind, string[]> = { cpu: [], memory: [] };
  const names = bench.entries.filter(canProfile).map((entry) => entry.name);
  const alone = names.length === 1;
  const of = (name: string) => ({
    cpu: join(folder, alone ? kinds.cpu : `cpu.${name}.prof`),
    memory: join(folder, alone ? kinds.memory : `mem.${name}.prof`),
  });
  // An earlier profile must not stand for this one.
  const stale = [...names.flatMap((name) => Object.values(of(name))), ...Object.values(kinds).map((file) => join(folder, file))];
  await Promise.all(stale.map((file) => rm(file, { force: true })));
  const { failures } = await bench.run({ ...flags, quick: true, once: true, profile: of }, budgetSeconds, canProfile);
  problems.push(...failures.map(({ message }) => `${message.split('\n', 1)[0]}`));
  for (const name of names) {
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
