import { evidenceOf } from '../../src/verdict/decide.ts';
import { holm } from '../../src/verdict/holm.ts';
import { estimatePairs } from '../../src/verdict/paired.ts';
import { judgePairs } from '../../src/verdict/sequential.ts';
import type { EmbeddedNoise } from './data.ts';
import { type Line, share } from './lines.ts';
import { normal, seeded } from './random.ts';

const [alpha, beta] = [0.01, 0.1];

/** Log ratios of unchanged pairs, metric by metric, for so many pairs. */
export type Noise = (pairs: number, random: () => number) => number[][];

/** Blocks of pairs as they were measured, all metrics of a block together; either engine may stand for the head, so that the sign is drawn. */
export function measuredNoise({ log_ratios }: EmbeddedNoise, metrics: readonly string[]): Noise {
  const series = metrics.map((name) => log_ratios[name] as number[]);
  const blocks = Math.floor((series[0] as number[]).length / 2);
  return (pairs, random) => {
    const drawn: number[][] = metrics.map(() => []);
    for (let pair = 0; pair < pairs; pair += 2) {
      const block = Math.floor(random() * blocks);
      const sign = random() < 0.5 ? -1 : 1;
      for (const [index, values] of series.entries()) {
        for (const at of [2 * block, 2 * block + 1]) (drawn[index] as number[]).push(sign * (values[at] as number));
      }
    }
    return drawn.map((values) => values.slice(0, pairs));
  };
}

export const normalNoise =
  (sd: number): Noise =>
  (pairs, random) => [Array.from({ length: pairs }, () => sd * normal(random))];

/** Student's t with three degrees of freedom: outliers of ten times the usual size are no surprise. */
export const heavyNoise =
  (scale: number): Noise =>
  (pairs, random) => [
    Array.from({ length: pairs }, () => {
      const squares = normal(random) ** 2 + normal(random) ** 2 + normal(random) ** 2;
      return (scale * normal(random)) / Math.sqrt(squares / 3);
    }),
  ];

/** Each pair carries half of the deviation of the one before. */
export const laggedNoise =
  (sd: number, lag: number): Noise =>
  (pairs, random) => {
    let last = 0;
    const values = Array.from({ length: pairs }, () => {
      last = lag * last + sd * Math.sqrt(1 - lag * lag) * normal(random);
      return last;
    });
    return [values];
  };

export interface Outcomes {
  trials: number;
  regressed: number;
  ok: number;
  /** Mean pairs until the end. */
  pairs: number;
}

export interface Design {
  noise: Noise;
  change: number;
  limitPercent: number;
  maxPairs: number;
}

export function sequential({ noise, change, limitPercent, maxPairs }: Design, trials: number, seed: number): Outcomes {
  const random = seeded(seed);
  const outcomes: Outcomes = { trials, regressed: 0, ok: 0, pairs: 0 };
  for (let trial = 0; trial < trials; trial++) {
    const metrics = noise(maxPairs, random).map((values) => ({
      logRatios: values.map((value) => value + change),
      limit: Math.log1p(limitPercent / 100),
    }));
    const { decision, pairs } = judgePairs(metrics, [], { maxPairs, alpha, beta, final: false });
    if (decision === 'regressed') outcomes.regressed += 1;
    if (decision === 'ok') outcomes.ok += 1;
    outcomes.pairs += pairs / trials;
  }
  return outcomes;
}

/** The smallest number of pairs, fixed beforehand with the noise known, at which one look finds the change as often: same estimate, same rule. */
export function fixedPairs({ noise, change, limitPercent }: Omit<Design, 'maxPairs'>, power: number, trials: number, seed: number): number | null {
  const limit = Math.log1p(limitPercent / 100);
  const reaches = (pairs: number): boolean => {
    const random = seeded(seed);
    let found = 0;
    for (let trial = 0; trial < trials; trial++) {
      const estimates = noise(pairs, random).map((values) => estimatePairs(values.map((value) => value + change)));
      const p = estimates.map((estimate) => (estimate ? evidenceOf(estimate, limit).noChange : 1));
      const { rejected } = holm(p, alpha);
      if (estimates.some((estimate, index) => estimate !== null && rejected[index] === true && estimate.change > limit)) found += 1;
    }
    return found / trials >= power;
  };
  for (let pairs = 4; pairs <= 400; pairs += pairs < 40 ? 2 : 8) if (reaches(pairs)) return pairs;
  return null;
}

export function pairedLines(embedded: EmbeddedNoise, trials: number, seed: number): Line[] {
  const maxPairs = 2 * Math.floor(300 / embedded.seconds_per_pair / 2);
  const all = Object.keys(embedded.log_ratios);
  const lines: Line[] = [];
  const both = [
    { name: `embedded engine, ${all.length} metrics`, noise: measuredNoise(embedded, all), asked: true },
    ...all.map((name) => ({ name: `embedded engine, ${name} alone`, noise: measuredNoise(embedded, [name]), asked: false })),
    { name: 'normal noise 5%', noise: normalNoise(0.05), asked: false },
    { name: 'normal noise 10%', noise: normalNoise(0.1), asked: false },
    { name: 'heavy tails (t3, 5%)', noise: heavyNoise(0.05), asked: false },
    { name: 'lagged noise (5%, lag-1 0.5)', noise: laggedNoise(0.05, 0.5), asked: false },
  ];
  for (const { name, noise, asked } of both) {
    const design = { noise, change: 0, limitPercent: 10, maxPairs };
    const same = sequential(design, trials, seed);
    lines.push({
      case: `${name}: A/A, limit 10%, regressed`,
      wanted: '<= 1%',
      found: `${share(same.regressed, trials)}; ok ${share(same.ok, trials)}; ${same.pairs.toFixed(1)} pairs`,
      met: same.regressed / trials <= 0.01,
    });
    const tight = sequential({ ...design, limitPercent: 5 }, trials, seed + 1);
    lines.push({
      case: `${name}: A/A, limit 5%, regressed`,
      wanted: '',
      found: `${share(tight.regressed, trials)}; ok ${share(tight.ok, trials)}; ${tight.pairs.toFixed(1)} pairs`,
      met: null,
    });
    const change = { ...design, limitPercent: 5, change: Math.log(1.1) };
    const slower = sequential(change, trials, seed + 2);
    const power = slower.regressed / trials;
    lines.push({
      case: `${name}: +10%, limit 5%, regressed`,
      wanted: asked ? '>= 95%' : '',
      found: `${share(slower.regressed, trials)}; ${slower.pairs.toFixed(1)} of ${maxPairs} pairs`,
      met: asked ? power >= 0.95 : null,
    });
    const fixed = fixedPairs(change, Math.min(power, 0.99), trials, seed + 3);
    const twice = sequential({ ...change, change: Math.log(1.2) }, trials, seed + 4);
    const ratio = fixed === null ? null : slower.pairs / fixed;
    const ratioTwice = fixed === null ? null : twice.pairs / fixed;
    // With little noise a fixed design needs hardly more than the six pairs that the first look waits for, whatever the change.
    const floor = fixed !== null && fixed <= 12 ? `; the first look, at 6 pairs, is ${(6 / fixed).toFixed(2)} of that` : '';
    const judged = asked || (floor === '' && power >= 0.8);
    lines.push({
      case: `${name}: pairs needed, against a fixed number of equal power`,
      wanted: judged ? '<= 0.8; twice the change <= 0.5' : '',
      found: `${ratio?.toFixed(2) ?? 'none below 400'}; ${ratioTwice?.toFixed(2) ?? '-'} (fixed: ${fixed ?? '-'}${floor}${power < 0.8 ? '; the budget is too small for this noise' : ''})`,
      met: judged ? ratio !== null && ratioTwice !== null && ratio <= 0.8 && ratioTwice <= 0.5 : null,
    });
  }
  return lines;
}
