import { join, resolve } from 'node:path';
import type { CommitOrder } from '../baseline/order.ts';
import type { BaselineFound } from '../baseline/source.ts';
import type { BenchConfig } from '../config/bench-config.ts';
import { ExitCode } from '../config/errors.ts';
import { scenarioNamesOf } from '../config/scenario/scenario.ts';
import { renderHtml } from '../report/html/html.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { modelLines } from '../report/model-lines.ts';
import { renderProfiles, renderSummary, renderText } from '../report/text.ts';
import type { ResultDocument } from '../result/document.ts';
import { addProfiles } from '../result/profiles.ts';
import { formatResult, writeResult } from '../result/write.ts';
import { exitCodeFor } from '../verdict/overall.ts';
import { type Comparison, compareResults, refuseMode } from './compare.ts';
import { type RunDashboardOptions, type WatchedRun, watchRun } from './dashboard/run-dashboard.ts';
import { earlierResults } from './earlier.ts';
import { type ExportOptions, type Exports, openExports } from './exports.ts';
import { nearestAndPool } from './gate/baseline.ts';
import { judge } from './gate/judge.ts';
import { emptiedByBudget } from './measure/budgets.ts';
import { type Measured, type MeasureOptions, measure } from './measure/measure.ts';
import { readTool } from './measure/provenance.ts';
import { acquireRunLock } from './measure/run-lock.ts';
import { baselineWarnings } from './missing-baseline.ts';
import { type OutputFiles, outputFiles } from './output-files.ts';
import { takeProfiles } from './profile/profiles.ts';
import { openRequestLog } from './request-log.ts';
import { writeScenarioFiles } from './scenario-files.ts';
import { prepareToWrite, writeText } from './write-text.ts';

export interface RunOptions extends Omit<MeasureOptions, 'onRecord' | 'onMonitor'> {
  /** Path of the result document. */
  output: string;
  /** Write an HTML report; a path, or true for one beside the result. */
  html: string | boolean;
  logRequests: string | null;
  /** Folder for what a scenario writes beside the result; null or left out: `results/` of the configuration's folder. */
  outputFolder?: string | null;
  note: string | null;
  /** Folder for profiles, relative to the configuration's; left out: reports. */
  profiles?: string;
  /** Left out: nowhere but in the result document. */
  exports?: ExportOptions;
  /** What to compare with, found before anything is started; null: judge the limits alone. */
  baseline: BaselineFound | null;
  /** The checked-out commit and its history, by which results of a store are chosen; null where there is none. */
  order: CommitOrder | null;
  /** Serve a page with live figures while it runs. */
  dashboard?: RunDashboardOptions;
  print: { color: boolean; json: boolean; quiet: boolean; out(text: string): void; err(text: string): void };
}

/**
 * Measures, writes the result, prints the summary and, with baselines, the comparison. Limits on the values themselves are judged either way.
 * Whatever was measured is written before anything fails.
 */
export async function run(options: RunOptions): Promise<ExitCode> {
  const { print, config } = options;
  for (const warning of config.warnings) print.err(`warning: ${warning.message}`);
  if (config.embedded)
    print.err('No target was named: serving the embedded engine. Name one with --base-url, --command, --target or llm-bench.yaml.');
  if (options.baseline !== null) refuseMode(config.mode);
  for (const sentence of baselineWarnings(options.baseline, config)) print.err(`warning: ${sentence}`);
  const files = outputFiles(options.output, typeof options.html === 'string' ? options.html : null);
  await prepareToWrite(files.result);
  if (options.html !== false) await prepareToWrite(files.html);
  if (options.baseline !== null) for (const path of [files.report, files.verdict]) await prepareToWrite(path);
  const exports = await exportsOf(options);
  try {
    return await runAndTell(options, files, exports);
  } finally {
    for (const failure of (await exports?.close()) ?? []) print.err(`warning: ${failure}`);
  }
}

/** Opens what the figures go to beside the result. @throws UserError (2) */
export async function exportsOf({ exports, entry, env, print }: Pick<RunOptions, 'exports' | 'entry' | 'env' | 'print'>): Promise<Exports | null> {
  if (exports === undefined) return null;
  const { version } = await readTool(entry.packageRoot);
  return openExports(exports, { env, version, say: print.err });
}

async function runAndTell(options: RunOptions, files: OutputFiles, exports: Exports | null): Promise<ExitCode> {
  const { print, config } = options;
  const log = options.logRequests === null ? null : await openRequestLog(options.logRequests);
  const lock = await acquireRunLock();
  if (lock.other)
    print.err(
      `warning: another llm-bench run is going on this machine (process ${lock.other.pid}, in ${lock.other.cwd}): both will measure each other.`,
    );
  let measured: Measured;
  let watched: WatchedRun | null = null;
  try {
    let hooks: Pick<MeasureOptions, 'progress' | 'onRecord' | 'onMonitor' | 'onControl'> = {
      progress: options.progress,
      ...(log ? { onRecord: log.write } : {}),
    };
    hooks = exports?.listen(hooks) ?? hooks;
    if (options.dashboard) {
      watched = await watchRun({ ...options, ...hooks }, options.dashboard, {
        output: files.result,
        baseline: firstOf(options.baseline),
        warn: (sentence) => print.err(`warning: ${sentence}`),
      });
      print.err(`dashboard: ${watched.live.link}`);
    }
    const baselines = options.baseline?.documents ?? [];
    measured = await measure({
      ...options,
      baselines: baselines.slice(0, 1),
      mustProfile: config.profile.when === 'always',
      otherRun: lock.other !== null,
      ...hooks,
      ...watched?.options,
    });
  } finally {
    await watched?.close();
    const incomplete = await log?.close();
    if (incomplete) print.err(`warning: ${incomplete}`);
    await lock.release();
  }
  const { document } = measured;
  if (document === null) return endWithout(measured, print);
  const notes = [options.note, document.note].filter((note) => note);
  if (notes.length > 0) document.note = notes.join('; ');

  await writeOrPrint(files.result, document, print);
  await exports?.finish(document);
  for (const path of await writeScenarioFiles(document, options.outputFolder ?? join(config.root, 'results'))) print.err(`written: ${path}`);
  const emptied = emptiedByBudget(document);
  if (emptied !== null) print.err(emptied);
  else if (document.results.total_requests === 0 && measured.crash === null && !measured.interrupted)
    print.err(`warning: no request was measured (stopped: ${document.stop_reason}), so nothing is judged`);
  const comparison = await compared(options, document);
  if (measured.crash === null && !measured.interrupted) await addProfilesOf(options, measured, comparison, files.result);
  if (options.html !== false)
    await writeText(files.html, renderHtml(document, comparison.verdict, comparison.baseline, await earlierResults(files.result, document)));
  if (options.baseline !== null) await writeComparison(files, comparison, options.baseline);
  show(options, comparison, files.result);
  for (const line of modelLines(document)) (print.json ? print.err : print.out)(print.json ? line : `${line}\n`);
  if (measured.crash) print.err(measured.crash.message);
  return emptied === null ? exitCode(measured, comparison.verdict, config) : ExitCode.usage;
}

/** A disk that filled up meanwhile must not cost what was measured: then it is at least printed. @throws UserError (2) */
async function writeOrPrint(path: string, document: ResultDocument, { json, color, out }: RunOptions['print']): Promise<void> {
  try {
    await writeResult(path, document);
  } catch (error) {
    out(json ? formatResult(document) : renderSummary(document, { color, savedTo: null }));
    throw error;
  }
}

/** Where the configuration and the verdict ask for it: profiles of the service, in a window of their own, into the result. */
async function addProfilesOf(options: RunOptions, measured: Measured, { verdict, current }: Comparison, path: string): Promise<void> {
  const folder = resolve(options.config.root, options.profiles ?? 'reports');
  const profiles = await takeProfiles({ head: { options, place: {} }, base: null, folder }, verdict, measured.startSeconds);
  if (profiles === null) return;
  addProfiles(current, profiles);
  await writeResult(path, current);
}

/** The baseline that live figures are held against. */
function firstOf(found: BaselineFound | null): { name: string; document: ResultDocument } | null {
  const [document] = found?.documents ?? [];
  return document === undefined ? null : { name: found?.found ? found.description : 'baseline', document };
}

function endWithout(measured: Measured, print: RunOptions['print']): ExitCode {
  if (measured.crash) {
    print.err(measured.crash.message);
    return ExitCode.service;
  }
  print.err('interrupted before anything was measured');
  return ExitCode.interrupted;
}

/** A store holds a pool and knows of commits, as in a workflow; files that are named are compared with as they stand. */
async function compared({ baseline, order, config }: RunOptions, document: ResultDocument): Promise<Comparison> {
  const { kind } = config.baseline;
  if (!baseline?.found || (kind !== 'folder' && kind !== 'git_branch')) return compareWith(baseline, document, config);
  const asked = { source: config.baseline, scenarios: scenarioNamesOf(config.scenarios), root: config.root, repository: null, context: null, order };
  const { found, pool } = await nearestAndPool(asked, baseline, document);
  const members = pool.members.map((member) => member.document);
  const { mode, thresholds } = config;
  const { comparison } = await judge({ mode, thresholds, document, found, pool: members, poolNotes: pool.notes, order, pair: null, log: () => {} });
  return comparison;
}

/** Judges a result against what was found as its baseline; with nothing found, the limits alone. */
export function compareWith(found: BaselineFound | null, current: ResultDocument, config: Pick<BenchConfig, 'thresholds' | 'mode'>): Comparison {
  const baselines = (found?.documents ?? []).map((document) => ({ name: found?.found ? found.description : 'baseline', document }));
  // With nothing to compare with, a mode that the file keeps for another place has nothing to say.
  const mode = baselines.length === 0 ? 'rules' : config.mode;
  return compareResults({ current, baselines, thresholds: config.thresholds, mode });
}

/** The report and the verdict as data, beside the result. */
export async function writeComparison(files: OutputFiles, { verdict, current, baseline }: Comparison, found: BaselineFound): Promise<void> {
  await writeText(files.report, renderMarkdown(verdict, current, baseline, found.found ? {} : { noBaseline: found.reason }));
  await writeText(files.verdict, `${JSON.stringify(verdict, null, 2)}\n`);
}

function show({ print, baseline }: RunOptions, comparison: Comparison, savedTo: string): void {
  const { verdict, current } = comparison;
  const bad = verdict.verdict === 'regressed' || verdict.verdict === 'invalid';
  if (print.json) print.out(`${JSON.stringify(current, null, 2)}\n`);
  else if (!print.quiet) print.out(renderSummary(current, { color: print.color, savedTo, hints: verdict.verdict !== 'regressed' }));
  if (baseline !== null && !baseline.found) print.err(baseline.reason);
  if (!bad && (baseline === null || print.quiet)) {
    if (!print.json && !print.quiet) print.out(renderProfiles(current, { color: print.color }));
    return;
  }
  const text = renderText(verdict, current, comparison.baseline, { color: print.color });
  if (print.json) print.err(text);
  else print.out(print.quiet ? text : `\n${text}`);
}

/** An interruption and a crash say more than what was measured until then; a measurement that is not valid more than its comparison. */
function exitCode(measured: Measured, verdict: Comparison['verdict'], config: BenchConfig): ExitCode {
  if (measured.interrupted) return ExitCode.interrupted;
  if (measured.crash) return ExitCode.service;
  return exitCodeFor(verdict, config.failOn);
}
