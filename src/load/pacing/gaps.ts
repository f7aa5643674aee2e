import { Random } from '../../workload/random.ts';

/** The stream of the seed that schedules are drawn from; prompts use the small numbers. */
const scheduleStream = -1;

/** Gaps between arrivals. */
export type GapKind = { kind: 'exponential' } | { kind: 'gamma'; shape: number };

/**
 * Random arrivals at a mean rate per second, ms from the start, ascending, for ever: the sum of independent gaps. Exponential gaps make a Poisson process;
 * gamma gaps of shape 1 are the same, those of a smaller shape come in bursts, those of a larger one more evenly (coefficient of variation 1/sqrt(shape)).
 * The same seed gives the same doubles.
 */
export function* randomArrivals(rate: number, gaps: GapKind, seed: number): Generator<number, void> {
  const random = new Random(seed, scheduleStream);
  const meanMs = 1000 / rate;
  const shape = gaps.kind === 'gamma' ? gaps.shape : 1;
  let atMs = 0;
  for (;;) {
    atMs += shape === 1 ? meanMs * exponential(random) : (meanMs * gamma(random, shape)) / shape;
    yield atMs;
  }
}

/** Mean 1, by inversion. */
function exponential(random: Random): number {
  return -Math.log1p(-random.uniform());
}

/** Scale 1. Source: Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", ACM TOMS 26 (3), 2000; below shape 1 by its section 6. */
function gamma(random: Random, shape: number): number {
  if (shape < 1) return gamma(random, shape + 1) * (1 - random.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - random.uniform();
    if (u < 1 - 0.0331 * x ** 4 || Math.log(u) < 0.5 * x * x + d * (1 - v + Math.log(v))) return d * v;
  }
}

/** Mean 0, deviation 1. Source: Marsaglia and Bray's polar method, SIAM Review 6 (3), 1964. */
function normal(random: Random): number {
  for (;;) {
    const x = 2 * random.uniform() - 1;
    const y = 2 * random.uniform() - 1;
    const s = x * x + y * y;
    if (s > 0 && s < 1) return x * Math.sqrt((-2 * Math.log(s)) / s);
  }
}
