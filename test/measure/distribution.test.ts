import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Distribution } from '../../src/measure/distribution.ts';
import { percentileOf } from '../../src/measure/timeline.ts';

// From a microsecond to a day, spread over the magnitudes: what times in ms can be.
const ms = fc.double({ min: -3, max: 8, noNaN: true }).map((exponent) => 10 ** exponent);
const samples = fc.array(ms, { minLength: 1, maxLength: 400 });

function filled(values: readonly number[], resolution = 1000): Distribution {
  const distribution = new Distribution(resolution);
  for (const value of values) distribution.record(value);
  return distribution;
}

/** Half a count of the histogram, and three significant digits. */
function near(actual: number | null, expected: number, resolution = 1000): boolean {
  return actual !== null && Math.abs(actual - expected) <= expected * 0.001 + 0.5 / resolution + 1e-12;
}

const close = (actual: number | null, expected: number, scale = expected) =>
  actual !== null && Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(scale));

test('percentiles are those of the sorted values to 0.1%, and never outside the exact bounds', () => {
  fc.assert(
    fc.property(samples, fc.constantFrom(1, 10, 25, 50, 75, 90, 95, 99, 99.9, 100), (values, percent) => {
      const distribution = filled(values);
      const found = distribution.percentile(percent);
      const exact = percentileOf(values, percent) as number;
      assert.ok(near(found, exact), `p${percent} of ${values.length} values: ${found}, exactly ${exact}`);
      assert.ok((found as number) >= Math.min(...values) && (found as number) <= Math.max(...values));
    }),
    { numRuns: 300 },
  );
});

test('min, max, sum and mean are exact; the standard deviation is that of the sample', () => {
  fc.assert(
    fc.property(samples, (values) => {
      const distribution = filled(values);
      const summary = distribution.summary();
      const n = values.length;
      const sum = values.reduce((total, value) => total + value, 0);
      assert.equal(summary.min, Math.min(...values));
      assert.equal(summary.max, Math.max(...values));
      assert.equal(distribution.count, n);
      assert.ok(close(distribution.sum, sum));
      assert.ok(close(summary.mean, sum / n));
      if (n === 1) assert.equal(summary.stddev, null);
      else {
        const variance = values.reduce((total, value) => total + (value - sum / n) ** 2, 0) / (n - 1);
        // Computed from sums of squares, it is good to a millionth of the values' size.
        assert.ok(Math.abs((summary.stddev as number) - Math.sqrt(variance)) <= 1e-6 * Math.max(...values));
      }
    }),
    { numRuns: 300 },
  );
});

test('a small spread around large values keeps its standard deviation', () => {
  const values = Array.from({ length: 1000 }, (_, i) => 30_000 + (i % 2));
  assert.ok(Math.abs((filled(values).summary().stddev as number) - 0.50025) < 1e-3);
  assert.ok((filled(new Array(1000).fill(12_345.678)).summary().stddev as number) < 1e-2);
});

test('adding is the same as recording everything into one', () => {
  fc.assert(
    fc.property(fc.array(ms, { maxLength: 200 }), fc.array(ms, { maxLength: 200 }), (a, b) => {
      const added = filled(a);
      added.add(filled(b));
      const whole = filled([...a, ...b]);
      const [one, other] = [added.summary(), whole.summary()];
      for (const stat of ['min', 'p50', 'p90', 'p95', 'p99', 'max'] as const) assert.equal(one[stat], other[stat], stat);
      assert.equal(added.count, whole.count);
      assert.ok(close(added.sum, whole.sum));
      for (let percent = 0; percent <= 100; percent += 2.5) assert.equal(added.percentile(percent), whole.percentile(percent), `p${percent}`);
    }),
    { numRuns: 150 },
  );
});

test('a state makes the same distribution again, ready to be added to', () => {
  fc.assert(
    fc.property(fc.array(ms, { maxLength: 200 }), ms, (values, more) => {
      const original = filled(values);
      const copy = Distribution.from(structuredClone(original.state()), 1000);
      assert.deepEqual(copy.summary(), original.summary());
      assert.equal(copy.count, original.count);
      copy.record(more);
      copy.add(filled([1e9]));
      original.record(more);
      original.add(filled([1e9]));
      assert.deepEqual(copy.summary(), original.summary());
    }),
    { numRuns: 100 },
  );
});

test('a state that went through JSON is the same, an empty one included', () => {
  for (const values of [[], [0], [0.0004, 5, 1e7]]) {
    const original = filled(values);
    const copy = Distribution.from(JSON.parse(JSON.stringify(original.state())), 1000);
    assert.deepEqual(copy.summary(), original.summary());
    copy.record(3);
    original.record(3);
    assert.deepEqual(copy.summary(), original.summary());
  }
});

test('a state whose histogram does not hold its count is refused', () => {
  const state = { ...filled([1, 2, 3]).state(), count: 4 };
  assert.throws(() => Distribution.from(state, 1000), /holds 3 values, expected 4/);
  assert.throws(() => Distribution.from({ ...state, hdr: 'no histogram' }, 1000));
});

test('p99 needs 100 values and p999 1,000', () => {
  const upTo = (n: number) => filled(Array.from({ length: n }, (_, i) => i + 1)).summary();
  assert.deepEqual([upTo(99).p99, upTo(99).p999], [null, null]);
  assert.ok(near(upTo(100).p99, 99));
  assert.equal(upTo(999).p999, null);
  assert.ok(near(upTo(1000).p999, 999));
  assert.ok(near(upTo(1).p95, 1));
});

test('nothing recorded is null everywhere, zero is zero', () => {
  const empty = new Distribution(1000).summary();
  assert.deepEqual(Object.values(empty), new Array(9).fill(null));
  const zero = filled([0, 0, 0]).summary();
  assert.deepEqual([zero.mean, zero.min, zero.p50, zero.max, zero.stddev], [0, 0, 0, 0, 0]);
});

test('a value below zero counts as zero', () => {
  const { min, mean } = filled([-0.0005, 2]).summary();
  assert.deepEqual([min, mean], [0, 1]);
});

test('a value may be recorded many times at once', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(ms, fc.integer({ min: 1, max: 20 })), { minLength: 1, maxLength: 50 }), (pairs) => {
      const counted = new Distribution(1000);
      for (const [value, times] of pairs) counted.record(value, times);
      const single = filled(pairs.flatMap(([value, times]) => new Array<number>(times).fill(value)));
      for (let percent = 0; percent <= 100; percent += 5) assert.equal(counted.percentile(percent), single.percentile(percent), `p${percent}`);
      assert.equal(counted.count, single.count);
      assert.ok(close(counted.sum, single.sum));
    }),
    { numRuns: 50 },
  );
});

test('a summary can be given in another unit', () => {
  const distribution = filled([1500, 2500]);
  const inMs = distribution.summary();
  const inS = distribution.summary(0.001);
  for (const stat of ['mean', 'min', 'p50', 'p95', 'max', 'stddev'] as const) assert.ok(close(inS[stat], (inMs[stat] as number) / 1000), stat);
  assert.equal(inS.p99, null);
});

test('counts are kept at a resolution of one', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200_000_000 }), { minLength: 1, maxLength: 200 }), (values) => {
      const distribution = filled(values, 1);
      assert.ok(near(distribution.percentile(50), percentileOf(values, 50) as number, 1));
      assert.equal(distribution.summary().max, Math.max(...values));
    }),
    { numRuns: 100 },
  );
});
