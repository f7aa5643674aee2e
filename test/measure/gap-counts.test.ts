import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Distribution } from '../../src/measure/distribution.ts';
import { GapCounts, HeldGaps, pourGaps } from '../../src/measure/gap-counts.ts';

// From a tenth of a microsecond to half an hour.
const gap = fc.double({ min: -4, max: 6.2, noNaN: true }).map((exponent) => 10 ** exponent);
const gaps = fc.array(fc.tuple(gap, fc.integer({ min: 1, max: 8 })), { maxLength: 200 });

test('counted gaps poured into a distribution are as if they had been recorded there', () => {
  fc.assert(
    fc.property(gaps, gaps, (one, other) => {
      const poured = new Distribution(1000);
      const direct = new Distribution(1000);
      for (const part of [one, other]) {
        const counts = new GapCounts();
        for (const [ms, times] of part) {
          counts.record(ms, times);
          direct.record(ms, times);
        }
        pourGaps(structuredClone(counts.state()), poured);
      }
      assert.equal(poured.count, direct.count);
      const [found, expected] = [poured.summary(), direct.summary()];
      assert.deepEqual(
        [found.min, found.max, found.p50, found.p90, found.p95],
        [expected.min, expected.max, expected.p50, expected.p90, expected.p95],
      );
      for (const stat of ['mean', 'stddev'] as const) {
        if (expected[stat] === null) assert.equal(found[stat], null);
        else assert.ok(Math.abs((found[stat] as number) - expected[stat]) <= 1e-6 * (expected.max as number), stat);
      }
    }),
  );
});

test('more gaps of one length than 32 bits can count keep their number, also after merging', () => {
  const counts = new GapCounts();
  for (let n = 0; n < 6; n++) counts.record(0, 1e9);
  const distribution = new Distribution(1000);
  pourGaps(structuredClone(counts.state()), distribution);
  const again = Distribution.from(distribution.state(), 1000);
  again.add(distribution);
  assert.equal(Distribution.from(again.state(), 1000).count, 12e9);
});

test('a gap beyond half an hour keeps its exact maximum', () => {
  const counts = new GapCounts();
  counts.record(1e8, 1);
  counts.record(-0.001, 2);
  const distribution = new Distribution(1000);
  pourGaps(counts.state(), distribution);
  const { min, max } = distribution.summary();
  assert.deepEqual([distribution.count, min, max], [3, 0, 1e8]);
});

test('of an answer of any length nothing is counted until it has succeeded', () => {
  for (const chunks of [3, 70_000, 200_000]) {
    const held = new HeldGaps('chunks');
    const counts = new GapCounts();
    for (let i = 0; i < chunks; i++) held.output(i === 0 ? Number.NaN : 2, 1);
    held.drop();
    held.count(counts);
    assert.equal(counts.state().count, 0);
    for (let i = 0; i < chunks; i++) held.output(i === 0 ? Number.NaN : i === 1 ? 7 : 2, 1);
    held.count(counts);
    const { count, min, max, sum } = counts.state();
    assert.deepEqual([count, min, max, sum], [chunks - 1, 2, 7, 2 * (chunks - 2) + 7]);
  }
});
