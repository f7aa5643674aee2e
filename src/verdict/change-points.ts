import { tUpperTail } from './distributions.ts';
import { bestSplit } from './e-divisive.ts';

export interface ChangePointOptions {
  /** Values in a window; the next begins half a window on, or at the last change found. */
  window: number;
  /** Change points with a larger p-value are given up. */
  maxP: number;
  /** Change points whose level changes by less than this share (of the smaller level) are given up. */
  minMagnitude: number;
}

/** Otava 0.8's defaults. */
export const otavaDefaults: ChangePointOptions = { window: 50, maxP: 0.001, minMagnitude: 0.05 };

export interface ChangePoint {
  /** The first value of the new level, from 0. */
  index: number;
  /** Mean of the level before, back to the change point before it, and of the level after, up to the next. */
  before: number;
  after: number;
  p: number;
}

/**
 * Change points of a series by the method of Hunter (Fleming, Kołaczkowski et al. 2023), as Apache Otava 0.8 has it: E-divisive in overlapping windows
 * with Student's t-test instead of permutations, at a relaxed p; then the weakest points are given up one by one, and their neighbours' levels taken
 * anew, until all are significant and large enough. Values must be finite.
 */
export function changePoints(values: readonly number[], options: ChangePointOptions): ChangePoint[] {
  const { maxP, minMagnitude } = options;
  let points = weakPoints(values, options);
  for (;;) {
    const leastSure = pick(points, (a, b) => a.p > b.p);
    if (leastSure === null) return points;
    let weakest = leastSure;
    if (leastSure.p < maxP) {
      weakest = pick(points, (a, b) => magnitude(a) < magnitude(b)) as ChangePoint;
      if (magnitude(weakest) > minMagnitude) return points;
    }
    points = withoutPoint(values, points, points.indexOf(weakest));
  }
}

/** The largest relative change between both levels, either way; zero where a level is zero. */
export function magnitude({ before, after }: Pick<ChangePoint, 'before' | 'after'>): number {
  const relative = (a: number, b: number) => (a === 0 ? 0 : Math.abs(b / a - 1));
  return Math.max(relative(before, after), relative(after, before));
}

/** The first of which none is more extreme. */
export function pick<T>(items: readonly T[], beats: (a: T, b: T) => boolean): T | null {
  return items.reduce<T | null>((best, item) => (best === null || beats(item, best) ? item : best), null);
}

/** Both neighbours' levels have grown. Otava takes only the one behind and the one after that anew, and so does this: its results are pinned. */
function withoutPoint(values: readonly number[], points: readonly ChangePoint[], removed: number): ChangePoint[] {
  const left = points.filter((_, index) => index !== removed);
  const bounds = left.map(({ index }) => index);
  return left.map((point, index) => (index === removed || index === removed + 1 ? measured(values, bounds, index) : point));
}

/** Points that are significant at a relaxed level in some window, with their levels in the whole series. */
function weakPoints(values: readonly number[], { window, maxP }: ChangePointOptions): ChangePoint[] {
  const relaxed = maxP < 0.05 ? 10 * maxP : maxP < 0.5 ? 2 * maxP : maxP;
  const step = Math.floor(window / 2);
  const found = new Set<number>();
  let start = 0;
  while (start < values.length) {
    const inWindow = windowPoints(values, start, Math.min(start + window, values.length), relaxed);
    for (const index of inWindow) found.add(index);
    start = Math.max(inWindow.at(-1) ?? 0, start + step);
  }
  const bounds = [...found].sort((a, b) => a - b);
  return bounds.map((_, index) => measured(values, bounds, index));
}

/** Splits a window again and again where it is most unlike itself, as long as the best split of all is significant. */
function windowPoints(values: readonly number[], start: number, end: number, maxP: number): number[] {
  const bounds = [start, end];
  const best = new Map<string, ReturnType<typeof bestSplit>>();
  for (;;) {
    const candidates = bounds.slice(1).flatMap((to, index) => {
      const from = bounds[index] as number;
      const key = `${from}-${to}`;
      if (!best.has(key)) best.set(key, bestSplit(values, from, to));
      const candidate = best.get(key);
      return candidate ? [{ ...candidate, from, to }] : [];
    });
    const strongest = pick(candidates, (a, b) => a.unlikeness > b.unlikeness);
    if (strongest === null) break;
    const { p } = compareLevels(values, strongest.from, strongest.index, strongest.to);
    if (!(p <= maxP)) break;
    bounds.push(strongest.index);
    bounds.sort((a, b) => a - b);
  }
  return bounds.slice(1, -1);
}

function measured(values: readonly number[], bounds: readonly number[], at: number): ChangePoint {
  const index = bounds[at] as number;
  return { index, ...compareLevels(values, bounds[at - 1] ?? 0, index, bounds[at + 1] ?? values.length) };
}

/**
 * The levels on both sides of a split, and the two-sided p of Student's t-test with pooled variance. As in Otava, each side's variance is divided by
 * its count, not by one less: small sides look a little surer than they are. p is 1 for two values, which cannot show a spread.
 */
export function compareLevels(values: readonly number[], from: number, split: number, to: number): Omit<ChangePoint, 'index'> {
  const left = moments(values, from, split);
  const right = moments(values, split, to);
  const df = left.count + right.count - 2;
  const levels = { before: left.mean, after: right.mean };
  if (df <= 0) return { ...levels, p: 1 };
  const pooled = ((left.count - 1) * left.variance + (right.count - 1) * right.variance) / df;
  const standardError = Math.sqrt(pooled * (1 / left.count + 1 / right.count));
  const difference = Math.abs(left.mean - right.mean);
  if (standardError === 0) return { ...levels, p: difference === 0 ? 1 : 0 };
  return { ...levels, p: Math.min(1, 2 * tUpperTail(difference / standardError, df)) };
}

function moments(values: readonly number[], from: number, to: number): { count: number; mean: number; variance: number } {
  const count = to - from;
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i] as number;
  const mean = sum / count;
  let squares = 0;
  for (let i = from; i < to; i++) squares += ((values[i] as number) - mean) ** 2;
  return { count, mean, variance: squares / count };
}
