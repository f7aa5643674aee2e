import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { History } from '../../src/observe/history.ts';

test('a window has the samples from its begin to before its end', () => {
  const history = new History(2);
  for (let at = 0; at < 10; at++) history.add(at * 100, [at, at % 2 === 0 ? null : 10]);
  assert.deepEqual(history.summary(0, 200, 500), {
    count: 3,
    sum: 9,
    mean: 3,
    min: 2,
    max: 4,
    p50: 3,
    p90: 4,
    p95: 4,
    p99: null,
    stddev: Math.sqrt(2 / 3),
  });
  assert.equal(history.summary(1, 0, 1000)?.count, 5);
  assert.equal(history.summary(1, 0, 100), null, 'not measured is no zero');
  assert.equal(history.summary(0, 5000, 6000), null);
});

test('seconds without a sample are null', () => {
  const history = new History(1);
  history.add(1000, [2]);
  history.add(1500, [4]);
  history.add(3000, [7]);
  assert.deepEqual(history.series(0, 1000, 1000, 4), [3, null, 7, null]);
});

test('count, sum and extremes stay exact however many samples there are, in bounded memory', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { nil: null }), { minLength: 1, maxLength: 400 }), (values) => {
      const history = new History(1, 16);
      for (const [at, value] of values.entries()) history.add(at, [value]);
      const known = values.filter((value) => value !== null);
      const summary = history.summary(0, 0, values.length);
      if (known.length === 0) return assert.equal(summary, null);
      assert.equal(summary?.count, known.length);
      assert.equal(summary.min, Math.min(...known));
      assert.equal(summary.max, Math.max(...known));
      assert.ok(Math.abs(summary.sum - known.reduce((sum, value) => sum + value, 0)) < 1e-3);
    }),
  );
});
