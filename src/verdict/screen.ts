import { type Decision, decide, detectable, type Estimate, evidenceOf, interval } from './decide.ts';
import { holm } from './holm.ts';
import { type Direction, unfit } from './log-scale.ts';
import { partOutliers } from './outliers.ts';
import { mean } from './sample.ts';
import { poolScale } from './scale.ts';

/** Fewest runs that a pool may have, and most that it uses. */
export const poolSize = { min: 4, max: 20 } as const;

/**
 * A single metric is tested as if there were two. The interval is a normal theory's, and the tails of real machines are heavier: at a nominal 1%, a
 * t prediction interval over 20 fresh machines alarmed in 1.4% of comparisons of one memory benchmark (docs/verdicts.md); at 0.5%, in 0.7%.
 */
export const smallestFamily = 2;

export interface ScreenInput {
  /** The pool's values in the metric's unit, one per run, oldest first; the last 20 are used. */
  pool: readonly number[];
  /** The values to judge, one per run; their mean on the log scale is judged. */
  head: readonly number[];
  direction: Direction;
}

export interface ScreenEstimate extends Estimate {
  /** Geometric mean of the pool, in the metric's unit. */
  baseline: number;
  current: number;
  runs: number;
  /** Values of the pool that were left out, in the metric's unit. */
  outliers: number[];
  /** What the reader should know of the values, a phrase each. */
  remarks: string[];
}

export type Screened = { estimate: ScreenEstimate } | { refusal: string };

/**
 * Where a new run lies against a pool of runs: the t prediction interval for one new value (or the mean of m), on the log scale. Standard error
 * s * sqrt(1/m + 1/K), s shrunk towards a prior (`scalePrior`), gross outliers of the pool left out (`partOutliers`).
 * Assumes that runs are exchangeable (each on its own machine, or all on one) and near normal on the log scale.
 * @returns a refusal in a reader's words for values that have no logarithm or a pool of fewer than four runs
 */
export function screen({ pool, head, direction }: ScreenInput): Screened {
  const remarks: string[] = [];
  const faults = new Map<string, number>();
  const usable = pool.filter((value) => {
    const fault = unfit(value);
    if (fault !== null) faults.set(fault, (faults.get(fault) ?? 0) + 1);
    return fault === null;
  });
  for (const [fault, count] of faults) remarks.push(`${count} of ${pool.length} pool values left out: ${fault}`);
  if (head.length === 0) return { refusal: 'not measured' };
  for (const value of head) {
    const fault = unfit(value);
    if (fault !== null) return { refusal: `the value is ${fault}: it has no percentage` };
  }
  const last = usable.slice(-poolSize.max);
  if (last.length < poolSize.min) {
    const why = faults.size > 0 ? ` (${remarks.join('; ')})` : '';
    return { refusal: `a pool of ${last.length} run${last.length === 1 ? '' : 's'} is too small: at least ${poolSize.min} are needed${why}` };
  }
  const logs = last.map(Math.log);
  const { kept, outliers } = partOutliers(logs);
  const { center, sd, df } = poolScale(kept);
  if (outliers.length > 0) remarks.push(`${outliers.length} outlier${outliers.length === 1 ? '' : 's'} of the pool left out`);
  if (kept.length > 1 && kept.every((value) => value === kept[0])) remarks.push('the pool never varied: its noise is an assumption');
  const at = mean(head.map(Math.log));
  return {
    estimate: {
      change: direction * (at - center),
      standardError: sd * Math.sqrt(1 / head.length + 1 / kept.length),
      df,
      noise: sd,
      baseline: Math.exp(center),
      current: Math.exp(at),
      runs: kept.length,
      outliers: outliers.map(Math.exp),
      remarks,
    },
  };
}

export interface ScreenDecision {
  decision: Decision;
  interval: [number, number] | null;
  detectable: number | null;
  /** The p-value of no change, and the level at which it was tested. */
  p: number;
  level: number;
}

/**
 * Decides the metrics of one comparison together: Holm over all of them for "no change at all", each by itself for "as large as the limit".
 * @param metrics each with its limit on the log scale
 */
export function decideScreen(metrics: readonly { estimate: Estimate; limit: number }[], alpha: number, beta: number): ScreenDecision[] {
  const evidence = metrics.map(({ estimate, limit }) => evidenceOf(estimate, limit));
  const family = Math.max(smallestFamily, metrics.length);
  const worse = holm(
    evidence.map(({ noChange }) => noChange),
    alpha,
    family,
  );
  const better = holm(
    evidence.map(({ noImprovement }) => noImprovement),
    alpha,
    family,
  );
  return metrics.map(({ estimate, limit }, index) => {
    const { noChange, beyondLimit } = evidence[index] as (typeof evidence)[number];
    const level = worse.levels[index] as number;
    return {
      decision: decide(estimate.change, limit, {
        noChange: worse.rejected[index] === true,
        noImprovement: better.rejected[index] === true,
        beyondLimit: beyondLimit <= beta,
      }),
      interval: interval(estimate, level),
      detectable: detectable(estimate, { alpha: level, beta }),
      p: noChange,
      level,
    };
  });
}
