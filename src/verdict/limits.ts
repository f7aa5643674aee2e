import type { Limits } from '../config/thresholds/limits.ts';
import type { SeriesVerdict } from './verdict.ts';

/** What one rule found; `rule` starts with the word of the limit (`max 500`), which reports rely on. */
export interface Finding {
  verdict: SeriesVerdict;
  rule: string | null;
}

/** Relative tolerance of every comparison with a limit: a value that is the limit but for the rounding of doubles is within it. */
const tolerance = 1e-9;

/** Whether a value lies beyond a limit, by more than the rounding of doubles explains. Exactly on the limit is within it. */
export function isBeyond(value: number, limit: number): boolean {
  return value - limit > tolerance * Math.max(1, Math.abs(limit));
}

/** As `isBeyond` for values in their own unit, where 1 is no natural size: the tolerance is a share of the limit alone. */
function isAbove(value: number, limit: number): boolean {
  return value - limit > tolerance * Math.abs(limit);
}

/**
 * Judges a value against the limits on the value itself, which holds in every mode and without a baseline.
 * @returns the worst that was broken (`max`, `min`: regressed; `warn_max`, `warn_min`: warn), ok when limits held, null when there are none
 */
export function judgeValue(value: number, limits: Limits): Finding | null {
  const { max, min, warn_max, warn_min } = limits;
  if (max !== undefined && isAbove(value, max)) return { verdict: 'regressed', rule: `max ${max}` };
  if (min !== undefined && isAbove(-value, -min)) return { verdict: 'regressed', rule: `min ${min}` };
  if (warn_max !== undefined && isAbove(value, warn_max)) return { verdict: 'warn', rule: `warn_max ${warn_max}` };
  if (warn_min !== undefined && isAbove(-value, -warn_min)) return { verdict: 'warn', rule: `warn_min ${warn_min}` };
  const held =
    max !== undefined
      ? `max ${max}`
      : min !== undefined
        ? `min ${min}`
        : warn_max !== undefined
          ? `warn_max ${warn_max}`
          : warn_min !== undefined
            ? `warn_min ${warn_min}`
            : null;
  return held === null ? null : { verdict: 'ok', rule: held };
}

/** The limit on the value to show in a row: the broken one, else the one on the bad side. */
export function shownLimit(limits: Limits, rule: string | null): number | null {
  const broken = /^(max|min|warn_max|warn_min) /.exec(rule ?? '')?.[1] as 'max' | 'min' | 'warn_max' | 'warn_min' | undefined;
  return (broken ? limits[broken] : undefined) ?? limits.max ?? limits.min ?? limits.warn_max ?? limits.warn_min ?? null;
}
