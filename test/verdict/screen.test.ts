import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decideScreen, type ScreenEstimate, type Screened, screen } from '../../src/verdict/screen.ts';
import { normal, seeded } from '../random.ts';

const limit = Math.log(1.1);

function estimateOf(screened: Screened): ScreenEstimate {
  assert.ok('estimate' in screened, 'refusal' in screened ? screened.refusal : '');
  return screened.estimate;
}

function decide(pool: number[], head: number[], direction: 1 | -1 = 1) {
  const decided = decideScreen([{ estimate: estimateOf(screen({ pool, head, direction })), limit }], 0.01, 0.1)[0];
  assert.ok(decided);
  return decided;
}

const quiet = Array.from({ length: 20 }, (_, i) => 100 + (i % 5) * 0.3);

describe('screen', () => {
  it('tells worse, better, the same and the undecidable apart', () => {
    assert.equal(decide(quiet, [130]).decision, 'regressed');
    assert.equal(decide(quiet, [101]).decision, 'ok');
    assert.equal(decide(quiet, [70]).decision, 'improved');
    assert.equal(decide(quiet, [70], -1).decision, 'regressed');
    const noisy = quiet.map((value, i) => value * (i % 2 === 0 ? 0.85 : 1.15));
    assert.equal(decide(noisy, [112]).decision, 'inconclusive');
  });

  it('says what it could have told, and its interval excludes zero exactly when no change is refuted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0.5, max: 2, noNaN: true }), (seed, factor) => {
        const random = seeded(seed);
        const pool = Array.from({ length: 4 + Math.floor(random() * 20) }, () => 50 * Math.exp(0.05 * normal(random)));
        const { decision, interval, detectable, p, level } = decide(pool, [50 * factor]);
        assert.ok(interval !== null && detectable !== null && detectable > 0);
        assert.equal(interval[0] > 0, p < level);
        if (decision === 'regressed') assert.ok(interval[0] > 0);
        if (decision === 'improved') assert.ok(interval[1] < 0);
      }),
    );
  });

  it('is not moved by units, and mirrors when the sides of better are exchanged', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (seed, unit) => {
        const random = seeded(seed);
        const pool = Array.from({ length: 12 }, () => Math.exp(0.05 * normal(random)));
        const head = [Math.exp(0.2 * normal(random))];
        const one = estimateOf(screen({ pool, head, direction: 1 }));
        const scaled = estimateOf(screen({ pool: pool.map((v) => v * unit), head: head.map((v) => v * unit), direction: 1 }));
        const mirrored = estimateOf(screen({ pool: pool.map((v) => 1 / v), head: head.map((v) => 1 / v), direction: -1 }));
        for (const other of [scaled, mirrored]) {
          assert.ok(Math.abs(one.change - other.change) < 1e-6);
          assert.ok(Math.abs(one.standardError - other.standardError) < 1e-6);
        }
      }),
    );
  });

  it('uses the last twenty, and the mean of several runs of the head', () => {
    const long = [...Array.from({ length: 30 }, () => 1000), ...quiet];
    assert.ok(Math.abs(estimateOf(screen({ pool: long, head: [100], direction: 1 })).baseline - 100.6) < 0.1);
    const one = estimateOf(screen({ pool: quiet, head: [104], direction: 1 }));
    const four = estimateOf(screen({ pool: quiet, head: [102, 106, 103, 105], direction: 1 }));
    assert.ok(four.standardError < 0.6 * one.standardError);
  });

  it('a constant pool still has noise', () => {
    const constant = Array.from({ length: 4 }, () => 100);
    const estimate = estimateOf(screen({ pool: constant, head: [100], direction: 1 }));
    assert.ok(estimate.standardError > 0.02);
    assert.match(estimate.remarks.join(), /never varied/);
    assert.equal(decide(constant, [101]).decision, 'ok');
    assert.equal(decide(constant, [111]).decision, 'inconclusive');
  });

  it('one broken night does not hide a regression', () => {
    assert.equal(decide([...quiet.slice(1), 200], [125]).decision, 'regressed');
    assert.deepEqual(estimateOf(screen({ pool: [...quiet.slice(1), 200], head: [125], direction: 1 })).outliers.map(Math.round), [200]);
  });

  it('leaves values without a logarithm out of the pool and says so, and refuses what is left of too few', () => {
    const estimate = estimateOf(screen({ pool: [...quiet, Number.NaN, 0, -1, Number.POSITIVE_INFINITY], head: [101], direction: 1 }));
    for (const word of ['not a number', 'zero', 'negative', 'infinite']) assert.match(estimate.remarks.join(), new RegExp(word));
    assert.equal(estimate.runs, 20);
    const refused = (pool: number[], head: number[]): string => {
      const screened = screen({ pool, head, direction: 1 });
      assert.ok('refusal' in screened);
      return screened.refusal;
    };
    assert.match(refused([100, 101, 102, 0], [100]), /pool of 3 runs is too small: at least 4.*zero/s);
    assert.match(refused([], [100]), /pool of 0 runs/);
    assert.match(refused(quiet, [Number.NaN]), /not a number/);
    assert.match(refused(quiet, [0]), /zero/);
    assert.match(refused(quiet, []), /not measured/);
  });

  it('alarms in at most 1% of comparisons of normal noise, and finds what is twice the noise it can detect', () => {
    const random = seeded(9);
    const trials = 4_000;
    let alarms = 0;
    let found = 0;
    for (let trial = 0; trial < trials; trial++) {
      const draw = () => Math.exp(0.08 * normal(random));
      const pool = Array.from({ length: 20 }, draw);
      if (decide(pool, [draw()]).decision === 'regressed') alarms += 1;
      if (decide(pool, [1.5 * draw()]).decision === 'regressed') found += 1;
    }
    assert.ok(alarms / trials <= 0.01, `${alarms} alarms`);
    assert.ok(found / trials >= 0.95, `${found} found`);
  });
});
