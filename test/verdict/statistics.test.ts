import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { normalQuantile, normalUpperTail } from '../../src/verdict/distributions.ts';
import { holm } from '../../src/verdict/holm.ts';
import { partOutliers } from '../../src/verdict/outliers.ts';
import { type PlannedRound, roundOrder } from '../../src/verdict/round-order.ts';
import { shrunken } from '../../src/verdict/scale.ts';
import { nominalLevels } from '../../src/verdict/spending.ts';
import { normal, seeded } from '../random.ts';

describe('holm', () => {
  it('steps down and stops at the first that fails', () => {
    assert.deepEqual(holm([0.04, 0.001, 0.02, 0.011], 0.05).rejected, [true, true, true, true]);
    assert.deepEqual(holm([0.06, 0.001, 0.03, 0.011], 0.05).rejected, [false, true, false, true]);
    assert.deepEqual(holm([0.003], 0.005, 2).rejected, [false]);
    assert.deepEqual(holm([], 0.05).rejected, []);
  });

  it('rejects whatever Bonferroni rejects, and nothing above alpha', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 }), (pValues) => {
        const { rejected } = holm(pValues, 0.05);
        pValues.forEach((p, index) => {
          if (p <= 0.05 / pValues.length) assert.ok(rejected[index]);
          if (p > 0.05) assert.ok(!rejected[index]);
        });
      }),
    );
  });
});

describe('partOutliers', () => {
  const random = seeded(1);
  const pool = Array.from({ length: 18 }, () => 0.02 * normal(random));

  it('finds gross outliers even where one hides the other', () => {
    assert.deepEqual(partOutliers([...pool, 1, 1.05]).outliers.sort(), [1, 1.05]);
    assert.deepEqual(partOutliers([...pool, -1, 0.01]).outliers, [-1]);
  });

  it('never takes more than one in ten, and nothing of two kinds of machine', () => {
    assert.equal(partOutliers([...pool, 1, 1.05, 1.1, 0.9]).outliers.length, 0);
    assert.equal(partOutliers([...pool.map((value, index) => value + (index % 3 === 0 ? 0.3 : 0))]).outliers.length, 0);
    assert.equal(partOutliers([0, 0, 0, 9]).outliers.length, 0);
  });

  it('keeps all of a normal pool nearly always', () => {
    let kept = 0;
    for (let i = 0; i < 500; i++) kept += partOutliers(Array.from({ length: 20 }, () => normal(random))).outliers.length === 0 ? 1 : 0;
    assert.ok(kept >= 495, `${kept} of 500`);
  });
});

describe('shrunken', () => {
  it('lies between the prior and the sample, nearer to the sample the more it rests on', () => {
    assert.ok(shrunken(0, 3).sd > 0);
    assert.ok(shrunken(0, 19).sd < shrunken(0, 3).sd);
    assert.equal(shrunken(0.05, 7).df, 8);
    assert.ok(Math.abs(shrunken(0.05, 7).sd - 0.05) < 1e-12);
  });
});

describe('nominalLevels', () => {
  it("are Kim & DeMets's for five equal looks", () => {
    const shares = [0.2, 0.4, 0.6, 0.8, 1];
    const z = (power: number) => nominalLevels([1, 2, 3, 4, 5], shares, 0.025, power).map((level) => Number(normalQuantile(level).toFixed(2)));
    assert.deepEqual(z(1), [2.58, 2.49, 2.41, 2.34, 2.28]);
    assert.deepEqual(z(3), [3.54, 2.97, 2.6, 2.31, 2.05]);
  });

  const few = [6, 8, 10, 14, 20, 30];
  // A step is small against the spread of the sum.
  const many = Array.from({ length: 498 }, (_, index) => 6 + 2 * index);
  for (const looks of [few, many])
    it(`spend the whole level and no more: a walk under no change crosses as often as they say, ${looks.length} looks`, () => crosses(looks));

  function crosses(looks: number[]): void {
    const end = looks.at(-1) as number;
    const levels = nominalLevels(
      looks,
      looks.map((look) => look / end),
      0.05,
      1,
    );
    const random = seeded(5);
    const trials = 20_000;
    let crossed = 0;
    for (let trial = 0; trial < trials; trial++) {
      let sum = 0;
      let taken = 0;
      const crosses = looks.some((look, index) => {
        sum += Math.sqrt(look - taken) * normal(random);
        taken = look;
        return normalUpperTail(sum / Math.sqrt(look)) <= (levels[index] as number);
      });
      if (crosses) crossed += 1;
    }
    // Four standard errors of the Monte Carlo.
    assert.ok(Math.abs(crossed / trials - 0.05) < 4 * Math.sqrt((0.05 * 0.95) / trials), String(crossed / trials));
  }

  it('one look at the end spends the level there', () => assert.ok(Math.abs((nominalLevels([10], [1], 0.01, 1)[0] as number) - 0.01) < 1e-6));
});

describe('roundOrder', () => {
  const take = (count: number, seed: number): PlannedRound[] => {
    const order = roundOrder(seeded(seed));
    return Array.from({ length: count }, () => order.next().value);
  };

  it('drops the first of each side, then goes in mirrored blocks, one of each kind in two', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const [first, second, ...rounds] = take(2 + 80, seed);
        assert.deepEqual([first?.side, second?.side].sort(), ['base', 'head']);
        assert.equal(first?.pair, null);
        assert.equal(second?.pair, null);
        const kinds: string[] = [];
        for (let i = 0; i < rounds.length; i += 4) {
          const block = rounds.slice(i, i + 4);
          const sides = block.map(({ side }) => side);
          assert.equal(sides[0], sides[3]);
          assert.equal(sides[1], sides[2]);
          assert.notEqual(sides[0], sides[1]);
          assert.deepEqual(
            block.map(({ pair }) => pair),
            [i / 2, i / 2, i / 2 + 1, i / 2 + 1],
          );
          kinds.push(sides[0] as string);
        }
        for (let i = 0; i < kinds.length; i += 2) assert.notEqual(kinds[i], kinds[i + 1]);
      }),
      { numRuns: 50 },
    );
  });

  it('is the same for the same seed and another for another', () => {
    assert.deepEqual(take(40, 3), take(40, 3));
    assert.ok([4, 5, 6, 7].some((seed) => JSON.stringify(take(40, seed)) !== JSON.stringify(take(40, 3))));
  });
});
