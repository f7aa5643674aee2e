import { basename, dirname, join } from 'node:path';
import { type BaselineFound, findBaseline } from '../baseline/source.ts';
import type { BaselineSource, BenchConfig } from '../config/bench-config.ts';
import { ExitCode } from '../config/errors.ts';
import type { Repository } from '../github/client.ts';
import type { EventContext } from '../github/context.ts';
import { annotate, annotationsFor } from '../publish/annotations.ts';
import { isBaselineEvent, uploadResult } from '../publish/artifact.ts';
import { publishComment } from '../publish/comment.ts';
import { appendSummary } from '../publish/summary.ts';
import { renderComment } from '../report/comment.ts';
import { forTerminal } from '../report/escape.ts';
import { headline } from '../report/headline.ts';
import { renderHtml } from '../report/html.ts';
import type { ReportInput } from '../report/input.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { renderText } from '../report/text.ts';
import { writeResult } from '../result/write.ts';
import { exitCodeFor } from '../verdict/overall.ts';
import type { OverallVerdict } from '../verdict/verdict.ts';
import type { Comparison } from './compare.ts';
import { type MeasureOptions, measure } from './measure.ts';
import { outputFiles } from './output-files.ts';
import { compareWith, writeComparison } from './run.ts';
import { writeText } from './write-text.ts';

export interface GateOptions extends Pick<MeasureOptions, 'config' | 'entry' | 'env' | 'signal' | 'progress' | 'logDirectory' | 'onState'> {
  context: EventContext;
  /** Null without a token: no automatic baseline, no comment. */
  repository: Repository | null;
  commentKey: string;
  /** What the result is uploaded as on the default branch, and looked for under. */
  artifactName: string;
  /** Folder that the result, the report and the verdict are written to. */
  outputDirectory: string;
  /** Where the job summary goes; null outside a workflow. */
  summaryFile: string | null;
  log: { info(text: string): void; warning(text: string): void };
}

/** What the step reports; the names of the action's outputs in camel case. */
export interface GateOutcome {
  exitCode: ExitCode;
  /** One line on why the check failed; null when it did not. */
  failure: string | null;
  verdict: OverallVerdict | null;
  resultPath: string | null;
  reportPath: string | null;
  commentUrl: string | null;
  regressedMetrics: string[];
  baselineSha: string | null;
  durationSeconds: number;
}

/**
 * The action: finds the baseline, measures, compares, writes and uploads everything, comments, and only then says whether the check fails.
 * What cannot be published is a warning; what was measured is never lost.
 */
export async function gate(options: GateOptions): Promise<GateOutcome> {
  const startedMs = performance.now();
  const { config, log } = options;
  for (const warning of config.warnings) log.warning(warning.message);
  if (config.embedded) log.warning('No target was named: the embedded engine is measured. Give the action a command, a base-url or a target.');

  const found = await findBaseline({
    source: baselineSource(config, options),
    scenarios: config.scenarios.map(({ name }) => name),
    root: config.root,
    repository: options.repository,
    context: options.context,
  });
  tellBaseline(found, log);
  const measured = await measure({ ...options, runs: 1, transport: 'auto', freshConnections: false });
  const elapsedSeconds = () => (performance.now() - startedMs) / 1000;
  if (measured.document === null) {
    const failure = measured.crash?.message ?? 'interrupted before anything was measured';
    return { ...nothing(elapsedSeconds()), exitCode: measured.interrupted ? ExitCode.interrupted : ExitCode.service, failure };
  }

  const document = measured.document;
  document.git = {
    sha: options.context.headSha ?? document.git.sha,
    ref: options.context.ref ?? document.git.ref,
    base_sha: found.found ? found.sha : null,
  };
  const files = outputFiles(join(options.outputDirectory, 'result.json'));
  await writeResult(files.result, document);
  const comparison = compareWith(found, document, config);
  const { verdict } = comparison;
  await writeComparison(files, comparison, found);
  if (config.report.html) await writeText(files.html, renderHtml(document, verdict, comparison.baseline));
  log.info(renderText(verdict, document, comparison.baseline, { color: false }));

  await upload(options, document.admissible, config.report.html ? Object.values(files) : [files.result, files.report, files.verdict]);
  const input = reportInput(comparison, found, options, elapsedSeconds());
  const summaryWarning = await appendSummary(options.summaryFile, renderMarkdown(verdict, document, comparison.baseline, input));
  if (summaryWarning) log.warning(summaryWarning);
  const commentUrl = measured.interrupted ? null : await comment(options, input, comparison);
  await annotate(annotationsFor(verdict, document));

  const exitCode = measured.interrupted ? ExitCode.interrupted : measured.crash ? ExitCode.service : exitCodeFor(verdict, config.failOn);
  return {
    exitCode,
    failure: exitCode === ExitCode.ok ? null : (measured.crash?.message ?? failureOf(exitCode, comparison)),
    verdict: verdict.verdict,
    resultPath: files.result,
    reportPath: files.report,
    commentUrl,
    regressedMetrics: verdict.series.filter((row) => row.verdict === 'regressed').map((row) => `${row.series} ${row.metric}`),
    baselineSha: found.found ? found.sha : null,
    durationSeconds: elapsedSeconds(),
  };
}

/** The job's own artifact, unless the configuration names another source. */
function baselineSource(config: BenchConfig, options: GateOptions): BaselineSource {
  const { baseline, origins } = config;
  if (baseline.kind !== 'artifact' || (origins['baseline.artifact'] ?? 'default') !== 'default') return baseline;
  return { ...baseline, artifact: options.artifactName };
}

function tellBaseline(found: BaselineFound, log: GateOptions['log']): void {
  for (const line of found.skipped) log.info(`baseline passed over: ${line}`);
  if (found.found) log.info(`baseline: ${found.description}`);
  else if (found.warning) log.warning(found.reason);
  else log.info(found.reason);
}

function nothing(durationSeconds: number): Omit<GateOutcome, 'exitCode' | 'failure'> {
  return { verdict: null, resultPath: null, reportPath: null, commentUrl: null, regressedMetrics: [], baselineSha: null, durationSeconds };
}

/** On the default branch the result becomes the next baseline, if it is fit to be one; elsewhere it is kept under another name, to be looked at. */
async function upload(options: GateOptions, admissible: boolean, paths: string[]): Promise<void> {
  const { context, config, log } = options;
  if (options.env['ACTIONS_RUNTIME_TOKEN'] === undefined) {
    log.info('The result was not uploaded: this is no workflow run with an artifact service.');
    return;
  }
  const branch = config.baseline.kind === 'artifact' ? config.baseline.branch : null;
  const isBaseline = isBaselineEvent(context, branch) && config.baseline.kind === 'artifact';
  if (isBaseline && !admissible)
    log.warning('The result is not fit to be a baseline (not valid, partial, or too many errors): it is uploaded as a report only.');
  const asBaseline = isBaseline && admissible;
  const name = asBaseline ? options.artifactName : `${options.artifactName}-report`;
  // A baseline holds the result alone: what reads it expects one entry.
  const outcome = await uploadResult({
    name,
    files: asBaseline ? paths.slice(0, 1) : paths,
    rootDirectory: dirname(paths[0] as string),
    retentionDays: null,
  });
  if ('warning' in outcome) log.warning(outcome.warning);
  else log.info(`uploaded ${asBaseline ? basename(paths[0] as string) : `${paths.length} files`} as artifact ${outcome.name}`);
}

function reportInput(comparison: Comparison, found: BaselineFound, { context }: GateOptions, elapsedSeconds: number): ReportInput {
  const { verdict, current, baseline } = comparison;
  return {
    verdict,
    current,
    baseline,
    headSha: context.headSha,
    elapsedSeconds,
    noBaseline: found.found ? null : found.reason,
    names: { current: context.pullRequest === null ? 'this run' : 'this PR', baseline: context.defaultBranch ?? 'baseline' },
    runUrl: context.runId === null ? null : `${context.serverUrl}/${context.owner}/${context.repo}/actions/runs/${context.runId}`,
  };
}

async function comment(options: GateOptions, input: ReportInput, { verdict }: Comparison): Promise<string | null> {
  const { context, repository, config, log, commentKey } = options;
  const about = context.event === 'pull_request' || context.event === 'pull_request_target' ? context.pullRequest : null;
  if (about === null || context.headSha === null || config.report.comment === 'never') return null;
  if (repository === null) {
    log.warning('No comment was posted: the github-token input is empty.');
    return null;
  }
  const published = await publishComment({
    repository,
    pullNumber: about,
    key: commentKey,
    body: renderComment({ ...input, key: commentKey }),
    headSha: context.headSha,
    when: config.report.comment,
    verdict: verdict.verdict,
    origin: context.fork ? 'fork' : context.dependabot ? 'dependabot' : null,
  });
  if (published.warning) log.warning(published.warning);
  return published.url;
}

function failureOf(exitCode: ExitCode, { verdict, current }: Comparison): string {
  if (exitCode === ExitCode.interrupted) return 'interrupted; what was measured until then is in the report';
  return headline(verdict, current, forTerminal).sentence;
}
