import type { Better } from '../result/document.ts';
import { toPercent } from './sample.ts';

/** Where a metric has a bad direction: +1 when more is worse, -1 when less is. */
export type Direction = 1 | -1;

/** Null for a metric that is neither better higher nor lower. */
export function directionOf(better: Better): Direction | null {
  return better === 'neither' ? null : better === 'lower' ? 1 : -1;
}

/**
 * A limit in percent of the baseline, as a change on the log scale towards the worse: 10% more of a latency is ln 1.1, 10% less of a throughput is
 * -ln 0.9. Infinite where nothing can be that much worse (a throughput cannot fall by 100%).
 */
export function limitOnLogScale(percent: number, direction: Direction): number {
  if (direction === 1) return Math.log1p(percent / 100);
  return percent < 100 ? -Math.log1p(-percent / 100) : Number.POSITIVE_INFINITY;
}

/** A change towards the worse on the log scale as a raw signed percentage of the baseline's value. */
export function rawPercent(worse: number, direction: Direction): number {
  return toPercent(direction * worse);
}

/** An interval of changes towards the worse, as raw signed percentages in rising order. */
export function rawInterval(low: number, high: number, direction: Direction): [number, number] {
  const [a, b] = [rawPercent(low, direction), rawPercent(high, direction)];
  return a <= b ? [a, b] : [b, a];
}

/** Why a value cannot be put on the log scale, in a reader's words; null where it can. */
export function unfit(value: number): string | null {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return 'infinite';
  if (value === 0) return 'zero';
  return value < 0 ? 'negative' : null;
}
