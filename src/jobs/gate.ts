import { join } from 'node:path';
import { readOrder } from '../baseline/order.ts';
import { findPool } from '../baseline/pool.ts';
import { findBaseline } from '../baseline/source.ts';
import { ExitCode } from '../config/errors.ts';
import { scenarioNamesOf } from '../config/scenario.ts';
import { annotate, annotationsFor } from '../publish/annotations.ts';
import { appendSummary } from '../publish/summary.ts';
import { forTerminal } from '../report/escape.ts';
import { headline } from '../report/headline.ts';
import { renderHtml } from '../report/html.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { renderText } from '../report/text.ts';
import { writeResult } from '../result/write.ts';
import { exitCodeFor } from '../verdict/overall.ts';
import type { OverallVerdict } from '../verdict/verdict.ts';
import type { Comparison } from './compare.ts';
import { asToldHere, baselineSource, tellBaseline } from './gate-baseline.ts';
import type { GateOptions } from './gate-options.ts';
import { findPairedBase, pair } from './gate-pair.ts';
import { comment, reportInput, upload } from './gate-publish.ts';
import { judge } from './judge.ts';
import { measure } from './measure.ts';
import { outputFiles } from './output-files.ts';
import { writeComparison } from './run.ts';
import { writeText } from './write-text.ts';

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

  const base = await findPairedBase(options);
  const stored = {
    source: baselineSource(config, options),
    scenarios: scenarioNamesOf(config.scenarios),
    root: config.root,
    repository: options.repository,
    context: options.context,
    order: await readOrder(options.context, config.root, options.repository),
  };
  const found = asToldHere(await findBaseline(stored), options);
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
  const pool = found.found && stored.source.kind !== 'file' ? await findPool({ ...stored, current: document }) : null;
  const { comparison } = await judge({
    mode: measured.interrupted || measured.crash ? 'rules' : config.mode,
    thresholds: config.thresholds,
    document,
    found,
    pool: pool?.members.map((member) => member.document) ?? [],
    poolNotes: pool?.notes ?? [],
    pair: base === null ? null : () => pair(options, base),
    log: (line) => log.info(line),
  });
  const { verdict } = comparison;
  await writeComparison(files, comparison, found);
  if (config.report.html) await writeText(files.html, renderHtml(comparison.current, verdict, comparison.baseline));
  log.info(renderText(verdict, comparison.current, comparison.baseline, { color: false }));

  await upload(options, document.admissible, config.report.html ? Object.values(files) : [files.result, files.report, files.verdict]);
  const input = reportInput(comparison, found, options, elapsedSeconds());
  const summaryWarning = await appendSummary(options.summaryFile, renderMarkdown(verdict, comparison.current, comparison.baseline, input));
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

function nothing(durationSeconds: number): Omit<GateOutcome, 'exitCode' | 'failure'> {
  return { verdict: null, resultPath: null, reportPath: null, commentUrl: null, regressedMetrics: [], baselineSha: null, durationSeconds };
}

function failureOf(exitCode: ExitCode, { verdict, current }: Comparison): string {
  if (exitCode === ExitCode.interrupted) return 'interrupted; what was measured until then is in the report';
  return headline(verdict, current, forTerminal).sentence;
}
