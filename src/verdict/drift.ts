import { type ChangePoint, type ChangePointOptions, changePoints, compareLevels, magnitude, otavaDefaults, pick } from './change-points.ts';

/** A level is no level before so many runs have shown it; fewer may be one slow night. */
export const shortestLevel = 4;

/** Of fewer runs no change of level can be told: each side of it has to last. */
export const fewestRuns = 2 * shortestLevel;

export interface DriftOptions extends ChangePointOptions {
  /** `otava`: what Apache Otava 0.8 reports, exactly. `confirmed`: of those, what also passes `confirmed`'s own tests. */
  method: 'confirmed' | 'otava';
}

export const driftDefaults: DriftOptions = { ...otavaDefaults, method: 'confirmed' };

/** Where the level of a series changes for good. Values must be finite. Pure; the same values give the same points. */
export function drift(values: readonly number[], options: DriftOptions = driftDefaults): ChangePoint[] {
  const points = changePoints(values, options);
  return options.method === 'otava' ? points : confirmed(values, points, options);
}

/**
 * Two tests on top of Otava's, which on one machine's unchanged benchmark raised up to 2.7 alarms in 1,000 runs:
 * 1. Both levels last for at least four runs. One odd night stands as a level of its own between two change points otherwise.
 * 2. The split is held against max p divided by the window's length, over at most one window to either side. It was chosen as the best of about as many
 *    places as a window has values, so that a plain p-value flatters it (Bonferroni), and a split of 4 runs against 700 says nothing of its
 *    neighbourhood.
 * Points that fail are given up, the least sure first, and the levels around them taken anew.
 */
function confirmed(values: readonly number[], points: readonly ChangePoint[], { window, maxP, minMagnitude }: DriftOptions): ChangePoint[] {
  let bounds = points.map(({ index }) => index);
  for (;;) {
    const tested = bounds.map((index, at) => {
      const from = Math.max(bounds[at - 1] ?? 0, index - window);
      const to = Math.min(bounds[at + 1] ?? values.length, index + window);
      const level = compareLevels(values, from, index, to);
      const runs = Math.min(index - from, to - index);
      const large = magnitude(level) > minMagnitude;
      return { point: { index, ...level }, runs, holds: runs >= shortestLevel && level.p <= maxP / window && large };
    });
    const failing = tested.filter(({ holds }) => !holds);
    const worst = pick(failing, (a, b) => {
      const [shortA, shortB] = [Math.min(a.runs, shortestLevel), Math.min(b.runs, shortestLevel)];
      return shortA === shortB ? a.point.p > b.point.p : shortA < shortB;
    });
    if (worst === null) return tested.map(({ point }, at) => ({ ...point, ...wholeLevels(values, bounds, at) }));
    bounds = bounds.filter((index) => index !== worst.point.index);
  }
}

/** What is reported are the levels over their whole length. */
function wholeLevels(values: readonly number[], bounds: readonly number[], at: number): Pick<ChangePoint, 'before' | 'after'> {
  const { before, after } = compareLevels(values, bounds[at - 1] ?? 0, bounds[at] as number, bounds[at + 1] ?? values.length);
  return { before, after };
}
