import { becauseOf, refuseUnfit } from '../baseline/fitness.ts';
import type { Mode } from '../config/bench-config.ts';
import { UserError } from '../config/errors.ts';
import type { Thresholds } from '../config/thresholds/thresholds.ts';
import { differences } from '../result/differences.ts';
import type { Better, ResultDocument } from '../result/document.ts';
import type { ReadOptions } from '../result/import/format.ts';
import { finiteValues, readResult } from '../result/read.ts';
import { withSpikesAgainst } from '../result/spike-rate.ts';
import { writeResult } from '../result/write.ts';
import { judgeByRules, newestFirst } from '../verdict/evaluate.ts';
import { judgeScreen } from '../verdict/judge-screen.ts';
import { chooseForRules } from '../verdict/pool.ts';
import type { Verdict } from '../verdict/verdict.ts';

export interface CompareFilesOptions {
  current: string;
  /** One or more result files; none: the limits alone are judged. */
  baselines: readonly string[];
  /** Known, or to be found for what was measured. */
  thresholds: Thresholds | ((current: ResultDocument) => Promise<Thresholds>);
  mode: Mode;
  /** Which way is good in files of other tools whose units do not tell; null or left out: by the unit. */
  direction?: Better | null;
  /** The baseline was found, not named by the user: one of an unlike scenario is refused. */
  automatic?: boolean;
}

export interface Comparison {
  verdict: Verdict;
  current: ResultDocument;
  /** The newest baseline, for reports; null when there was none. */
  baseline: ResultDocument | null;
  /** Baselines that could not be used, a sentence each. */
  skipped: string[];
}

/**
 * Compares a result file with one or more baseline files. A baseline that cannot be read is skipped and named when others are left.
 * @throws UserError (exit 2) for a current result or an only baseline that cannot be used, and for a mode that files alone cannot serve
 */
export async function compareFiles(options: CompareFilesOptions): Promise<Comparison> {
  refuseMode(options.mode);
  const reading = { direction: options.direction ?? null };
  const current = await readCurrent(options.current, reading);
  const thresholds = typeof options.thresholds === 'function' ? await options.thresholds(current) : options.thresholds;
  const skipped: string[] = [];
  const baselines = await readNamed(options.baselines, (sentence) => skipped.push(sentence), reading);
  return compareResults({ ...options, current, baselines, thresholds, skipped });
}

/**
 * Reads baseline files, newest first. One of several that cannot be read is skipped and told; the rest are used.
 * @throws UserError (exit 2) when none is left
 */
export async function readBaselines(paths: readonly string[], onSkip: (sentence: string) => void): Promise<ResultDocument[]> {
  return newestFirst((await readNamed(paths, onSkip)).map(({ document }) => document));
}

/** The same, each by the name it was called by. @throws UserError (exit 2) when none is left */
export async function readNamed(paths: readonly string[], onSkip: (sentence: string) => void, options?: ReadOptions): Promise<NamedResult[]> {
  const read = await Promise.allSettled(paths.map((path) => readBaseline(path, options)));
  const baselines: NamedResult[] = [];
  const failures: UserError[] = [];
  read.forEach((outcome, index) => {
    if (outcome.status === 'fulfilled') baselines.push({ name: paths[index] as string, document: outcome.value });
    else if (outcome.reason instanceof UserError) failures.push(outcome.reason);
    else throw outcome.reason;
  });
  const [failure] = failures;
  if (failure && baselines.length === 0) throw failures.length === 1 ? failure : new UserError(failures.map((error) => error.message).join('\n'));
  for (const error of failures) onSkip(`a baseline was skipped: ${error.message.replaceAll(/\n\s*/g, ' ')}`);
  return baselines;
}

/** Says what to do next where a file is simply not there yet. */
function hinted(hint: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof UserError && error.hint === null && error.message.includes('does not exist'))
      throw new UserError(error.message, { exitCode: error.exitCode, hint, cause: error });
    throw error;
  };
}

const readCurrent = (path: string, options?: ReadOptions): Promise<ResultDocument> =>
  readResult(path, options).catch(hinted('`llm-bench run` writes one; --current names another.'));
const readBaseline = (path: string, options?: ReadOptions): Promise<ResultDocument> =>
  readResult(path, options).catch(hinted('`llm-bench compare --set-baseline` makes the current result the baseline; --baseline names another.'));

/** A result and what messages call it. */
export interface NamedResult {
  name: string;
  document: ResultDocument;
}

export interface CompareResultsOptions {
  current: ResultDocument;
  baselines: readonly NamedResult[];
  thresholds: Thresholds;
  mode: Mode;
  automatic?: boolean;
  skipped?: readonly string[];
}

/**
 * Compares results already read, by rules or, with a pool of them, by a screen, with every difference between the sides in the verdict's notes.
 * @throws UserError (exit 2) when an automatic baseline is of another scenario and no other is left
 */
export function compareResults(options: CompareResultsOptions): Comparison {
  refuseMode(options.mode);
  const skipped = [...(options.skipped ?? [])];
  const baselines = options.baselines.filter(({ name, document }) => {
    const refused = options.automatic && document.scenario !== options.current.scenario;
    if (refused)
      skipped.push(
        `${name} is no baseline for this result: it measured the scenario ${quoted(document.scenario)}, this is ${quoted(options.current.scenario)}`,
      );
    return !refused;
  });
  if (baselines.length === 0 && options.baselines.length > 0) {
    throw new UserError(skipped.join('\n'), {
      hint: 'Name a baseline of the same scenario, or compare the two files yourself: `llm-bench compare --current FILE --baseline FILE`.',
    });
  }
  const { current, documents, remarks } = withSpikes(
    options.current,
    baselines.map(({ document }) => document),
  );
  const { judged, against, because } = judgeResults(documents, { ...options, current });
  const notes = [
    ...skipped,
    ...because,
    ...currentNotes(current),
    ...baselines.flatMap(baselineNotes),
    ...differenceNotes(baselines, current),
    ...remarks,
    ...judged.notes,
  ];
  return { verdict: { ...judged, notes }, current, baseline: newestFirst(against)[0] ?? null, skipped };
}

const quoted = (text: string): string => (text === '' ? '(not stated)' : JSON.stringify(text));

/** From here on more spikes than the baseline had are worth a word: percent of the requests, and times its own share. */
const worthAWord = { percent: 1, factor: 2 };

/** Both sides with their spikes counted by the spread of an only baseline; a pool is of results that each counted by their own. */
function withSpikes(
  measured: ResultDocument,
  baselines: ResultDocument[],
): { current: ResultDocument; documents: ResultDocument[]; remarks: string[] } {
  const untouched = { current: measured, documents: baselines, remarks: [] };
  const [baseline] = baselines;
  if (baseline === undefined || baselines.length > 1) return untouched;
  try {
    const [current, before] = [withSpikesAgainst(measured, baseline), withSpikesAgainst(baseline, baseline)];
    if (current === measured) return untouched;
    const [now, then] = [current.results.spike_rate_percent ?? 0, before.results.spike_rate_percent ?? 0];
    const more = now >= worthAWord.percent && now > worthAWord.factor * then;
    const said = (percent: number) => `${percent.toFixed(1)} %`;
    const remarks = more ? [`spikes: ${said(now)} of the requests took longer than the baseline's mean + 3 sigma; of its own ${said(then)} did`] : [];
    return { current, documents: [before], remarks };
  } catch (error) {
    // A histogram that cannot be read: everything else can be judged all the same.
    if (error instanceof UserError) return untouched;
    throw error;
  }
}

/** Several baselines are a pool, and so is a table of many runs: screened where they allow it. One says nothing of its noise and is compared by fixed percentages. */
function judgeResults(
  documents: readonly ResultDocument[],
  { mode, current, thresholds }: CompareResultsOptions,
): { judged: Verdict; against: readonly ResultDocument[]; because: string[] } {
  const screened =
    mode === 'screen' || (mode === 'auto' && (documents.length > 1 || documents.some(({ imported }) => (imported?.sessions ?? 1) > 1)))
      ? judgeScreen(documents, current, thresholds, { currentRuns: 'one-machine' })
      : null;
  if (screened && 'verdict' in screened) return { judged: screened.verdict, against: documents, because: [] };
  if (screened && mode === 'screen') {
    throw new UserError(`mode screen: ${screened.refusal}`, {
      hint: 'Give it at least 4 results of the same scenario and kind of machine, or use --mode rules.',
    });
  }
  if (screened === null) return { judged: judgeByRules(documents, current, thresholds), against: documents, because: [] };
  const { documents: against, notes } = chooseForRules(documents, current);
  return { judged: judgeByRules(against, current, thresholds), against, because: [`not screened: ${screened.refusal}`, ...notes] };
}

/** Files say what was measured; measuring both sides in turn takes a service. @throws UserError (exit 2) */
export function refuseMode(mode: Mode): void {
  if (mode !== 'paired') return;
  throw new UserError('mode paired is not available for result files: it takes both sides measured in turn on one machine', {
    hint: 'Use `llm-bench ab` for that, or leave --mode out.',
  });
}

function currentNotes(current: ResultDocument): string[] {
  const partial = current.partial ? [`the current result is partial: it stopped early (${current.stop_reason})`] : [];
  return [...partial, ...(current.imported?.notes ?? [])];
}

function baselineNotes({ name, document }: NamedResult): string[] {
  const notes: string[] = [];
  if (!document.validity.valid) notes.push(`the baseline ${name} is not valid: the client that measured it was the bottleneck`);
  const odd = document.validity.checks.find(({ name: check }) => check === finiteValues);
  if (odd) notes.push(`the baseline ${name}: ${odd.detail}`);
  if (document.partial) notes.push(`the baseline ${name} is partial: it stopped early (${document.stop_reason})`);
  else if (document.validity.valid && !document.admissible) notes.push(`the baseline ${name} is not fit to be one${becauseOf(document)}`);
  return [...notes, ...(document.imported?.notes ?? [])];
}

/** Every difference to every baseline, once; of several baselines each says how many it holds for. */
function differenceNotes(baselines: readonly NamedResult[], current: ResultDocument): string[] {
  const counts = new Map<string, number>();
  for (const { document } of baselines) {
    for (const sentence of differences(document, current)) counts.set(sentence, (counts.get(sentence) ?? 0) + 1);
  }
  return [...counts].map(([sentence, count]) => (baselines.length === 1 ? sentence : `${sentence} (${count} of ${baselines.length} baselines)`));
}

export interface SetBaselineOptions {
  current: string;
  baseline: string;
  /** The commit that is checked out, for a result that names none; null outside a repository. */
  headSha(): Promise<string | null>;
}

/**
 * Copies the current result to the baseline's path, with its commit filled in.
 * @throws UserError: exit 3 for a measurement that is not valid, exit 2 for one that is partial or not fit to be a baseline
 */
export async function setBaseline(options: SetBaselineOptions): Promise<ResultDocument> {
  const current = await readCurrent(options.current);
  refuseUnfit(current, options.current);
  const document = { ...current, git: { ...current.git, sha: current.git.sha ?? (await options.headSha()) } };
  await writeResult(options.baseline, document);
  return document;
}
