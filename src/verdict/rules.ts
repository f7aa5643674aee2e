import type { Limits } from '../config/thresholds/limits.ts';
import type { Better } from '../result/document.ts';
import { type Finding, isBeyond } from './limits.ts';

/** The change of a value in percent of the baseline; null from zero, from or to a negative value, or where it cannot be expressed. */
export function changePercent(baseline: number, current: number): number | null {
  if (!(baseline > 0) || current < 0) return null;
  const percent = (100 * (current - baseline)) / baseline;
  return Number.isFinite(percent) ? percent : null;
}

/** Why there is no percentage, in a reader's words. */
export function whyNoPercent(baseline: number, current: number): string {
  if (baseline < 0) return 'no percentage of a baseline below 0';
  if (current < 0) return 'no percentage of a value below 0';
  return baseline === 0 ? 'no percentage of a baseline of 0' : 'the change is too large for a percentage';
}

/** The limit on the change that a row shows: the strictest that applies to a regression, else the one on any change. */
export function shownLimitPercent(limits: Limits): number | null {
  return limits.max_regression_percent ?? limits.warn_regression_percent ?? limits.warn_change_percent ?? null;
}

/**
 * Judges a change by fixed percentages (mode `rules`), the first that applies:
 * 1. `max_regression_percent`: the value is worse than the baseline by more than this share of the baseline: regressed.
 * 2. `warn_regression_percent`: the same, warn.
 * 3. `warn_change_percent`: changed by more than this either way, warn; the rule says `better` or `worse` (`up` or `down` where neither is).
 * 4. improved: it would have been 1 (without such a limit: 2) with the two sides exchanged. So an improvement and the regression that undoes it are
 *    judged alike: 100 -> 130 ms is beyond 20%, and so is 130 -> 100 ms, though that is only -23%.
 * Exactly on a limit is within it. The noise is not known to these rules. A baseline of zero or below has no percentage, nor has a value below zero: a
 * change to the worse there, or to anything below zero, is a warning where a limit on it exists, and the rule says why.
 * @returns null where no limit on the change applies
 */
export function judgeChange(baseline: number, current: number, better: Better, limits: Limits): Finding | null {
  if (shownLimitPercent(limits) === null) return null;
  const change = changePercent(baseline, current);
  if (change === null) return judgeWithoutPercent(baseline, current, better, limits);
  const { max_regression_percent: fail, warn_regression_percent: warn, warn_change_percent: either } = limits;
  const worse = worsePercent(change, better);
  if (fail !== undefined && isBeyond(worse, fail)) return { verdict: 'regressed', rule: `max_regression_percent ${fail}` };
  if (warn !== undefined && isBeyond(worse, warn)) return { verdict: 'warn', rule: `warn_regression_percent ${warn}` };
  if (either !== undefined && isBeyond(Math.abs(change), either)) {
    return { verdict: 'warn', rule: `warn_change_percent ${either} (${direction(change, better)})` };
  }
  const limit = fail ?? warn;
  if (limit === undefined) return { verdict: 'ok', rule: `warn_change_percent ${either}` };
  const name = fail === undefined ? 'warn_regression_percent' : 'max_regression_percent';
  const exchanged = changePercent(current, baseline);
  const improved = exchanged === null ? current <= 0 && better === 'lower' : isBeyond(worsePercent(exchanged, better), limit);
  return improved ? { verdict: 'improved', rule: `${name} ${limit} (better)` } : { verdict: 'ok', rule: `${name} ${limit}` };
}

/** A change with the worse direction positive; what is neither better nor worse never regresses. */
function worsePercent(change: number, better: Better): number {
  if (better === 'neither') return Number.NEGATIVE_INFINITY;
  return better === 'lower' ? change : -change;
}

function direction(change: number, better: Better): string {
  if (better === 'neither') return change > 0 ? 'up' : 'down';
  return change < 0 === (better === 'lower') ? 'better' : 'worse';
}

function judgeWithoutPercent(baseline: number, current: number, better: Better, limits: Limits): Finding {
  const word =
    limits.max_regression_percent !== undefined
      ? 'max_regression_percent'
      : limits.warn_regression_percent !== undefined
        ? 'warn_regression_percent'
        : 'warn_change_percent';
  const way = current === baseline ? 'unchanged' : direction(current - baseline, better);
  const regressionOnly = limits.warn_change_percent === undefined;
  // What fell below zero is no improvement: nobody knows what it is.
  const warns = way !== 'unchanged' && (way === 'worse' || !regressionOnly || current < 0);
  return { verdict: warns ? 'warn' : 'ok', rule: `${word} ${limits[word]} (${way}): ${whyNoPercent(baseline, current)}` };
}
