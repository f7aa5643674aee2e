import { compareWithAnchor } from '../../src/verdict/anchor.ts';
import { changePoints, otavaDefaults } from '../../src/verdict/change-points.ts';
import { drift, driftDefaults } from '../../src/verdict/drift.ts';
import { type Benchmark, readPinned } from './data.ts';
import { type Line, share } from './lines.ts';
import { normal, seeded, shuffled } from './random.ts';

export function driftLines(benchmarks: readonly Benchmark[], shuffles: number, trials: number, seed: number): Line[] {
  const pinned = readPinned();
  const equal = pinned.otava_expected.filter((setting) => {
    const options = { window: setting.window_len, maxP: setting.max_pvalue, minMagnitude: setting.min_magnitude };
    const found = changePoints(pinned.values, options).map(({ index }) => index);
    return JSON.stringify(found) === JSON.stringify(setting.change_points);
  }).length;
  const settings = pinned.otava_expected.length;
  const lines: Line[] = [
    {
      case: "Otava's pinned points, settings alike",
      wanted: `${settings} of ${settings}`,
      found: `${equal} of ${settings}`,
      met: equal === settings,
    },
  ];
  for (const { name, long } of benchmarks.filter((benchmark) => benchmark.long.length > 0)) {
    const perThousand = (count: number, series = 1) => (1_000 * count) / long.length / series;
    const ours = drift(long).length;
    const theirs = drift(long, { ...otavaDefaults, method: 'otava' }).length;
    lines.push({
      case: `${name}: alarms per 1,000 runs, as they came`,
      wanted: '<= 1',
      found: `${perThousand(ours).toFixed(2)} (Otava ${perThousand(theirs).toFixed(2)})`,
      met: perThousand(ours) <= 1,
    });
    const random = seeded(seed);
    let [mine, other] = [0, 0];
    for (let i = 0; i < shuffles; i++) {
      const values = shuffled(long, random);
      mine += drift(values).length;
      other += changePoints(values, otavaDefaults).length;
    }
    const rate = perThousand(mine, shuffles);
    lines.push({
      case: `${name}: the same, shuffled ${shuffles} times`,
      wanted: '<= 1',
      found: `${rate.toFixed(2)} ± ${perThousand(Math.sqrt(Math.max(mine, 1)), shuffles).toFixed(2)} (Otava ${perThousand(other, shuffles).toFixed(2)})`,
      met: rate <= 1,
    });
  }
  for (const [percent, runs] of [
    [10, 4],
    [10, 6],
    [7, 8],
  ] as const) {
    const random = seeded(seed + runs);
    const found = { confirmed: 0, otava: 0 };
    for (let trial = 0; trial < trials; trial++) {
      const values = Array.from(
        { length: 40 + runs },
        (_, run) => 100 * Math.exp((run < 40 ? 0 : Math.log1p(percent / 100)) + 0.02 * normal(random)),
      );
      for (const method of ['confirmed', 'otava'] as const) {
        if (drift(values, { ...driftDefaults, method }).some(({ index }) => Math.abs(index - 40) <= 2)) found[method] += 1;
      }
    }
    lines.push({
      case: `a step of ${percent}% at 2% noise, seen after ${runs} runs`,
      wanted: '',
      found: `${share(found.confirmed, trials)} (Otava ${share(found.otava, trials)})`,
      met: null,
    });
  }
  return [...lines, anchorLine(trials, seed)];
}

/** Twenty releases, each 1% slower, ten runs each; the anchor is the first ten. */
function anchorLine(trials: number, seed: number): Line {
  const random = seeded(seed);
  let seen = 0;
  let alarms = 0;
  for (let trial = 0; trial < trials; trial++) {
    const runs = (step: number) => Array.from({ length: 210 }, (_, run) => 1.01 ** (step * Math.floor(run / 10)) * Math.exp(0.02 * normal(random)));
    const [slower, steady] = [runs(1), runs(0)];
    const options = { direction: 1, limitPercent: 10, alpha: 0.01, beta: 0.1 } as const;
    const verdict = (values: number[]) => {
      const found = compareWithAnchor(values.slice(0, 10), values, options);
      return 'decision' in found ? found.decision : null;
    };
    if (verdict(slower) === 'regressed') seen += 1;
    if (verdict(steady) === 'regressed') alarms += 1;
  }
  return {
    case: 'twenty steps of 1% at 2% noise, against the anchor: regressed',
    wanted: '100%; unchanged <= 1%',
    found: `${share(seen, trials)}; unchanged ${share(alarms, trials)}`,
    met: seen === trials && alarms / trials <= 0.01,
  };
}
