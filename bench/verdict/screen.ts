import { tQuantile } from '../../src/verdict/distributions.ts';
import { type Direction, limitOnLogScale } from '../../src/verdict/log-scale.ts';
import { mean, standardDeviation } from '../../src/verdict/sample.ts';
import { decideScreen, type ScreenEstimate, screen } from '../../src/verdict/screen.ts';
import type { Benchmark } from './data.ts';
import { type Line, share } from './lines.ts';
import { draw, seeded } from './random.ts';

const limitPercent = 10;
const planted = Math.log(1.3);
const [alpha, beta] = [0.01, 0.1];

interface Tally {
  trials: number;
  /** Of A/A comparisons: today's gate fails on two runs; ours among all metrics, and each alone. */
  gate: number;
  regressed: number;
  regressedAlone: number;
  ok: number;
  /** With 30% planted in this metric alone. */
  caught: number;
  caughtAlone: number;
  missed: number;
  /** A plain t prediction interval at the same level, over all metrics. */
  plainAlarm: number;
  plainCaught: number;
}

/** Screens of fresh machines against pools of fresh machines: one comparison of all benchmarks, and of each by itself. */
export function screens(benchmarks: readonly Benchmark[], pool: number, trials: number, seed: number): Tally[] {
  const random = seeded(seed);
  const tallies = benchmarks.map(
    (): Tally => ({ trials, gate: 0, regressed: 0, regressedAlone: 0, ok: 0, caught: 0, caughtAlone: 0, missed: 0, plainAlarm: 0, plainCaught: 0 }),
  );
  for (let trial = 0; trial < trials; trial++) {
    const drawn = benchmarks.map(({ short, better }) => {
      const values = draw(short, pool + 1, random);
      const head = values.pop() as number;
      const direction: Direction = better === 'lower' ? 1 : -1;
      const limit = limitOnLogScale(limitPercent, direction);
      const found = screen({ pool: values, head: [head], direction });
      if ('refusal' in found) throw new Error(found.refusal);
      return { values, head, direction, limit, estimate: found.estimate };
    });
    const judge = (changed: number | null) =>
      decideScreen(
        drawn.map(({ estimate, limit }, index) => ({ estimate: index === changed ? slower(estimate) : estimate, limit })),
        alpha,
        beta,
      );
    const unchanged = judge(null);
    for (const [index, { values, head, direction, limit, estimate }] of drawn.entries()) {
      const tally = tallies[index] as Tally;
      const alone = (from: ScreenEstimate) => decideScreen([{ estimate: from, limit }], alpha, beta)[0]?.decision;
      const verdict = unchanged[index]?.decision;
      const changed = judge(index)[index]?.decision;
      if (direction * Math.log(head / (values[0] as number)) > limit) tally.gate += 1;
      if (verdict === 'regressed') tally.regressed += 1;
      if (verdict === 'ok') tally.ok += 1;
      if (alone(estimate) === 'regressed') tally.regressedAlone += 1;
      if (changed === 'regressed') tally.caught += 1;
      if (changed === 'ok') tally.missed += 1;
      if (alone(slower(estimate)) === 'regressed') tally.caughtAlone += 1;
      const plain = plainExcess(values, head, direction, alpha / benchmarks.length);
      if (plain.change > limit && plain.change > plain.half) tally.plainAlarm += 1;
      if (plain.change + planted > plain.half) tally.plainCaught += 1;
    }
  }
  return tallies;
}

const slower = (estimate: ScreenEstimate): ScreenEstimate => ({ ...estimate, change: estimate.change + planted });

/** The textbook interval: mean and standard deviation of the logarithms, nothing else. */
function plainExcess(pool: readonly number[], head: number, direction: Direction, level: number): { change: number; half: number } {
  const logs = pool.map(Math.log);
  return {
    change: direction * (Math.log(head) - mean(logs)),
    half: tQuantile(level, logs.length - 1) * standardDeviation(logs) * Math.sqrt(1 + 1 / logs.length),
  };
}

/** What the issue asks of each benchmark: the least share caught and the least share green. */
const wanted: [RegExp, { caught: number; ok: number }][] = [
  [/redis/i, { caught: 0.45, ok: 0.4 }],
  [/memcpy/i, { caught: 0.74, ok: 0.5 }],
  [/sysbench|postgres/i, { caught: 0.99, ok: 0.98 }],
];

export function screenLines(benchmarks: readonly Benchmark[], tallies: readonly Tally[], pool: number): Line[] {
  return benchmarks.flatMap(({ name }, index): Line[] => {
    const tally = tallies[index] as Tally;
    const { trials } = tally;
    const asked = pool === 20 ? wanted.find(([pattern]) => pattern.test(name))?.[1] : undefined;
    const rate = (hits: number) => hits / trials;
    const error = 2 * Math.sqrt(0.25 / trials);
    return [
      { case: `${name}: A/A, gate of 10% on two runs fails`, wanted: '', found: share(tally.gate, trials), met: null },
      {
        case: `${name}: A/A regressed, ${benchmarks.length} metrics together`,
        wanted: '<= 1%',
        found: `${share(tally.regressed, trials)} (plain t ${share(tally.plainAlarm, trials)})`,
        met: rate(tally.regressed) <= 0.01,
      },
      {
        case: `${name}: A/A regressed, judged alone`,
        wanted: '<= 1%',
        found: share(tally.regressedAlone, trials),
        met: rate(tally.regressedAlone) <= 0.01,
      },
      {
        case: `${name}: A/A ok`,
        wanted: asked ? `>= ${100 * asked.ok}%` : '',
        found: share(tally.ok, trials),
        met: asked ? rate(tally.ok) >= asked.ok : null,
      },
      {
        case: `${name}: +30% regressed, ${benchmarks.length} metrics together`,
        wanted: asked ? `>= plain t, about ${100 * asked.caught}%` : '>= plain t',
        found: `${share(tally.caught, trials)} (plain t ${share(tally.plainCaught, trials)})`,
        met: tally.caught >= tally.plainCaught - 1e-9 * trials && (asked === undefined || rate(tally.caught) >= asked.caught - error),
      },
      { case: `${name}: +30% regressed, judged alone`, wanted: '', found: share(tally.caughtAlone, trials), met: null },
      { case: `${name}: +30% ok`, wanted: '<= 1%', found: share(tally.missed, trials), met: rate(tally.missed) <= 0.01 },
    ];
  });
}
