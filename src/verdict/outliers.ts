import { tQuantile } from './distributions.ts';
import { mean, standardDeviation } from './sample.ts';

/** The level of one test for an outlier: low, since a second kind of machine is no outlier but noise that the verdict must know. */
const level = 1e-4;

/**
 * Parts a pool from its gross outliers, at most one in ten of its runs: a broken night among twenty would otherwise hide regressions of its size for
 * twenty runs. Generalised extreme studentised deviates (Rosner 1983) on values that are near normal but for the outliers, so on the log scale.
 * Scales that resist more (MAD, Shamos, winsorised) were tried and left: on machines of two kinds they miss the rarer kind and call it a regression.
 */
export function partOutliers(values: readonly number[]): { kept: number[]; outliers: number[] } {
  let kept = [...values];
  let removed: number[] = [];
  let candidate = { kept, outliers: removed };
  for (let count = Math.floor(values.length / 10); count > 0; count--) {
    const center = mean(kept);
    const sd = standardDeviation(kept);
    if (!(sd > 0)) break;
    const n = kept.length;
    const farthest = kept.reduce((best, value, index) => (Math.abs(value - center) > Math.abs((kept[best] as number) - center) ? index : best), 0);
    const deviate = Math.abs((kept[farthest] as number) - center) / sd;
    removed = [...removed, kept[farthest] as number];
    kept = kept.filter((_, index) => index !== farthest);
    if (deviate > criticalDeviate(n)) candidate = { kept, outliers: removed };
  }
  return candidate;
}

function criticalDeviate(n: number): number {
  const t = tQuantile(level / (2 * n), n - 2);
  return ((n - 1) * t) / Math.sqrt((n - 2 + t * t) * n);
}
