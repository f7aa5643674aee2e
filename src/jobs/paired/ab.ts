import { extname, join } from 'node:path';
import type { BenchConfig } from '../../config/bench-config.ts';
import { ExitCode, UserError } from '../../config/errors.ts';
import { renderHtml } from '../../report/html/html.ts';
import { renderMarkdown } from '../../report/markdown.ts';
import { renderText } from '../../report/text.ts';
import type { ResultDocument } from '../../result/document.ts';
import { addProfiles } from '../../result/profiles.ts';
import { writeResult } from '../../result/write.ts';
import { exitCodeFor } from '../../verdict/overall.ts';
import type { Verdict } from '../../verdict/verdict.ts';
import type { MeasureOptions } from '../measure/options.ts';
import { type OutputFiles, outputFiles } from '../output-files.ts';
import { takeProfiles } from '../profile/profiles.ts';
import { prepareToWrite, writeText } from '../write-text.ts';
import { pairedThresholds } from './limits.ts';
import { measurePaired, type PairedJob, type PairedResult } from './paired.ts';
import { addWorktree, besideWorktree, type Worktree } from './worktree.ts';

export interface PairedOptions {
  head: BenchConfig;
  base: BenchConfig;
  /** The base is this commit, checked out into a folder of its own and started as the head is; null: the base's own target. */
  baseRef: string | null;
  measuring: Omit<MeasureOptions, 'config' | 'logDirectory'>;
  logDirectory: string;
  limitPercent: number | null;
  budgetSeconds: number;
  alternate: boolean;
  wholeRounds: boolean;
  log(line: string): void;
}

export interface AbOptions extends PairedOptions {
  /** Folder for profiles of both sides. */
  profiles: string;
  /** Path of the head's result; what belongs to it is written beside it. Null: nothing is written. */
  output: string | null;
  /** Where an HTML report goes; true: beside the result. */
  html: string | boolean;
  /** Kept in both results. */
  note: string | null;
  format: 'text' | 'markdown' | 'json';
  color: boolean;
  out(text: string): void;
  /** Why there is no verdict, or not all of one: said also where progress is not. */
  err(line: string): void;
}

/** Measures base and head in turn, prints the verdict and writes what was asked for. */
export async function ab(options: AbOptions): Promise<ExitCode> {
  const { head, base, baseRef } = options;
  if (base.embedded && head.embedded)
    throw new UserError('ab: both sides would be the embedded engine as it is; give at least one --baseline-url, --baseline-command or --command');
  const files = filesOf(options);
  for (const path of [files.beside?.result, files.html]) if (path) await prepareToWrite(path);
  const worktree = baseRef === null ? null : await addWorktree(head.root, baseRef);
  let result: PairedResult;
  try {
    result = noted(await pairAndProfile(options, worktree, options.profiles), options.note);
  } finally {
    await worktree?.remove();
  }
  const judged = result.judged && { ...result.judged, verdict: besideWorktree(result.judged.verdict, worktree) };
  await write(files, result, judged?.verdict ?? null);
  if (judged === null) {
    options.err(
      result.crash?.message ?? (result.interrupted ? 'interrupted before a pair of rounds was complete' : 'no pair of rounds was complete'),
    );
    return result.interrupted ? ExitCode.interrupted : result.crash ? ExitCode.service : ExitCode.invalid;
  }
  options.out(render(options, judged.verdict, result.head as ResultDocument, result.base as ResultDocument));
  options.log(`${result.rounds} rounds in ${formatMinutes(result.seconds)}, ${judged.pairs} pairs judged`);
  if (result.crash) options.err(result.crash.message);
  if (result.interrupted) return ExitCode.interrupted;
  return result.crash ? ExitCode.service : exitCodeFor(judged.verdict, head.failOn);
}

/** A fixed port, or a service that runs already on one address, cannot serve both sides at once. */
function mustAlternate({ head, base, baseRef }: PairedOptions): boolean {
  const fixed = (config: BenchConfig) =>
    (config.target.command !== undefined || config.target.image !== undefined) && typeof config.target.port === 'number';
  return fixed(head) && (baseRef !== null || fixed(base)) && head.target.port === base.target.port;
}

/** Measures both sides in turn, and profiles each afterwards where the configuration and the verdict ask for it. The folder of the base must be there still. */
export async function pairAndProfile(options: PairedOptions, worktree: Worktree | null, folder: string): Promise<PairedResult> {
  const job = pairedJob(options, worktree);
  if (options.head.profile.when === 'always') for (const side of [job.base, job.head]) side.options.mustProfile = true;
  const result = await measurePaired(job);
  const { judged, head, crash, interrupted, startSeconds } = result;
  if (judged === null || head === null || crash !== null || interrupted) return result;
  const profiles = await takeProfiles({ head: job.head, base: job.base, folder }, judged.verdict, startSeconds);
  if (profiles !== null) addProfiles(head, profiles);
  return result;
}

/** What a paired measurement is made of: both configurations, and for a base that is a commit the folder it was checked out into. */
export function pairedJob(options: PairedOptions, worktree: Worktree | null): PairedJob {
  const { head, base, measuring, logDirectory } = options;
  const side = (config: BenchConfig, name: string): MeasureOptions => ({ ...measuring, config, logDirectory: join(logDirectory, name) });
  return {
    head: { options: side(head, 'head'), place: {}, sha: null },
    base: { options: side(base, 'base'), place: worktree === null ? {} : { workingDirectory: worktree.directory }, sha: worktree?.sha ?? null },
    thresholds: pairedThresholds(head),
    limitPercent: options.limitPercent,
    budgetSeconds: options.budgetSeconds,
    alternate: options.alternate || mustAlternate(options),
    wholeRounds: options.wholeRounds,
    seed: head.scenarios[0]?.seed ?? 0,
    signal: measuring.signal,
    log: options.log,
  };
}

function render({ format, color }: AbOptions, verdict: Verdict, head: ResultDocument, base: ResultDocument): string {
  if (format === 'json') return `${JSON.stringify(verdict, null, 2)}\n`;
  return format === 'markdown' ? renderMarkdown(verdict, head, base) : renderText(verdict, head, base, { color });
}

interface AbFiles {
  /** Null: none is wanted. */
  beside: (OutputFiles & { base: string }) | null;
  html: string | null;
}

/** @throws UserError (2) for a page that has no place */
function filesOf({ output, html }: Pick<AbOptions, 'output' | 'html'>): AbFiles {
  const named = typeof html === 'string' ? html : null;
  if (output === null) {
    if (html === true) throw new UserError('ab: --html goes beside the result: name a file (--html FILE), or the result by --output');
    return { beside: null, html: named };
  }
  const files = outputFiles(output, named);
  return {
    beside: { ...files, base: `${output.slice(0, output.length - extname(output).length)}.base.json` },
    html: html === false ? null : files.html,
  };
}

async function write({ beside, html }: AbFiles, { head, base }: PairedResult, verdict: Verdict | null): Promise<void> {
  if (head !== null && beside) await writeResult(beside.result, head);
  if (base !== null && beside) await writeResult(beside.base, base);
  if (verdict === null || head === null || base === null) return;
  if (beside) {
    await writeText(beside.verdict, `${JSON.stringify(verdict, null, 2)}\n`);
    await writeText(beside.report, renderMarkdown(verdict, head, base));
  }
  if (html !== null) await writeText(html, renderHtml(head, verdict, base));
}

function noted(result: PairedResult, note: string | null): PairedResult {
  if (note === null) return result;
  const withNote = (document: ResultDocument | null) => document && { ...document, note: [note, document.note].filter(Boolean).join('; ') };
  return { ...result, head: withNote(result.head), base: withNote(result.base) };
}

function formatMinutes(seconds: number): string {
  return seconds < 60 ? `${Math.round(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
