import { join } from 'node:path';
import type { BaselineFound } from '../baseline/source.ts';
import type { BenchConfig } from '../config/bench-config.ts';
import { ExitCode, UserError } from '../config/errors.ts';
import { renderHtml } from '../report/html/html.ts';
import { renderRunAllCsv, renderRunAllMarkdown, renderRunAllText, type ScenarioOutcome } from '../report/run-all.ts';
import type { ResultDocument } from '../result/document.ts';
import { uniteScenarios } from '../result/unite.ts';
import { writeResult } from '../result/write.ts';
import { exitCodeFor } from '../verdict/overall.ts';
import { refuseMode } from './compare.ts';
import type { Exports } from './exports.ts';
import { emptiedByBudget } from './measure/budgets.ts';
import { type Measured, measure } from './measure/measure.ts';
import { acquireRunLock } from './measure/run-lock.ts';
import { baselineWarnings } from './missing-baseline.ts';
import { openRequestLog } from './request-log.ts';
import { compareWith, exportsOf, type RunOptions } from './run.ts';
import { scenarioFileName } from './scenario-file-name.ts';
import { writeScenarioFiles } from './scenario-files.ts';
import { worstExit } from './worst-exit.ts';
import { prepareToWrite, writeText } from './write-text.ts';

/** One scenario of the list: its configuration alone, and what it is compared with (null: its limits alone). */
export interface ListedScenario {
  name: string;
  config: BenchConfig;
  baseline: BaselineFound | null;
}

export interface RunAllOptions extends Omit<RunOptions, 'config' | 'output' | 'html' | 'baseline' | 'order' | 'outputFolder'> {
  scenarios: readonly ListedScenario[];
  /** Everything goes into this folder. */
  folder: string;
  /** Another place for the page; null: report.html in the folder. */
  html: string | null;
  /** Another place for all scenarios in one document; null: nowhere. */
  output: string | null;
}

/**
 * Measures a list of scenarios in their order and writes the raw data of each (NAME.json), summary.csv, report.md and report.html. Scenarios of the same target that
 * follow each other share one start of the service; after a crash it is started again for the rest. One that fails is named, and the others are measured all the same.
 * @returns the worst of their exit codes
 */
export async function runAll(options: RunAllOptions): Promise<ExitCode> {
  const { scenarios, folder, print } = options;
  const [first] = scenarios;
  if (first === undefined) throw new UserError('run-all: expected at least one scenario, found none');
  for (const sentence of new Set(scenarios.flatMap(({ config }) => config.warnings.map(({ message }) => message)))) print.err(`warning: ${sentence}`);
  if (first.config.embedded)
    print.err('No target was named: serving the embedded engine. Name one with --base-url, --command, --target or llm-bench.yaml.');
  for (const { baseline, config } of scenarios) if (baseline !== null) refuseMode(config.mode);
  for (const sentence of new Set(scenarios.flatMap(({ baseline, config }) => baselineWarnings(baseline, config)))) print.err(`warning: ${sentence}`);
  const groups = grouped(scenarios);
  refuseSplitBudget(options, groups.length);
  for (const path of [
    join(folder, 'summary.csv'),
    ...(options.output === null ? [] : [options.output]),
    ...(options.html === null ? [] : [options.html]),
  ])
    await prepareToWrite(path);
  const exports = await exportsOf(options);
  const log = options.logRequests === null ? null : await openRequestLog(options.logRequests);
  const lock = await acquireRunLock();
  if (lock.other)
    print.err(
      `warning: another llm-bench run is going on this machine (process ${lock.other.pid}, in ${lock.other.cwd}): both will measure each other.`,
    );
  const outcomes: ScenarioOutcome[] = [];
  try {
    const hooks = { progress: options.progress, ...(log ? { onRecord: log.write } : {}) };
    const job = { ...options, otherRun: lock.other !== null, ...(exports?.listen(hooks) ?? hooks) };
    for (const group of groups) await measureGroup(group, job, outcomes);
    return await tell(options, outcomes, exports);
  } finally {
    const incomplete = await log?.close();
    for (const failure of [incomplete, ...((await exports?.close()) ?? [])]) if (failure) print.err(`warning: ${failure}`);
    await lock.release();
  }
}

type Job = RunAllOptions & { otherRun: boolean };

/** Scenarios that follow each other and are of one target, watched alike. */
function grouped(scenarios: readonly ListedScenario[]): ListedScenario[][] {
  const place = ({ config: { target, embedded, observe } }: ListedScenario) => JSON.stringify([target, embedded, observe]);
  const groups: ListedScenario[][] = [];
  for (const scenario of scenarios) {
    const last = groups.at(-1);
    if (last?.[0] !== undefined && place(last[0]) === place(scenario)) last.push(scenario);
    else groups.push([scenario]);
  }
  return groups;
}

function refuseSplitBudget({ shape }: RunAllOptions, groups: number): void {
  if (groups === 1 || shape === undefined || (shape.maxTotalTokens === null && shape.maxCost === null)) return;
  throw new UserError(
    `run-all: --max-total-tokens and --max-cost bound what one service is asked for, and the scenarios name ${groups} targets in turn`,
    {
      hint: 'Name one --target for all, or run them apart.',
    },
  );
}

/** Measures the group, starting its service again for what is left when it crashed. */
async function measureGroup(group: readonly ListedScenario[], job: Job, outcomes: ScenarioOutcome[]): Promise<void> {
  let left = [...group];
  while (left.length > 0 && !job.signal.aborted) {
    const before = outcomes.length;
    const failure = await measureOnce(left, job, outcomes);
    const done = outcomes.length - before;
    left = left.slice(done);
    if (failure === null || job.signal.aborted) break;
    const { why, exitCode, hopeless } = failure;
    // The service did not come up: it will not for the next one either.
    const lost = hopeless ? left.splice(0) : done === 0 ? left.splice(0, 1) : [];
    outcomes.push(...lost.map(({ name }): ScenarioOutcome => ({ name, document: null, comparison: null, why, exitCode })));
  }
  for (const { name } of left) {
    const why = job.signal.aborted ? 'interrupted before it began' : 'the budget was used up before it began';
    outcomes.push({ name, document: null, comparison: null, why, exitCode: job.signal.aborted ? ExitCode.interrupted : ExitCode.ok });
  }
}

interface Failure {
  why: string;
  exitCode: ExitCode;
  /** Nothing of the group can be measured. */
  hopeless: boolean;
}

/** One start of the service. Adds an outcome for each scenario that was measured, the one it crashed in included; null when nothing stands in the way of the rest. */
async function measureOnce(left: readonly ListedScenario[], job: Job, outcomes: ScenarioOutcome[]): Promise<Failure | null> {
  const [{ config }] = left as [ListedScenario, ...ListedScenario[]];
  const together: BenchConfig = {
    ...config,
    scenarios: left.flatMap((one) => one.config.scenarios),
    thresholds: { series: Object.assign({}, ...left.map((one) => one.config.thresholds.series)) },
  };
  let started = false;
  const progress = {
    ...job.progress,
    scenarioStarted: (...told: Parameters<Job['progress']['scenarioStarted']>) => {
      started = true;
      job.progress.scenarioStarted(...told);
    },
  };
  const before = outcomes.length;
  let measured: Measured;
  try {
    measured = await measure({
      ...job,
      config: together,
      progress,
      baselines: left.flatMap(({ baseline }) => baseline?.documents.slice(0, 1) ?? []),
      onScenario: async (document) => void outcomes.push(await outcomeOf(left[outcomes.length - before] as ListedScenario, document, job)),
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    job.print.err(error.message);
    return { why: error.message, exitCode: error.exitCode, hopeless: !started && error.exitCode === ExitCode.service };
  }
  const { crash, interrupted } = measured;
  const last = outcomes.length > before ? outcomes.at(-1) : undefined;
  if (interrupted && last?.document?.partial) last.exitCode = ExitCode.interrupted;
  if (crash === null) return null;
  job.print.err(crash.message);
  if (last !== undefined && last.document?.stop_reason === 'service_crashed') Object.assign(last, { why: crash.message, exitCode: ExitCode.service });
  const budgeted = job.shape !== undefined && (job.shape.maxTotalTokens !== null || job.shape.maxCost !== null);
  return { why: crash.message, exitCode: ExitCode.service, hopeless: budgeted };
}

async function outcomeOf(
  { name, config, baseline }: ListedScenario,
  document: ResultDocument,
  { folder, note, print }: Job,
): Promise<ScenarioOutcome> {
  if (note !== null) document.note = [note, document.note].filter(Boolean).join('; ');
  await writeResult(join(folder, `${scenarioFileName(name)}.json`), document);
  for (const path of await writeScenarioFiles(document, folder)) print.err(`written: ${path}`);
  const comparison = compareWith(baseline, document, config);
  const why = emptiedByBudget(document);
  return { name, document, comparison, why, exitCode: why === null ? exitCodeFor(comparison.verdict, config.failOn) : ExitCode.usage };
}

async function tell(options: RunAllOptions, outcomes: readonly ScenarioOutcome[], exports: Exports | null): Promise<ExitCode> {
  const { folder, print } = options;
  await writeText(join(folder, 'summary.csv'), renderRunAllCsv(outcomes));
  await writeText(join(folder, 'report.md'), renderRunAllMarkdown(outcomes));
  const documents = outcomes.map(({ document }) => document).filter((document) => document !== null);
  if (documents.length > 0) {
    const whole = structuredClone(uniteScenarios(documents));
    const missed = outcomes.filter(({ why }) => why !== null).map(({ name, why }) => `${name}: ${why}`);
    if (missed.length > 0) whole.note = [whole.note, ...missed].filter(Boolean).join('; ');
    const only = documents.length === 1 ? outcomes.find(({ document }) => document !== null)?.comparison : null;
    await writeText(options.html ?? join(folder, 'report.html'), renderHtml(whole, only?.verdict ?? null, only?.baseline ?? null));
    if (options.output !== null) await writeResult(options.output, whole);
    await exports?.finish(whole);
    if (print.json) print.out(`${JSON.stringify(whole, null, 2)}\n`);
  }
  const text = `${renderRunAllText(outcomes, print.color)}Saved to ${folder}\n`;
  if (print.json) print.err(text);
  else if (!print.quiet || outcomes.some(({ exitCode }) => exitCode !== ExitCode.ok)) print.out(text);
  return options.signal.aborted ? ExitCode.interrupted : worstExit(outcomes.map(({ exitCode }) => exitCode));
}
