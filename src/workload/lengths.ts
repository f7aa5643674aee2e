import type { LengthDistribution } from '../config/scenario/lengths.ts';
import { Random } from './random.ts';

/** Draws beyond the bounds are drawn again so often; then the nearest bound is taken. */
const mostDraws = 100;

/**
 * The length of an index, in tokens: whole numbers within the bounds, by the distribution. Pure: the same seed, stream and index give the same length.
 * @param stream tells lengths of prompts from lengths of answers
 */
export function lengthDrawer(lengths: LengthDistribution, seed: number, stream: number): (index: number) => number {
  const salted = (seed ^ Math.imul(stream, 0x2545f491)) >>> 0;
  const draw = drawerOf(lengths);
  return (index) => draw(new Random(salted, index + 1));
}

function drawerOf(lengths: LengthDistribution): (random: Random) => number {
  switch (lengths.distribution) {
    case 'fixed':
      return () => lengths.tokens;
    case 'uniform':
      return (random) => lengths.min + random.below(lengths.max - lengths.min + 1);
    case 'normal':
      return bounded(lengths, (random) => lengths.mean + lengths.stddev * standardNormal(random));
    case 'lognormal': {
      // Mean m and standard deviation s of the lengths: the logarithm has variance ln(1 + (s/m)^2) and mean ln m - variance / 2.
      const variance = Math.log1p((lengths.stddev / lengths.mean) ** 2);
      const centre = Math.log(lengths.mean) - variance / 2;
      return bounded(lengths, (random) => Math.exp(centre + Math.sqrt(variance) * standardNormal(random)));
    }
    case 'zipf': {
      const choose = weightedChoice(Float64Array.from({ length: lengths.max - lengths.min + 1 }, (_, rank) => (rank + 1) ** -lengths.exponent));
      return (random) => lengths.min + choose(random.uniform());
    }
    case 'weighted': {
      const { values } = lengths;
      const choose = weightedChoice(Float64Array.from(values, ({ weight }) => weight));
      return (random) => (values[choose(random.uniform())] as { tokens: number }).tokens;
    }
  }
}

/** The distribution cut off at its bounds, by drawing again: what lies within keeps its shape. */
function bounded({ min, max }: { min: number; max?: number | undefined }, draw: (random: Random) => number): (random: Random) => number {
  const most = max ?? Number.MAX_SAFE_INTEGER;
  return (random) => {
    let length = 0;
    for (let tries = 0; tries < mostDraws; tries++) {
      length = Math.round(draw(random));
      if (length >= min && length <= most) return length;
    }
    return Math.min(most, Math.max(min, length));
  };
}

/** Box and Muller, "A note on the generation of random normal deviates", 1958. */
function standardNormal(random: Random): number {
  // 1 - u is never zero.
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}

/** Positions by their weights, for a number in [0, 1): by halving, in the sums so far. */
function weightedChoice(weights: Float64Array): (uniform: number) => number {
  const sums = new Float64Array(weights.length);
  let total = 0;
  for (const [index, weight] of weights.entries()) {
    total += weight;
    sums[index] = total;
  }
  return (uniform) => {
    const wanted = uniform * total;
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
