import { isDeterministic } from '../config/thresholds/limits-for.ts';
import type { Thresholds } from '../config/thresholds/thresholds.ts';
import { median } from '../measure/median.ts';
import type { ResultDocument, Run, Series } from '../result/document.ts';
import { judgeErrorRate } from './error-rate.ts';
import { describeBaselines } from './evaluate.ts';
import { judgeMetric } from './judge-metric.ts';
import { because, defaultAlpha, defaultBeta, errorAnswer, errorCounts, errorLimit, unknown } from './judge-screen.ts';
import { unfit } from './log-scale.ts';
import { wholeOf } from './overall.ts';
import { pairSeries } from './pair-series.ts';
import { mean } from './sample.ts';
import { judgePairs, type PairedJudgement, type PairedMetric, type PairedOutcome } from './sequential.ts';
import { type Answer, answered, limitOf, type Question, rowsAndQuestions } from './statistical-rows.ts';
import { unjudgedNotes } from './unjudged.ts';
import { runValues } from './values.ts';
import { type MetricVerdict, ruleVersion, type Verdict } from './verdict.ts';

/** Limit of a gating metric in a paired comparison where nothing else is stated. */
export const defaultPairedLimitPercent = 5;

export interface PairedOptions {
  /** Pairs of rounds that the budget holds, foreseen from the first (dropped) rounds; the same at every call. */
  maxPairs: number;
  /** The budget is used up: judged for the last time. */
  final: boolean;
  /** In percent; default 5. */
  limitPercent?: number;
  override?: boolean;
  alpha?: number;
  beta?: number;
  /** Whether each side's first run is still in its document and has to be dropped; default true. */
  dropFirst?: boolean;
  /** How long a pair of rounds takes, to say what more time would cost; null where it is not known. */
  secondsPerPair?: number | null;
}

export interface PairedVerdict {
  verdict: Verdict;
  /** `continue`: measure another block of two pairs and judge again. */
  decision: PairedJudgement['decision'];
  /** Pairs that the verdict rests on. */
  pairs: number;
  /** Pairs in all that would probably settle what is inconclusive; null when nothing is, or no sensible number would. */
  pairsToSettle: number | null;
}

/**
 * Judges base and head measured in turn on one machine (mode `paired`), while it is under way or at its end; see docs/verdicts.md. The runs of the two
 * documents are paired in their order (`Run.order`), so that the k-th run of one stands beside the k-th of the other. Asked again after every block,
 * it stops by itself; asking more often changes nothing.
 */
export function judgePaired(base: ResultDocument, head: ResultDocument, thresholds: Thresholds, options: PairedOptions): PairedVerdict {
  const { alpha = defaultAlpha, beta = defaultBeta, limitPercent = defaultPairedLimitPercent, override = false } = options;
  const notes: string[] = [];
  const pairing = pairSeries(head, base);
  if (pairing.note !== null) notes.push(pairing.note);
  const { base: baseRuns, head: headRuns } = roundsOf(base, head, options.dropFirst ?? true);
  const kept = (document: ResultDocument, runs: Run[]): ResultDocument => (runs.length > 0 ? { ...document, runs } : document);
  const items = rowsAndQuestions(kept(head, headRuns), [{ document: kept(base, baseRuns), pairing }], thresholds, { limitPercent, override }, notes);
  const asked = items.flatMap((item) => ('question' in item && item.question.key !== 'error_rate' ? [item.question] : []));
  const paired = asked.map((question) => ({ question, ...pairsOf(question, baseRuns, headRuns) }));
  const gating = paired.filter(({ question, fault }) => question.role === 'gating' && fault === null);
  const aside = paired.filter(({ question, fault }) => question.role !== 'gating' && fault === null);
  const metric = ({ question, logRatios }: (typeof paired)[number]): PairedMetric => ({ logRatios, limit: limitOf(question) });
  const plan = { maxPairs: options.maxPairs, alpha, beta, final: options.final };
  const judged = judgePairs(gating.map(metric), aside.map(metric), plan);
  const answers = new Map<Question, Answer>();
  for (const { question, fault, zeros, baseValues } of paired) {
    const same = zeros ? (baseValues[0] ?? null) : null;
    const change = same === null || same === 0 ? {} : { change: 0 };
    if (fault !== null) answers.set(question, { ...unknown(same, same), ...change, decision: zeros ? 'ok' : 'inconclusive', because: fault });
  }
  for (const [group, outcomes] of [
    [gating, judged.gating],
    [aside, judged.aside],
  ] as const) {
    for (const [index, { question, baseValues, headValues }] of group.entries()) {
      answers.set(
        question,
        answerOf(outcomes[index] as PairedOutcome, geometric(baseValues.slice(0, judged.pairs)), geometric(headValues.slice(0, judged.pairs))),
      );
    }
  }
  const series = items.flatMap((item): MetricVerdict[] => {
    if ('row' in item) return [item.row];
    const { question } = item;
    const found = answers.get(question) ?? answerErrors(question, base, head, alpha, beta);
    return found.because === unmeasured && question.role !== 'gating' ? withoutRounds(question, notes) : [answered(question, found)];
  });
  if (series.length === 0) notes.push('the result holds no metric that could be judged');
  notes.push(...unjudgedNotes(series));
  const open = judged.gating.filter(({ decision }) => decision === 'inconclusive');
  const toSettle =
    open.length === 0 || open.some(({ pairsToSettle }) => pairsToSettle === null) ? null : Math.max(...open.map((one) => one.pairsToSettle ?? 0));
  if (judged.decision === 'inconclusive') notes.push(whatMoreWouldTake(judged.pairs, toSettle, options));
  const described = describeBaselines([base]);
  return {
    verdict: {
      ...wholeOf(series, head, base),
      rule_version: ruleVersion,
      mode: 'paired',
      baseline: described && { ...described, runs: Math.min(judged.pairs, baseRuns.length) },
      alpha,
      beta,
      series,
      notes,
    },
    decision: judged.decision,
    pairs: judged.pairs,
    pairsToSettle: judged.decision === 'inconclusive' ? toSettle : null,
  };
}

/** The rounds of both sides in the order taken. */
export interface Rounds {
  base: Run[];
  head: Run[];
}

/** The rounds of two documents whose k-th runs are pairs. @param dropFirst each side's first run is still there and warmed it up */
export function roundsOf(base: ResultDocument, head: ResultDocument, dropFirst: boolean): Rounds {
  const inOrder = ({ runs }: ResultDocument) => [...runs].sort((a, b) => a.order - b.order).slice(dropFirst ? 1 : 0);
  return { base: inOrder(base), head: inOrder(head) };
}

const unmeasured = 'no round measured it';

interface Pairs {
  logRatios: (number | null)[];
  baseValues: (number | null)[];
  headValues: (number | null)[];
  /** Why the metric cannot be put on the log scale; null where it can. */
  fault: string | null;
  /** The same in every round of both sides, such as zero: nothing has changed. */
  zeros: boolean;
}

/** A metric's pairs: its values on either side and their log ratios, worse positive. */
export function pairsOf({ baselines, series, key, direction }: Question, baseRuns: readonly Run[], headRuns: readonly Run[]): Pairs {
  const baseId = baselines[0]?.series.id ?? series.id;
  const count = Math.min(baseRuns.length, headRuns.length);
  const at = (runs: readonly Run[], id: string) => Array.from({ length: count }, (_, index) => runs[index]?.values[id]?.[key] ?? null);
  const baseValues = at(baseRuns, baseId);
  const headValues = at(headRuns, series.id);
  const all = [...baseValues, ...headValues].filter((value) => value !== null);
  if (all.length === 0) return { logRatios: [], baseValues, headValues, fault: unmeasured, zeros: false };
  if (all.every((value) => value === 0)) return { logRatios: [], baseValues, headValues, fault: 'zero on both sides', zeros: true };
  // A count that no noise moves: a limit of 1% is finer than what an interval of few rounds could tell.
  if (isDeterministic(key) && all.every((value) => value === all[0]))
    return { logRatios: [], baseValues, headValues, fault: 'the same in every round', zeros: true };
  const fault = all.map(unfit).find((found) => found !== null) ?? null;
  const logRatios = baseValues.map((before, index) => {
    const after = headValues[index] ?? null;
    return before === null || after === null ? null : (direction ?? 1) * Math.log(after / before);
  });
  return { logRatios, baseValues, headValues, fault: fault && `a round measured a value that is ${fault}: it has no percentage`, zeros: false };
}

/** A percentile that one round has too few samples for, where all together have enough: nothing is said of it, unless a limit names it. */
function withoutRounds({ series, key, unit, better, limits }: Question, notes: string[]): MetricVerdict[] {
  if (limits === null) notes.push(`${key} of ${series.id} was not compared: ${unmeasured}`);
  const nothing = { baseline: null, current: null, baselineUnit: null, absence: unmeasured };
  return limits === null ? [] : [judgeMetric({ series: series.id, metric: key, unit, better, ...nothing }, limits)];
}

function geometric(values: readonly (number | null)[]): number | null {
  const measured = values.filter((value) => value !== null);
  return measured.length === 0 ? null : Math.exp(mean(measured.map(Math.log)));
}

function answerOf(outcome: PairedOutcome, baseline: number | null, current: number | null): Answer {
  const { decision, estimate, p, level } = outcome;
  const words = estimate === null || p === null ? 'too few pairs of rounds' : because(decision, p, level);
  return {
    decision,
    baseline,
    current,
    change: estimate?.change ?? null,
    noise: estimate?.noise ?? null,
    interval: outcome.interval,
    detectable: outcome.detectable,
    because: words,
  };
}

/** Counted once, at the end: it does not decide when to stop, so that its test is not one of many looks. */
function answerErrors(question: Question, base: ResultDocument, head: ResultDocument, alpha: number, beta: number): Answer {
  const match = question.baselines[0];
  const before = match ? errorCounts(base, match.series) : [];
  const now = errorCounts(head, question.series);
  const pooled = (counts: typeof before) => ({
    errors: counts.reduce((sum, run) => sum + run.errors, 0),
    requests: counts.reduce((sum, run) => sum + run.requests, 0),
  });
  const [all, current] = [pooled(before), pooled(now)];
  const limit = errorLimit(question, (100 * all.errors) / all.requests);
  const rates = { baseline: rateOf(base, match?.series), current: rateOf(head, question.series) };
  return errorAnswer(judgeErrorRate([all], [current], { points: limit.points, alpha, beta }), limit, rates);
}

const rateOf = (document: ResultDocument, series: Series | undefined): number | null =>
  series === undefined ? null : median(runValues(document, series, 'error_rate'));

function whatMoreWouldTake(pairs: number, toSettle: number | null, { secondsPerPair }: PairedOptions): string {
  if (toSettle === null || toSettle <= pairs) {
    return `inconclusive after ${pairs} pair${pairs === 1 ? '' : 's'} of rounds: the change lies too near its limit, or the noise is too large, for more rounds to settle it soon`;
  }
  const more = toSettle - pairs;
  const time = secondsPerPair ? ` (${Math.ceil((more * secondsPerPair) / 60)} min)` : '';
  return `inconclusive after ${pairs} pair${pairs === 1 ? '' : 's'} of rounds: about ${more} more${time} would probably settle it`;
}
