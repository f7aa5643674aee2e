import { tQuantile, tUpperTail } from './distributions.ts';

/** What the data say of one metric's change. Log scale, worse is positive. */
export interface Estimate {
  change: number;
  /** Standard error of `change`, the spread of whatever it is compared with included. */
  standardError: number;
  df: number;
  /** Standard deviation of one run (screen) or of one pair of rounds (paired). */
  noise: number;
}

export interface Levels {
  /** One-sided level at which "no change at all" is refuted; 0 refutes nothing. */
  alpha: number;
  /** One-sided level at which "a change as large as the limit" is refuted. */
  beta: number;
}

export type Decision = 'regressed' | 'ok' | 'improved' | 'inconclusive';

/** p-values of the three hypotheses that a verdict can refute. */
export interface Evidence {
  /** That there is no change, or one for the better. */
  noChange: number;
  /** That there is no change, or one for the worse. */
  noImprovement: number;
  /** That the change is as large as the limit, or larger. */
  beyondLimit: number;
}

/** p-values of an estimated change on Student's t; limit and change on the same scale, worse is positive. */
export function evidenceOf({ change, standardError, df }: Estimate, limit: number): Evidence {
  const tail = (distance: number): number => (distance === Number.POSITIVE_INFINITY ? 0 : tUpperTail(distance / standardError, df));
  return { noChange: tail(change), noImprovement: tail(-change), beyondLimit: tail(limit - change) };
}

/** Relative to the size of a change: what lies on the limit but for the rounding of doubles is within it. */
const tolerance = 1e-9;

/**
 * The decision rule (rule_version 1), of hypotheses already tested:
 * regressed when the change is beyond the limit and no change at all is refuted; improved is the same with the sides exchanged; ok when a change as
 * large as the limit is refuted; else inconclusive.
 */
export function decide(change: number, limit: number, refuted: { noChange: boolean; noImprovement: boolean; beyondLimit: boolean }): Decision {
  if (refuted.noChange && change > limit + tolerance) return 'regressed';
  if (refuted.noImprovement && -change > limit + tolerance) return 'improved';
  return refuted.beyondLimit ? 'ok' : 'inconclusive';
}

/** The two-sided interval at `alpha` on either side: it excludes zero exactly when no change is refuted. Null where nothing can be refuted. */
export function interval({ change, standardError, df }: Estimate, alpha: number): [number, number] | null {
  if (!(alpha > 0)) return null;
  const half = tQuantile(alpha, df) * standardError;
  return [change - half, change + half];
}

/**
 * The smallest true change that would have been told from none nine times in ten (beta = 10%): the test's critical distance and the distance that the
 * estimate falls short of by chance (Cohen 1988). Null where nothing can be refuted.
 */
export function detectable({ standardError, df }: Estimate, { alpha, beta }: Levels): number | null {
  return alpha > 0 ? (tQuantile(alpha, df) + tQuantile(beta, df)) * standardError : null;
}
