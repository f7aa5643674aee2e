import { normalQuantile, normalUpperTail } from './distributions.ts';

/**
 * How much of the error rate may be used up after a share of the planned rounds: `share ** power` of it (Kim & DeMets 1987). Power 1 spends evenly and
 * decides large changes early (Pocock-like), 3 saves nearly all for the end (O'Brien-Fleming-like).
 */
export function spent(level: number, share: number, power: number): number {
  return level * Math.min(1, Math.max(0, share)) ** power;
}

/** Of a density: so many points at least, and as many as keep them this close together, in deviations of the step that follows; Simpson's rule is then right to 1e-4. */
const fewestPoints = 161;
const widestSpacing = 0.75;
/** Beyond so many deviations of the sum nothing is looked at. */
const outermost = 8.5;

/**
 * The nominal one-sided level of each look of a sequential test whose whole error is `level`: the significance-level form of Lan & DeMets (1983), with
 * looks at the given numbers of observations, `shares` of the plan. The recursion over looks is that of Armitage, McPherson & Rowe (1969), on a
 * grid with Simpson's rule. A p-value of a t-test is compared with them as if it were a z-test's (Jennison & Turnbull 2000, chapter 3.8).
 * @param looks increasing numbers of observations
 * @param shares of the plan that each look stands for, rising to at most 1; nothing is left to spend after 1
 */
export function nominalLevels(looks: readonly number[], shares: readonly number[], level: number, power: number): number[] {
  const key = `${looks.join(',')}/${shares.join(',')}/${level}/${power}`;
  const known = cache.get(key);
  if (known) return known;
  const levels = compute(looks, shares, level, power);
  if (cache.size > 1_000) cache.clear();
  cache.set(key, levels);
  return levels;
}
const cache = new Map<string, number[]>();

function compute(looks: readonly number[], shares: readonly number[], level: number, power: number): number[] {
  const levels: number[] = [];
  // The density of the sum of standard normal steps over the paths that have not crossed yet, on a grid; the sum after n observations has variance n.
  let grid: number[] = [];
  let density: number[] = [];
  let before = 0;
  let used = 0;
  for (const [look, n] of looks.entries()) {
    const budget = Math.max(0, spent(level, shares[look] ?? 1, power) - used);
    used += budget;
    const step = Math.sqrt(n - before);
    const tailBeyond = (bound: number) =>
      before === 0 ? normalUpperTail(bound / step) : integrate(grid, (x, i) => (density[i] as number) * normalUpperTail((bound - x) / step));
    const bound = budget > 1e-15 ? findBound(tailBeyond, budget, Math.sqrt(n)) : Number.POSITIVE_INFINITY;
    levels.push(bound === Number.POSITIVE_INFINITY ? 0 : normalUpperTail(bound / Math.sqrt(n)));
    const after = looks[look + 1];
    if (after === undefined) break;
    const low = -outermost * Math.sqrt(n);
    const high = Math.min(bound, -low);
    const next = spread(low, high, (high - low) / (widestSpacing * Math.sqrt(after - n)));
    const nextDensity = next.map((y) =>
      before === 0 ? bell(y / step) / step : integrate(grid, (x, i) => ((density[i] as number) * bell((y - x) / step)) / step),
    );
    grid = next;
    density = nextDensity;
    before = n;
  }
  return levels;
}

function findBound(tailBeyond: (bound: number) => number, budget: number, sd: number): number {
  let low = 0;
  let high = 12 * sd;
  if (tailBeyond(low) <= budget) low = sd * Math.min(0, normalQuantile(Math.min(0.999, budget)) - 1);
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (tailBeyond(middle) > budget) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** An odd number of points, as Simpson's rule has it. */
function spread(low: number, high: number, intervals: number): number[] {
  const points = Math.max(fewestPoints, 2 * Math.ceil(intervals / 2) + 1);
  return Array.from({ length: points }, (_, index) => low + ((high - low) * index) / (points - 1));
}

function bell(z: number): number {
  return Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
}

function integrate(grid: readonly number[], value: (x: number, index: number) => number): number {
  const width = ((grid.at(-1) as number) - (grid[0] as number)) / (grid.length - 1);
  let sum = 0;
  for (let i = 0; i < grid.length; i++) {
    const weight = i === 0 || i === grid.length - 1 ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * value(grid[i] as number, i);
  }
  return (sum * width) / 3;
}
