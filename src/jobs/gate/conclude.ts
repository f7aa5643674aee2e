import { join } from 'node:path';
import { ExitCode } from '../../config/errors.ts';
import { type Acceptance, recordAcceptance } from '../../github/accept.ts';
import { annotate, annotationsFor } from '../../publish/annotations.ts';
import { appendSummary } from '../../publish/summary.ts';
import { forTerminal } from '../../report/escape.ts';
import { headline } from '../../report/headline.ts';
import { renderHtml } from '../../report/html/html.ts';
import { renderMarkdown } from '../../report/markdown.ts';
import { renderText } from '../../report/text.ts';
import type { ResultDocument } from '../../result/document.ts';
import { profileMembers } from '../../result/profiles.ts';
import { writeResult } from '../../result/write.ts';
import { exitCodeFor } from '../../verdict/overall.ts';
import type { OverallVerdict, Verdict } from '../../verdict/verdict.ts';
import type { Comparison } from '../compare.ts';
import { trendOf } from '../history.ts';
import { type OutputFiles, outputFiles } from '../output-files.ts';
import type { PairedResult } from '../paired/paired.ts';
import { writeComparison } from '../run.ts';
import { writeText } from '../write-text.ts';
import { accept } from './acceptance.ts';
import { type Compared, cohortRemark } from './baseline.ts';
import { judge } from './judge.ts';
import type { ConcludeOptions } from './options.ts';
import { addPartProfiles, type PartProfiles } from './profiles.ts';
import { comment, profilePaths, reportInput, store } from './publish.ts';
import { tellScheduled } from './scheduled-alert.ts';

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

/** A result to be judged, and what it is held against. */
export interface Subject extends Compared {
  document: ResultDocument;
  acceptance: Acceptance;
  /** Measures base and head in turn, or brings what was measured so before; null where there is neither. */
  pair: (() => Promise<PairedResult>) | null;
  /** The comparison, where it was made already. */
  comparison?: Comparison;
  /** The measurement did not come to its end: judged by fixed percentages, and no comment after an interruption. */
  ended: 'completed' | 'crashed' | 'interrupted';
  /** Takes profiles of what was measured, where the verdict asks for it; left out: nothing can be started here any more. */
  profile?: (verdict: Verdict) => Promise<PartProfiles>;
  /** Keep the result: as a baseline where it may be one, else as a report. */
  keep: boolean;
  repeat: string | null;
  /** What must not be overlooked, a sentence each. */
  remarks?: readonly string[];
  elapsedSeconds(): number;
}

/** Judges, writes and keeps everything, comments and annotates. What cannot be published is a warning; what was measured is never lost. */
export async function conclude(options: ConcludeOptions, subject: Subject): Promise<GateOutcome> {
  const { config, log, context } = options;
  const { found, pool, order, acceptance } = subject;
  const document = recordAcceptance(subject.document, acceptance);
  document.git = { sha: context.headSha ?? document.git.sha, ref: context.ref ?? document.git.ref, base_sha: found.found ? found.sha : null };
  const files = outputFiles(join(options.outputDirectory, 'result.json'));
  await writeResult(files.result, document);
  const { comparison: judged, paired } = subject.comparison
    ? { comparison: { ...subject.comparison, current: document }, paired: null }
    : await judge({
        mode: subject.ended === 'completed' ? config.mode : 'rules',
        thresholds: config.thresholds,
        document,
        found,
        pool: pool?.members.map((member) => member.document) ?? [],
        poolNotes: pool?.notes ?? [],
        order,
        pair: subject.pair,
        log: (line) => log.info(line),
      });
  const { comparison, sentence } = accept(judged, acceptance, config);
  const { verdict, current, baseline } = comparison;
  await profileInto(document, subject, comparison);
  await writeResult(files.result, document);
  await writeComparison(files, comparison, found);
  if (config.report.html) await writeText(files.html, renderHtml(current, verdict, baseline));
  log.info(renderText(verdict, current, baseline, { color: false }));
  if (sentence !== null) log.info(sentence);

  if (subject.keep)
    await store(options, document, [
      ...reportFiles(files, config.report.html),
      ...(await writePair(options, paired)),
      ...(profileMembers.some((member) => current[member] !== undefined) ? await profilePaths(options) : []),
    ]);
  const remark = verdict.mode === 'paired' ? null : cohortRemark(baseline, current);
  const told = {
    found,
    elapsedSeconds: subject.elapsedSeconds(),
    history: trendOf(pool, verdict, current),
    acceptance: sentence,
    remarks: [...(subject.remarks ?? []), ...(remark === null ? [] : [remark])],
    repeat: subject.repeat,
  };
  const input = reportInput(comparison, told, options);
  const summaryWarning = await appendSummary(options.summaryFile, renderMarkdown(verdict, current, baseline, input));
  if (summaryWarning) log.warning(summaryWarning);
  const commentUrl = subject.ended === 'interrupted' ? null : await comment(options, input, comparison);
  await tellScheduled(options, comparison, renderMarkdown(verdict, current, baseline, input));
  await annotate(annotationsFor(verdict, current));

  const exitCode = exitCodeOf(subject, comparison, options);
  return {
    exitCode,
    failure: exitCode === ExitCode.ok ? null : failureOf(exitCode, comparison),
    verdict: verdict.verdict,
    resultPath: files.result,
    reportPath: files.report,
    commentUrl,
    regressedMetrics: verdict.series.filter((row) => row.verdict === 'regressed').map((row) => `${row.series} ${row.metric}`),
    baselineSha: found.found ? found.sha : null,
    durationSeconds: subject.elapsedSeconds(),
  };
}

/** Profiles are in the result that is kept and in the one that is told of, which a paired measurement has apart. */
async function profileInto(document: ResultDocument, { profile, ended }: Subject, { verdict, current }: Comparison): Promise<void> {
  if (current !== document) for (const member of profileMembers) if (current[member] !== undefined) document[member] = current[member];
  if (profile === undefined || ended !== 'completed' || verdict.mode === 'paired') return;
  const profiles = await profile(verdict);
  addPartProfiles(current, profiles);
  if (current !== document) addPartProfiles(document, profiles);
}

function exitCodeOf({ ended }: Subject, { verdict }: Comparison, { config }: ConcludeOptions): ExitCode {
  if (ended === 'interrupted') return ExitCode.interrupted;
  return ended === 'crashed' ? ExitCode.service : exitCodeFor(verdict, config.failOn);
}

function failureOf(exitCode: ExitCode, { verdict, current }: Comparison): string {
  if (exitCode === ExitCode.interrupted) return 'interrupted; what was measured until then is in the report';
  return headline(verdict, current, forTerminal).sentence;
}

const reportFiles = ({ result, report, verdict, html }: OutputFiles, withHtml: boolean): string[] =>
  withHtml ? [result, report, verdict, html] : [result, report, verdict];

/** The rounds of both sides beside the result, so that they can be judged again; the paths. */
async function writePair({ outputDirectory }: ConcludeOptions, paired: PairedResult | null): Promise<string[]> {
  if (!paired?.head || !paired.base || paired.judged === null) return [];
  const [head, base] = [join(outputDirectory, 'result.head.json'), join(outputDirectory, 'result.base.json')];
  await writeResult(head, paired.head);
  await writeResult(base, paired.base);
  return [head, base];
}
