import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type LengthDistribution, lengthDistributionSchema } from '../../src/config/scenario/lengths.ts';
import { lengthDrawer } from '../../src/workload/lengths.ts';

const draws = (lengths: LengthDistribution, count: number, seed = 1, stream = 1) => {
  const draw = lengthDrawer(lengths, seed, stream);
  return Array.from({ length: count }, (_, index) => draw(index));
};
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
const count = 20_000;

const anyDistribution: fc.Arbitrary<LengthDistribution> = fc
  .record({ a: fc.integer({ min: 1, max: 3000 }), b: fc.integer({ min: 1, max: 3000 }), share: fc.double({ min: 0, max: 1, noNaN: true }) })
  .chain(({ a, b, share }) => {
    const [min, max] = [Math.min(a, b), Math.max(a, b)];
    const centre = min + share * (max - min);
    return fc.constantFrom<LengthDistribution>(
      { distribution: 'fixed', tokens: a },
      { distribution: 'uniform', min, max },
      { distribution: 'normal', mean: centre, stddev: b, min, max },
      { distribution: 'lognormal', mean: centre, stddev: b, min, max },
      { distribution: 'zipf', exponent: 0.1 + 3 * share, min, max },
      {
        distribution: 'weighted',
        values: [
          { tokens: min, weight: share + 0.1 },
          { tokens: max, weight: 1 },
        ],
      },
    );
  });

test('every length is a whole number within the bounds, and the same for the same seed, stream and index, in any order', () => {
  fc.assert(
    fc.property(anyDistribution, fc.nat(), fc.array(fc.nat({ max: 2_000_000_000 }), { minLength: 1, maxLength: 20 }), (lengths, seed, indices) => {
      const [one, other] = [lengthDrawer(lengths, seed, 1), lengthDrawer(lengths, seed, 1)];
      const values = indices.map(one);
      assert.deepEqual(indices.toReversed().map(other).toReversed(), values);
      const [min, max] = boundsOf(lengths);
      for (const value of values) assert.ok(Number.isInteger(value) && value >= min && value <= max, `${value} of ${JSON.stringify(lengths)}`);
    }),
  );
});

function boundsOf(lengths: LengthDistribution): [number, number] {
  if (lengths.distribution === 'fixed') return [lengths.tokens, lengths.tokens];
  if (lengths.distribution === 'weighted') {
    const tokens = lengths.values.map((value) => value.tokens);
    return [Math.min(...tokens), Math.max(...tokens)];
  }
  return [lengths.min, lengths.max ?? Number.POSITIVE_INFINITY];
}

describe('what they come to', () => {
  // Standard errors: deviation / sqrt(20,000); six of them are left.
  const near = (found: number, wanted: number, error: number) => assert.ok(Math.abs(found - wanted) < 6 * error, `${found}, expected ${wanted}`);

  test('uniform: every length, evenly', () => {
    const values = draws({ distribution: 'uniform', min: 3, max: 12 }, count);
    const seen = new Map<number, number>();
    for (const value of values) seen.set(value, (seen.get(value) ?? 0) + 1);
    assert.equal(seen.size, 10);
    for (const times of seen.values()) near(times, 2000, Math.sqrt(2000 * 0.9));
  });

  test('normal and lognormal: mean and deviation of the lengths themselves', () => {
    for (const distribution of ['normal', 'lognormal'] as const) {
      const values = draws({ distribution, mean: 800, stddev: 150, min: 1 }, count);
      near(mean(values), 800, 150 / Math.sqrt(count));
      near(deviation(values), 150, (2 * 150) / Math.sqrt(count));
    }
    const skewed = draws({ distribution: 'lognormal', mean: 200, stddev: 300, min: 1 }, count);
    near(mean(skewed), 200, 300 / Math.sqrt(count));
    const median = skewed.toSorted((a, b) => a - b)[count / 2] as number;
    // exp(mu) = mean / sqrt(1 + (stddev / mean)^2)
    near(median, 200 / Math.sqrt(1 + 1.5 ** 2), 1.5);
  });

  test('bounds cut the ends off and leave the middle as it is', () => {
    const values = draws({ distribution: 'normal', mean: 100, stddev: 50, min: 50, max: 150 }, count);
    const ends = values.filter((value) => value === 50 || value === 150).length;
    // Within one deviation of the middle the density at the ends is 0.61 of that in the middle: no heap at the bounds.
    assert.ok(ends < 2 * (count / 101), `${ends} at the bounds`);
    near(mean(values), 100, 30 / Math.sqrt(count));
  });

  test('zipf: the k-th length has its share', () => {
    const values = draws({ distribution: 'zipf', exponent: 1, min: 10, max: 14 }, count);
    const harmonic = 1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5;
    for (let rank = 1; rank <= 5; rank++) {
      const share = 1 / rank / harmonic;
      near(values.filter((value) => value === 9 + rank).length, count * share, Math.sqrt(count * share * (1 - share)));
    }
  });

  test('weighted: by weight', () => {
    const values = draws(
      {
        distribution: 'weighted',
        values: [
          { tokens: 5, weight: 3 },
          { tokens: 50, weight: 1 },
        ],
      },
      count,
    );
    near(values.filter((value) => value === 50).length, count / 4, Math.sqrt((count * 3) / 16));
  });

  test('lengths of prompts and of answers do not follow each other, nor do those of another seed', () => {
    const lengths: LengthDistribution = { distribution: 'uniform', min: 1, max: 1000 };
    const base = draws(lengths, 2000);
    for (const other of [draws(lengths, 2000, 1, 2), draws(lengths, 2000, 2, 1)]) {
      const together = mean(base.map((value, index) => (value - 500.5) * ((other[index] as number) - 500.5))) / (1000 ** 2 / 12);
      assert.ok(Math.abs(together) < 6 / Math.sqrt(2000), `correlation ${together}`);
    }
  });
});

test('the grammar refuses what cannot be', () => {
  for (const wrong of [
    { distribution: 'gauss', mean: 1 },
    { distribution: 'uniform', min: 5, max: 4 },
    { distribution: 'normal', mean: 100, stddev: 0 },
    { distribution: 'normal', mean: 100, stddev: 5, max: 50 },
    { distribution: 'zipf', max: 0 },
    { distribution: 'weighted', values: [] },
    { distribution: 'fixed', tokens: 3, mean: 3 },
  ])
    assert.equal(lengthDistributionSchema.safeParse(wrong).success, false, JSON.stringify(wrong));
});
