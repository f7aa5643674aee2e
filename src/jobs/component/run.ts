import { randomUUID } from 'node:crypto';
import { globSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ComponentEntry, ComponentsConfig } from '../../config/component.ts';
import { ExitCode, UserError } from '../../config/errors.ts';
import { onlyComponent, withDerived } from '../../result/components/derived.ts';
import { joinResults } from '../../result/components/join.ts';
import { namedComponents } from '../../result/components/named.ts';
import type { ResultDocument } from '../../result/document.ts';
import { combineImported } from '../../result/import/combine.ts';
import { importText } from '../../result/import/import.ts';
import { readResultText } from '../../result/read.ts';
import { serviceDirectory } from '../../service/places.ts';
import { type EndOfCommand, runToEnd } from '../../service/run-to-end.ts';
import { describeCrash, ServiceError } from '../../service/service-error.ts';
import { runSetup } from '../../service/setup.ts';
import { type ServiceState, stopFromState } from '../../service/state.ts';
import { type BenchFlags, benchCommand, benchEnvironment, listCommand, listedOf } from './go-flags.ts';

/** Where component benchmarks are run. */
export interface ComponentPlace {
  components: ComponentsConfig;
  /** Folder of the configuration. */
  root: string;
  /** Another checkout to run them in: the base. */
  workingDirectory?: string;
  env: NodeJS.ProcessEnv;
  logDirectory: string;
  signal: AbortSignal;
  /** Hears of what setup steps left running. */
  onState?: ((state: ServiceState) => void) | undefined;
  log(line: string): void;
}

/** What the benchmarks measured, and what went wrong with the rest. */
export interface ComponentRun {
  /** Null when nothing was measured. */
  document: ResultDocument | null;
  /** Commands that failed, took too long or printed no benchmark. */
  failures: UserError[];
  interrupted: boolean;
}

/** More is no benchmark's output. */
const mostLines = 500_000;

/** The benchmarks of one checkout, set up once and run as often as wanted. */
export class ComponentBench {
  private readonly place: ComponentPlace;
  private readonly states = new Map<string, ServiceState>();

  constructor(place: ComponentPlace) {
    this.place = place;
  }

  get entries(): readonly ComponentEntry[] {
    return this.place.components.entries;
  }

  /**
   * Runs every command, one after the other, and reads what they measured. What one measured is not lost when another fails.
   * @param budgetSeconds for all
   * @param wanted which of them
   */
  async run(
    flags: BenchFlags,
    budgetSeconds = Number.POSITIVE_INFINITY,
    wanted: (entry: ComponentEntry) => boolean = () => true,
  ): Promise<ComponentRun> {
    const startedMs = performance.now();
    const { components, signal } = this.place;
    const documents: ResultDocument[] = [];
    const failures: UserError[] = [];
    for (const entry of components.entries.filter(wanted)) {
      if (signal.aborted) break;
      try {
        await this.setUp(entry);
        const leftSeconds = budgetSeconds - (performance.now() - startedMs) / 1000;
        if (leftSeconds <= 0) throw new UserError(`component ${entry.name}: not run, the budget of ${budgetSeconds} s was used up before it`);
        const timeoutSeconds = Math.min(entry.timeoutSeconds, leftSeconds);
        const { document, failure } = await runEntry({ ...entry, timeoutSeconds }, this.place, flags);
        if (document !== null) documents.push(document);
        if (failure !== null) failures.push(failure);
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof UserError)) throw error;
        failures.push(error);
      }
    }
    const document = documents.length === 0 ? null : withDerived(joinResults(documents), components.derived);
    return { document, failures, interrupted: signal.aborted };
  }

  /** Stops what setup steps left running. */
  async close(): Promise<void> {
    await Promise.all([...this.states.values()].map((state) => stopFromState(state)));
  }

  private async setUp(entry: ComponentEntry): Promise<void> {
    const { root, workingDirectory, env, logDirectory, signal, log, onState } = this.place;
    if (entry.setup === undefined || this.states.has(entry.name)) return;
    const places = { root, ...(workingDirectory === undefined ? {} : { workingDirectory }) };
    const options = { ...places, env, logDirectory, signal, onProgress: (line: string) => log(`${entry.name}: ${line}`) };
    const state = await runSetup(targetOf(entry), options);
    this.states.set(entry.name, state);
    onState?.(state);
  }
}

const targetOf = ({ name, setup, working_directory, env, env_file, pass_env }: ComponentEntry) => ({
  name,
  ...(setup === undefined ? {} : { setup }),
  ...(working_directory === undefined ? {} : { working_directory }),
  ...(env === undefined ? {} : { env }),
  ...(env_file === undefined ? {} : { env_file }),
  ...(pass_env === undefined ? {} : { pass_env }),
});

/** What one execution of a command measured; a command that failed half-way leaves what it printed until then, marked as partial. */
async function runEntry(
  entry: ComponentEntry,
  { components, root, workingDirectory, env, logDirectory, signal, log }: ComponentPlace,
  flags: BenchFlags,
): Promise<{ document: ResultDocument | null; failure: UserError | null }> {
  const places = { root, ...(workingDirectory === undefined ? {} : { workingDirectory }) };
  const target = targetOf(entry);
  const directory = serviceDirectory(target, places);
  const lines: string[] = [];
  const withEnvironment = { ...target, env: { ...components.environment, ...benchEnvironment(flags), ...target.env } };
  const names = flags.only === null ? null : await benchmarksOf(entry, withEnvironment, { env, logDirectory, signal, ...places }, flags.only);
  if (names?.length === 0) {
    log(`${entry.name}: has no benchmark of ${flags.only}`);
    return { document: null, failure: null };
  }
  const startedAt = Date.now();
  const ended = await runToEnd(
    withEnvironment,
    { run: benchCommand(entry, flags, names), timeoutSeconds: entry.timeoutSeconds, logFile: join(logDirectory, `component-${entry.name}.log`) },
    {
      ...places,
      env,
      signal,
      marker: randomUUID(),
      where: `component ${entry.name}`,
      onStart: (shown) => log(`${entry.name}: ${shown}`),
      onLine: (line) => {
        if (lines.length < mostLines) lines.push(line);
      },
    },
  );
  const failure = failureOf(entry, ended);
  let document: ResultDocument | null = null;
  try {
    document = await readMeasured(entry, directory, lines, startedAt);
  } catch (error) {
    // A command that failed has said more of why there is no benchmark.
    if (failure === null && ended.end !== 'aborted') throw withLog(error, ended);
  }
  if (document === null) return { document, failure };
  const complete = ended.end !== 'aborted' && failure === null;
  log(`${entry.name}: ${document.series.length} benchmarks, ${document.runs.length} repetitions in ${ended.seconds.toFixed(1)} s`);
  const named = namedComponents(
    {
      ...document,
      timestamp: document.timestamp || new Date(startedAt).toISOString(),
      partial: !complete,
      stop_reason: complete ? 'completed' : ended.end === 'aborted' ? 'interrupted' : 'command_failed',
      results: { ...document.results, duration_seconds: ended.seconds },
      runs: document.runs.map((run) => ({ ...run, duration_seconds: run.duration_seconds || ended.seconds / document.runs.length })),
    },
    entry.series,
  );
  if (flags.only === null) return { document: named, failure };
  const kept = onlyComponent(named, flags.only);
  return { document: kept.series.length === 0 ? null : kept, failure };
}

/** The benchmarks of one component that a command runs by itself: several commands share a package. Null where that cannot be told before it runs. */
async function benchmarksOf(
  entry: ComponentEntry,
  target: ReturnType<typeof targetOf>,
  places: Pick<ComponentPlace, 'env' | 'logDirectory' | 'signal' | 'root' | 'workingDirectory'>,
  only: string,
): Promise<string[] | null> {
  const list = listCommand(entry);
  if (list === null) return null;
  const lines: string[] = [];
  const step = { run: list, timeoutSeconds: entry.timeoutSeconds, logFile: join(places.logDirectory, `component-${entry.name}.list.log`) };
  const { end } = await runToEnd(target, step, {
    ...places,
    marker: randomUUID(),
    where: `component ${entry.name}`,
    onLine: (line) => lines.push(line),
  });
  return typeof end === 'object' && end.exitCode === 0 ? listedOf(entry, only, lines) : null;
}

async function readMeasured(entry: ComponentEntry, directory: string, lines: readonly string[], startedAt: number): Promise<ResultDocument> {
  const name = `the output of ${entry.name}`;
  if (entry.read.length === 0) return importText(lines.join('\n'), name, entry.format);
  const files = entry.read.flatMap((pattern) => globSync(pattern, { cwd: directory }).sort()).map((file) => resolve(directory, file));
  // File systems keep whole seconds at worst.
  const written = files.filter((file) => statSync(file).mtimeMs >= startedAt - 1000);
  if (written.length === 0) {
    const found = files.length === 0 ? 'nothing matches' : `${files.length} match, none written by this run`;
    throw new UserError(`component ${entry.name}: expected the command to write ${entry.read.join(', ')} in ${directory}, found: ${found}`, {
      hint: `Name what it writes with read: (docs/import.md shows the command that writes each format).`,
    });
  }
  const documents: ResultDocument[] = [];
  for (const file of written) documents.push(importText(await readResultText(file), file, entry.format));
  return entry.format === 'criterion' ? joinResults(documents) : combineImported(documents, written);
}

function failureOf(entry: ComponentEntry, { end, seconds, shown, lines, logFile }: EndOfCommand): UserError | null {
  if (end === 'aborted') return null;
  const what = `component ${entry.name}: ${shown}`;
  if (end === 'timeout') {
    return new ServiceError(`${what} took longer than ${Number(entry.timeoutSeconds.toFixed(1))} s and was stopped.`, {
      logLines: lines,
      logFile,
      hint: `Give it more time (timeout: ${Math.ceil(2 * entry.timeoutSeconds)}), or measure less (--quick, --only).`,
    });
  }
  if (end.exitCode === 0) return null;
  return new ServiceError(`${what} failed after ${seconds.toFixed(1)} s: ${describeCrash(end)}.`, { logLines: lines, logFile });
}

/** Why nothing could be read, with what the command printed last. */
function withLog(error: unknown, { shown, lines, logFile }: EndOfCommand): unknown {
  if (!(error instanceof UserError)) return error;
  const last = lines.slice(-10).map((line) => `  | ${line}`);
  const printed = last.length === 0 ? 'It printed nothing.' : `The last lines that it printed (${logFile}):\n${last.join('\n')}`;
  return new UserError(`${error.message}\nThe command was: ${shown}\n${printed}`, {
    exitCode: ExitCode.usage,
    hint: error.hint ?? 'docs/components.md shows the command of each format.',
  });
}
