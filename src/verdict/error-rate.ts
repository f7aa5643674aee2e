import { tQuantile, tUpperTail } from './distributions.ts';
import { mean, standardDeviation } from './sample.ts';

/** Failed requests of a run. */
export interface ErrorCounts {
  errors: number;
  requests: number;
}

/** By how many percentage points an error rate may rise where no limit says so. */
export const defaultErrorPoints = 1;

export interface ErrorRateFinding {
  decision: 'regressed' | 'ok' | 'improved' | 'inconclusive';
  /** Error rates in percent. */
  baseline: number;
  current: number;
  /** One-sided p-value of no rise; null where nothing had to be tested. */
  p: number | null;
  /** The highest rate in percent that is not refuted at beta. */
  upper: number | null;
}

/**
 * Judges an error rate, which has zeros and no logarithm. Rates are compared as angles, 2 asin sqrt((e + 3/8) / (n + 3/4)) (Anscombe 1948), whose
 * variance is 1 / (n + 1/2) for independent requests; where runs differ by more than that, their own spread counts.
 * regressed: risen by more than `points`, and no rise is refuted at `alpha`. ok: no failure in the current runs, or a rise by `points` refuted at `beta`.
 */
export function judgeErrorRate(
  base: readonly ErrorCounts[],
  head: readonly ErrorCounts[],
  { points, alpha, beta }: { points: number; alpha: number; beta: number },
): ErrorRateFinding | null {
  const before = pooled(base);
  const now = pooled(head);
  if (before === null || now === null) return null;
  const baseline = (100 * before.errors) / before.requests;
  const current = (100 * now.errors) / now.requests;
  if (now.errors === 0 && before.errors === 0) return { decision: 'ok', baseline, current, p: null, upper: null };
  const angles = base.filter(({ requests }) => requests > 0).map(angleOf);
  const sampling = 1 / (now.requests / head.length + 0.5);
  const variance = Math.max(standardDeviation(angles) ** 2, sampling);
  // Between pools of one run and many, the degrees of freedom of what is known: a binomial variance is known exactly.
  const df = variance > sampling ? angles.length - 1 : 1_000;
  const from = base.length === 1 ? angleOf(before) : mean(angles);
  const baseVariance = base.length === 1 ? 1 / (before.requests + 0.5) : variance / angles.length;
  const standardError = Math.sqrt(variance / head.length + baseVariance);
  const at = angleOf(now);
  const p = tUpperTail((at - from) / standardError, df);
  const upper = 100 * Math.sin(Math.min(Math.PI, at + tQuantile(beta, df) * standardError) / 2) ** 2;
  const rise = current - baseline;
  const decision =
    rise > points + 1e-9 && p <= alpha
      ? 'regressed'
      : -rise > points && 1 - p <= alpha
        ? 'improved'
        : now.errors === 0 || upper - baseline < points
          ? 'ok'
          : 'inconclusive';
  return { decision, baseline, current, p, upper };
}

function pooled(counts: readonly ErrorCounts[]): ErrorCounts | null {
  const requests = counts.reduce((sum, run) => sum + run.requests, 0);
  if (!(requests > 0)) return null;
  return { errors: counts.reduce((sum, run) => sum + run.errors, 0), requests };
}

function angleOf({ errors, requests }: ErrorCounts): number {
  return 2 * Math.asin(Math.sqrt((errors + 0.375) / (requests + 0.75)));
}
