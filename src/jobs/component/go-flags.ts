import type { ComponentEntry } from '../../config/component.ts';

/** What a benchmark command is asked for over what it says itself. */
export interface BenchFlags {
  /** Only benchmarks of this component; null: all. */
  only: string | null;
  /** A short time for each benchmark. */
  quick: boolean;
  /** One repetition: the rounds repeat it. */
  once: boolean;
  /** Where the profiles of an entry go, by its name; left out: none are taken. */
  profile?: (name: string) => { cpu: string; memory: string };
}

const quickTime = '100ms';

/** The command that lists the benchmarks which a `go test` would run by its own -bench, without running them; null where it names none. */
export function listCommand({ run, format }: ComponentEntry): string | null {
  const pattern = format === 'go-bench' && goTest.test(run) ? flagOf('bench').exec(run)?.[1] : undefined;
  return pattern === undefined ? null : without(run, 'bench').replace(goTest, (found) => `${found} -list=${pattern}`);
}

/** The benchmarks of a component in what such a list printed. */
export function listedOf({ series }: Pick<ComponentEntry, 'series'>, only: string, lines: readonly string[]): string[] {
  const patterns = series.filter(({ path }) => path.split('/')[0] === only).map(({ pattern }) => new RegExp(`^(?:${pattern})$`));
  return lines.map((line) => line.trim()).filter((name) => /^Benchmark\w*$/.test(name) && patterns.some((pattern) => pattern.test(name)));
}

/**
 * A command with flags: those of `go test` are put in the place of its own. What cannot be said by a flag is said by the environment (`benchEnvironment`).
 * @param names the benchmarks of the component that `only` names, where they are known; null: whatever the patterns of the component match
 */
export function benchCommand(
  { name, run, format, series }: ComponentEntry,
  { only, quick, once, profile }: BenchFlags,
  names: readonly string[] | null = null,
): string {
  if (format !== 'go-bench' || !goTest.test(run)) return run;
  const flags: [string, string][] = [];
  if (quick) flags.push(['benchtime', quickTime]);
  if (once) flags.push(['count', '1']);
  if (only !== null) {
    const patterns = names ?? series.filter(({ path }) => path.split('/')[0] === only).map(({ pattern }) => pattern);
    if (patterns.length > 0) flags.push(['bench', `^(${patterns.join('|')})$`]);
  }
  if (profile) {
    const { cpu, memory } = profile(name);
    flags.push(['cpuprofile', cpu], ['memprofile', memory], ['o', `${cpu}.test`]);
  }
  const bare = flags.reduce((text, [flag]) => without(text, flag), run);
  return bare.replace(goTest, (found) => [found, ...flags.map(([flag, value]) => `-${flag}=${quoted(value)}`)].join(' '));
}

/** The same for every other tool: its own variables where it has any, and ours for what the benchmark itself looks at. */
export function benchEnvironment({ only, quick }: BenchFlags): Record<string, string> {
  return {
    ...(only === null ? {} : { LLM_BENCH_ONLY: only }),
    ...(quick ? { LLM_BENCH_QUICK: '1', BENCHMARK_MIN_TIME: '0.1s', PYTEST_ADDOPTS: '--benchmark-max-time=0.1 --benchmark-min-rounds=3' } : {}),
  };
}

const goTest = /\bgo test\b/;

/** A flag of `go test`, its value captured as the shell reads it. */
const flagOf = (flag: string): RegExp => new RegExp(`\\s--?(?:test\\.)?${flag}(?:=|\\s+)('[^']*'|"[^"]*"|\\S+)`, 'g');

function without(command: string, flag: string): string {
  return command.replaceAll(flagOf(flag), '');
}

const quoted = (value: string): string => (/^[\w./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`);
