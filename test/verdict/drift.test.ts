import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareWithAnchor } from '../../src/verdict/anchor.ts';
import { changePoints, otavaDefaults } from '../../src/verdict/change-points.ts';
import { drift, driftDefaults } from '../../src/verdict/drift.ts';
import { bestSplit } from '../../src/verdict/e-divisive.ts';
import { normal, seeded } from '../random.ts';

interface Pinned {
  values: number[];
  otava_expected: { window_len: number; max_pvalue: number; min_magnitude: number; change_points: number[] }[];
}
const pinned = JSON.parse(readFileSync(new URL('../fixtures/verdict/otava-tigerbeetle.json', import.meta.url), 'utf8')) as Pinned;

describe('changePoints', () => {
  for (const { window_len: window, max_pvalue: maxP, min_magnitude: minMagnitude, change_points } of pinned.otava_expected) {
    it(`finds Otava's points at p ${maxP} and magnitude ${minMagnitude}`, () => {
      assert.deepEqual(
        changePoints(pinned.values, { window, maxP, minMagnitude }).map(({ index }) => index),
        change_points,
      );
    });
  }

  it('copes with short and constant series', () => {
    for (const values of [[], [1], [1, 2], [1, 2, 3], Array.from({ length: 60 }, () => 5)]) assert.deepEqual(changePoints(values, otavaDefaults), []);
    const step = [...Array.from({ length: 20 }, () => 5), ...Array.from({ length: 20 }, () => 6)];
    assert.deepEqual(changePoints(step, otavaDefaults), [{ index: 20, before: 5, after: 6, p: 0 }]);
  });
});

describe('bestSplit', () => {
  /** The definition, term by term. */
  function unlikeness(values: number[], split: number, end: number): number {
    const [x, y] = [values.slice(0, split), values.slice(split, end)];
    const [n, m] = [x.length, y.length];
    const between = x.reduce((sum, a) => sum + y.reduce((inner, b) => inner + Math.abs(a - b), 0), 0);
    const within = (side: number[]) => side.reduce((sum, a, i) => sum + side.slice(i + 1).reduce((inner, b) => inner + Math.abs(a - b), 0), 0);
    const left = n > 1 ? (m / (n - 1)) * within(x) : 0;
    const right = m > 1 ? (n / (m - 1)) * within(y) : 0;
    return (2 / (n + m)) * (between - left - right);
  }

  it('is the largest of all splits and ends by the definition', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 12 }), (values) => {
        let most = Number.NEGATIVE_INFINITY;
        for (let split = 1; split < values.length; split++) {
          for (let end = split + 1; end <= values.length; end++) most = Math.max(most, unlikeness(values, split, end));
        }
        const found = bestSplit(values, 0, values.length);
        assert.ok(found && Math.abs(found.unlikeness - most) < 1e-9);
      }),
    );
    assert.equal(bestSplit([1], 0, 1), null);
  });
});

describe('drift', () => {
  const random = seeded(4);
  const around = (level: number, count: number, sd = 0.02) => Array.from({ length: count }, () => level * Math.exp(sd * normal(random)));

  it('finds a step once four runs have shown it, and its levels', () => {
    const before = around(100, 40);
    const after = around(120, 4);
    assert.deepEqual(drift([...before, ...after.slice(0, 3)]), []);
    const [found, ...others] = drift([...before, ...after]);
    assert.equal(others.length, 0);
    assert.equal(found?.index, 40);
    assert.ok(found && Math.abs(found.before - 100) < 3 && Math.abs(found.after - 120) < 6 && found.p < 1e-5);
  });

  it('one odd run among real ones is no level, though Otava takes it for one', () => {
    const { benchmarks } = JSON.parse(readFileSync(new URL('../../bench/data/azure-vm-noise.json', import.meta.url), 'utf8')) as {
      benchmarks: { name: string; long: number[] }[];
    };
    const values = benchmarks.find(({ name }) => name === 'Sysbench/CPU')?.long ?? [];
    assert.deepEqual(drift(values), []);
    assert.deepEqual(
      drift(values, { ...driftDefaults, method: 'otava' }).map(({ index }) => index),
      [850, 851],
    );
  });

  it('raises hardly an alarm in steady noise', () => {
    let alarms = 0;
    for (let i = 0; i < 40; i++) alarms += drift(around(100, 500, 0.06)).length;
    assert.ok(alarms <= 20, `${alarms} alarms in 20,000 runs`);
  });

  it('mirrors and scales', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        const own = seeded(seed);
        const values = Array.from({ length: 120 }, (_, i) => (i < 70 ? 100 : 125) * Math.exp(0.03 * normal(own)));
        const indices = (list: number[]) => drift(list).map(({ index }) => index);
        assert.deepEqual(indices(values.map((value) => 8 * value)), indices(values));
      }),
      { numRuns: 30 },
    );
  });
});

describe('compareWithAnchor', () => {
  const options = { direction: 1, limitPercent: 10, alpha: 0.01, beta: 0.1 } as const;

  it('sees twenty steps of 1% that no comparison with the step before would', () => {
    const random = seeded(2);
    const runs = Array.from({ length: 210 }, (_, run) => 1.01 ** Math.floor(run / 10) * Math.exp(0.01 * normal(random)));
    for (const anchor of [runs.slice(0, 10), runs.slice(0, 4)]) {
      const found = compareWithAnchor(anchor, runs, options);
      assert.ok('decision' in found);
      assert.equal(found.decision, 'regressed');
      assert.ok(Math.abs(found.changePercent - 22) < 3 && found.intervalPercent[0] > 10 && found.intervalPercent[0] < found.intervalPercent[1]);
    }
    const step = compareWithAnchor(runs.slice(190, 200), runs, options);
    assert.ok('decision' in step);
    assert.equal(step.decision, 'ok');
    const throughput = compareWithAnchor(runs.slice(0, 10), runs, { ...options, direction: -1 });
    assert.ok('decision' in throughput);
    assert.equal(throughput.decision, 'improved');
  });

  it('refuses what has no percentage', () => {
    for (const [anchor, values] of [
      [[], [1]],
      [[1], []],
      [[0], [1]],
      [[1], [-1]],
      [[1], [Number.NaN]],
    ] as [number[], number[]][]) {
      assert.ok('refusal' in compareWithAnchor(anchor, values, options));
    }
    assert.equal((compareWithAnchor([5], [5], options) as { decision: string }).decision, 'inconclusive');
  });
});
