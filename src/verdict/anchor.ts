import { ratio, ratioBounds, Sample } from 'pragmastat';
import { type Decision, decide } from './decide.ts';
import { tQuantile } from './distributions.ts';
import { type Direction, limitOnLogScale, rawInterval, rawPercent, unfit } from './log-scale.ts';
import { mean, standardDeviation } from './sample.ts';
import { shrunken } from './scale.ts';

/** How many of the newest runs make the present level. */
export const newestRuns = 10;

export interface AnchorOptions {
  direction: Direction;
  /** How far the level may move from the anchor, in percent. */
  limitPercent: number;
  alpha: number;
  beta: number;
}

export interface AnchorFinding {
  decision: Decision;
  /** Raw signed change of the level since the anchor, and its two-sided interval at alpha. */
  changePercent: number;
  intervalPercent: [number, number];
}

/**
 * The present level against a pinned anchor. Each comparison with last night's runs passes a step of 1%; twenty such steps are 22%, and only a base
 * that stays where it was pinned shows them.
 *
 * Two-sample Hodges-Lehmann ratio and its exact distribution-free bounds (pragmastat) where both sides have the runs for them (five each at 1%);
 * with fewer, Student's t on logarithms with a spread shrunk towards `scalePrior`. Assumes that runs of a side are exchangeable.
 * @param anchor values of the pinned runs
 * @param values values of the series, oldest first; its newest ten are the present level
 * @returns a refusal in a reader's words for values without a logarithm, or when either side has none
 */
export function compareWithAnchor(
  anchor: readonly number[],
  values: readonly number[],
  { direction, limitPercent, alpha, beta }: AnchorOptions,
): AnchorFinding | { refusal: string } {
  const newest = values.slice(-newestRuns);
  if (anchor.length === 0 || newest.length === 0) return { refusal: anchor.length === 0 ? 'the anchor has no value' : 'not measured' };
  for (const [name, side] of [
    ['the anchor', anchor],
    ['the series', newest],
  ] as const) {
    const fault = side.map(unfit).find((found) => found !== null);
    if (fault) return { refusal: `${name} holds a value that is ${fault}: it has no percentage` };
  }
  const limit = limitOnLogScale(limitPercent, direction);
  const change = direction * Math.log(ratio(Sample.of([...newest]), Sample.of([...anchor])).value);
  const outer = bounds(anchor, newest, alpha, direction);
  const inner = bounds(anchor, newest, beta, direction);
  return {
    decision: decide(change, limit, { noChange: outer[0] > 0, noImprovement: outer[1] < 0, beyondLimit: inner[1] < limit }),
    changePercent: rawPercent(change, direction),
    intervalPercent: rawInterval(...outer, direction),
  };
}

/** Bounds of the change towards the worse, each missed with probability `tail`. */
function bounds(anchor: readonly number[], newest: readonly number[], tail: number, direction: Direction): [number, number] {
  const exact = 2 * tail >= smallestMisrate(anchor.length, newest.length);
  const [low, high] = exact ? byRanks(anchor, newest, tail) : byStudent(anchor, newest, tail);
  return direction === 1 ? [low, high] : [-high, -low];
}

function byRanks(anchor: readonly number[], newest: readonly number[], tail: number): [number, number] {
  const { lower, upper } = ratioBounds(Sample.of([...newest]), Sample.of([...anchor]), 2 * tail);
  return [Math.log(lower), Math.log(upper)];
}

function byStudent(anchor: readonly number[], newest: readonly number[], tail: number): [number, number] {
  const [before, after] = [anchor.map(Math.log), newest.map(Math.log)];
  const own = before.length + after.length - 2;
  const squares = (side: readonly number[]) => (side.length - 1) * standardDeviation(side) ** 2;
  const { sd, df } = shrunken(own > 0 ? Math.sqrt((squares(before) + squares(after)) / own) : 0, own);
  const half = tQuantile(tail, df) * sd * Math.sqrt(1 / before.length + 1 / after.length);
  const change = mean(after) - mean(before);
  return [change - half, change + half];
}

/** Two over the number of ways to choose which values are the anchor's: the smallest two-sided p that ranks can give. */
function smallestMisrate(a: number, b: number): number {
  let ways = 1;
  for (let i = 1; i <= a; i++) ways = (ways * (b + i)) / i;
  return 2 / ways;
}
