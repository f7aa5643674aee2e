import { isDeterministic } from '../config/thresholds/limits-for.ts';
import type { Thresholds } from '../config/thresholds/thresholds.ts';
import { median } from '../measure/median.ts';
import { isDistribution, type ResultDocument, type Series } from '../result/document.ts';
import { metricOf, valueAt } from '../result/metric-values.ts';
import { defaultErrorPoints, type ErrorCounts, judgeErrorRate } from './error-rate.ts';
import { describeBaselines, newestFirst, type PairedBaseline } from './evaluate.ts';
import { wholeOf } from './overall.ts';
import { pairSeries } from './pair-series.ts';
import { choosePool } from './pool.ts';
import { decideScreen, poolSize, type ScreenEstimate, screen } from './screen.ts';
import { type Answer, answered, limitOf, type Question, rowsAndQuestions } from './statistical-rows.ts';
import { unjudgedNotes } from './unjudged.ts';
import { runValues } from './values.ts';
import { type MetricVerdict, ruleVersion, type Verdict } from './verdict.ts';

export const defaultAlpha = 0.01;
export const defaultBeta = 0.1;
/** Limit of a gating metric in a screen where thresholds state none. */
export const defaultScreenLimitPercent = 10;

export interface ScreenOptions {
  /** In percent; default 10. */
  limitPercent?: number;
  override?: boolean;
  alpha?: number;
  beta?: number;
  /**
   * Whether the current result's runs vary as runs of the pool do. Runs of one job share their machine, which differs more from others than its runs
   * among themselves: they count as one. Several jobs' runs, or runs that always share one machine with the pool's, are independent.
   */
  currentRuns: 'independent' | 'one-machine';
}

/**
 * Judges a result against a pool of earlier ones (mode `screen`); see docs/verdicts.md.
 * @returns the verdict, or why the pool cannot be used (too few runs, mixed or other cohorts and scenarios)
 */
export function judgeScreen(
  pool: readonly ResultDocument[],
  current: ResultDocument,
  thresholds: Thresholds,
  options: ScreenOptions,
): { verdict: Verdict } | { refusal: string; notes: string[] } {
  const { documents, notes, refusal } = choosePool(newestFirst(pool), current);
  if (refusal !== null) return { refusal, notes };
  const alpha = options.alpha ?? defaultAlpha;
  const beta = options.beta ?? defaultBeta;
  const baselines = documents.map((document): PairedBaseline => ({ document, pairing: pairSeries(current, document) }));
  const limits = { limitPercent: options.limitPercent ?? defaultScreenLimitPercent, override: options.override ?? false };
  const items = rowsAndQuestions(current, baselines, thresholds, limits, notes);
  const questions = items.flatMap((item) => ('question' in item ? [item.question] : []));
  const answers = answer(questions, current, { alpha, beta, oneMachine: options.currentRuns === 'one-machine' }, notes);
  const series = items.map((item): MetricVerdict => ('row' in item ? item.row : answered(item.question, answers.get(item.question) as Answer)));
  if (series.length === 0) notes.push('the result holds no metric that could be judged');
  notes.push(...unjudgedNotes(series));
  for (const note of new Set(baselines.map(({ pairing }) => pairing.note))) if (note !== null) notes.unshift(note);
  const described = describeBaselines(documents);
  return {
    verdict: {
      ...wholeOf(series, current, null),
      rule_version: ruleVersion,
      mode: 'screen',
      baseline: described && { ...described, runs: Math.min(described.runs, poolSize.max) },
      alpha,
      beta,
      series,
      notes,
    },
  };
}

/** Metrics that a remark names, each in a sentence of its own. */
const mostNamed = 3;

interface Method {
  alpha: number;
  beta: number;
  oneMachine: boolean;
}

function answer(questions: readonly Question[], current: ResultDocument, method: Method, notes: string[]): Map<Question, Answer> {
  const answers = new Map<Question, Answer>();
  const estimates = new Map<Question, ScreenEstimate>();
  const remarks = new Map<string, string[]>();
  for (const question of questions) {
    const { series, key } = question;
    const head = runValues(current, series, key);
    const pool = poolValues(question);
    if (key === 'error_rate') {
      answers.set(question, answerErrors(question, current, method));
      continue;
    }
    if ([...head, ...pool].every((value) => value === 0)) {
      answers.set(question, { ...unknown(0, 0), decision: 'ok', because: 'zero on both sides' });
      continue;
    }
    if (isDeterministic(key) && pool.length > 0 && [pool, head].every(isConstant)) {
      answers.set(question, countedAnswer(question, pool[0] as number, head[0] as number));
      continue;
    }
    const screened = screen({ pool, head: method.oneMachine ? oneOf(head) : head, direction: question.direction ?? 1 });
    if ('refusal' in screened) answers.set(question, { ...unknown(median(pool), median(head)), because: screened.refusal });
    else {
      estimates.set(question, screened.estimate);
      for (const remark of screened.estimate.remarks) remarks.set(remark, [...(remarks.get(remark) ?? []), `${key} of ${series.id}`]);
    }
  }
  for (const [remark, metrics] of remarks) {
    const [first, ...others] = metrics;
    if (metrics.length > mostNamed) notes.push(`${first} and ${others.length} more: ${remark}`);
    else notes.push(...metrics.map((metric) => `${metric}: ${remark}`));
  }
  for (const together of [true, false]) {
    const asked = [...estimates].filter(([question]) => (question.role === 'gating') === together);
    // What does not gate is tested each by itself: it takes nothing from the level of what does.
    for (const group of together ? [asked] : asked.map((one) => [one])) {
      const decisions = decideScreen(
        group.map(([question, estimate]) => ({ estimate, limit: limitOf(question) })),
        method.alpha,
        method.beta,
      );
      for (const [index, [question, estimate]] of group.entries()) {
        const found = decisions[index] as (typeof decisions)[number];
        answers.set(question, {
          ...found,
          baseline: estimate.baseline,
          current: estimate.current,
          change: estimate.change,
          noise: estimate.noise,
          because: because(found.decision, found.p, found.level),
        });
      }
    }
  }
  return answers;
}

/** The values of the pool, one per run, oldest first. */
function poolValues({ baselines, key }: Pick<Question, 'baselines' | 'key'>): number[] {
  return [...baselines].reverse().flatMap(({ document, series }) => runValues(document, series, key));
}

const isConstant = (values: readonly number[]): boolean => values.length > 0 && values.every((value) => value > 0 && value === values[0]);

/** A count that no noise moves, the same in every run of the pool: whatever it is now is no chance. */
function countedAnswer(question: Question, baseline: number, current: number): Answer {
  const change = (question.direction ?? 1) * Math.log(current / baseline);
  const limit = limitOf(question);
  const decision = change > limit ? 'regressed' : -change > limit ? 'improved' : 'ok';
  return { ...unknown(baseline, current), change, decision, because: 'the same in every run of the pool' };
}

function oneOf(values: readonly number[]): number[] {
  const usable = median(values);
  return usable === null ? [] : [usable];
}

function answerErrors(
  { baselines, series, key, limits, limitPercent, isDefault }: Question,
  current: ResultDocument,
  { alpha, beta }: Method,
): Answer {
  const base = [...baselines].reverse().flatMap((match) => errorCounts(match.document, match.series));
  const head = errorCounts(current, series);
  const rate = (100 * base.reduce((sum, run) => sum + run.errors, 0)) / base.reduce((sum, run) => sum + run.requests, 0);
  const limit = errorLimit({ limits, limitPercent, isDefault }, rate);
  const rates = { baseline: median(poolValues({ baselines, key })), current: median(runValues(current, series, key)) };
  return errorAnswer(judgeErrorRate(base, head, { points: limit.points, alpha, beta }), limit, rates);
}

/** By how many percentage points an error rate may rise, and whether that was said in percent of the baseline's rate. */
export interface ErrorLimit {
  points: number;
  inPercent: boolean;
}

/** A stated limit on the change of an error rate is a percentage of the baseline's rate, in percent; of none there is no percentage. */
export function errorLimit({ limits, limitPercent, isDefault }: Pick<Question, 'limits' | 'limitPercent' | 'isDefault'>, rate: number): ErrorLimit {
  const inPercent = !isDefault && rate > 0;
  return { inPercent, points: inPercent ? (rate * limitPercent) / 100 : (limits?.max ?? defaultErrorPoints) };
}

/**
 * What a finding on an error rate says in a row; its change is in points, which no percentage expresses.
 * @param rates in percent, for where it is not known of how many requests: a change cannot be told from chance then, but a limit on the rate itself holds
 */
export function errorAnswer(
  finding: ReturnType<typeof judgeErrorRate>,
  { points, inPercent }: ErrorLimit,
  rates: { baseline: number | null; current: number | null },
): Answer {
  const limitPoints = inPercent ? null : points;
  if (finding === null) {
    const decision = rates.current === 0 ? 'ok' : 'inconclusive';
    return { ...unknown(rates.baseline, rates.current), decision, limitPoints, because: 'no requests were counted' };
  }
  const { decision, baseline, current, p, upper } = finding;
  const limit = `limit ${round(points)} points`;
  const words = {
    regressed: `up by ${round(current - baseline)} points, ${limit}; no rise refuted: p ${round(p ?? 0)}`,
    ok: current === 0 ? 'no request failed' : `a rise by ${round(points)} points refuted`,
    improved: `down by ${round(baseline - current)} points`,
    inconclusive: `may be as high as ${round(upper ?? 100)} %, ${limit}`,
  };
  return { ...unknown(baseline, current), limitPoints, decision, because: words[decision] };
}

/**
 * Failed and all requests of each run of a series. A document keeps the counts of its runs together: they are shared out evenly, with each run's own
 * rate where it is known.
 */
export function errorCounts(document: ResultDocument, series: Series): ErrorCounts[] {
  const pooledRate = valueAt(series, 'error_rate');
  if (pooledRate === null) return [];
  const succeeded = successes(series);
  const total = document.results.total_requests;
  const alone = document.series.length === 1 && total > 0;
  // Some tools count the times of failures too, so what they counted in all is surer where it is of this series alone.
  const known = alone ? total : succeeded > 0 && pooledRate < 100 ? succeeded / (1 - pooledRate / 100) : total / Math.max(1, document.series.length);
  const rates = document.runs.map((run) => run.values[series.id]?.['error_rate']).filter((rate) => typeof rate === 'number');
  const each = rates.length > 0 ? rates : [pooledRate];
  const requests = Math.round(known / each.length);
  return requests > 0 ? each.map((rate) => ({ errors: Math.round((requests * rate) / 100), requests })) : [];
}

/** How many requests of a series succeeded: each has a latency. Of results without one, what was counted most often; gaps between tokens and looks at the service are no requests. */
function successes(series: Series): number {
  const latency = metricOf(series, 'latency_s.mean');
  if (latency !== null && isDistribution(latency)) return latency.count;
  const counts = Object.entries(series.metrics).map(([name, metric]) =>
    isDistribution(metric) && name !== 'itl_ms' && !metric.observed ? metric.count : 0,
  );
  return Math.max(0, ...counts);
}

/** The answer where nothing can be told. */
export function unknown(baseline: number | null, current: number | null): Answer {
  return { decision: 'inconclusive', baseline, current, change: null, noise: null, interval: null, detectable: null, because: '' };
}

/** What decided, for the rule of a row. */
export function because(decision: Answer['decision'], p: number, level: number): string {
  if (decision === 'regressed') return `no change refuted: p ${round(p)} at ${round(level)}`;
  if (decision === 'ok') return 'so large a change refuted';
  return decision === 'inconclusive' ? 'neither no change nor so large a change refuted' : '';
}

function round(value: number): string {
  return String(Number(value.toPrecision(2)));
}
