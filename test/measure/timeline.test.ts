import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { percentileOf, Timeline } from '../../src/measure/timeline.ts';

test('seconds without requests are there, with nothing in them and what was in flight', () => {
  const timeline = new Timeline();
  timeline.advance(200, 3).requests++;
  timeline.advance(4100, 7).requests++;
  const buckets = timeline.buckets();
  assert.deepEqual(
    buckets.map(({ t, requests }) => [t, requests]),
    [
      [0, 1],
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 1],
    ],
  );
  assert.deepEqual(buckets[2], { t: 2, requests: 0, tokens: 0, errors: 0, in_flight: 7, ttft_ms_p50: null, latency_ms_p95: null });
});

test('a second holds what ended in it', () => {
  const timeline = new Timeline();
  for (const [at, latency, ttft] of [
    [100, 40, 10],
    [999.9, 60, 20],
    [1000, 80, 30],
    [1500, 10, null],
  ] as const) {
    const second = timeline.advance(at, 1);
    second.requests++;
    second.tokens += 5;
    second.latencyMs.push(latency);
    if (ttft !== null) second.ttftMs.push(ttft);
  }
  assert.deepEqual(
    timeline.buckets().map(({ requests, tokens, latency_ms_p95, ttft_ms_p50 }) => ({ requests, tokens, latency_ms_p95, ttft_ms_p50 })),
    [
      { requests: 2, tokens: 10, latency_ms_p95: 60, ttft_ms_p50: 10 },
      { requests: 2, tokens: 10, latency_ms_p95: 80, ttft_ms_p50: 30 },
    ],
  );
});

test('what ended in a second that is over counts there; what ends next opens the next', () => {
  const timeline = new Timeline();
  timeline.secondOf(2100, 1).requests++;
  timeline.secondOf(400, 5).errors++;
  timeline.secondOf(-1, 5).errors++;
  timeline.secondOf(2900, 5).requests++;
  timeline.secondOf(3000, 5).requests++;
  assert.deepEqual(
    timeline.buckets().map(({ requests, errors, in_flight }) => [requests, errors, in_flight]),
    [
      [0, 2, 1],
      [0, 0, 1],
      [2, 0, 5],
      [1, 0, 0],
    ],
  );
});

test('looking does not change it, and a last second of nothing is left out', () => {
  const timeline = new Timeline();
  timeline.advance(500, 0).errors++;
  assert.deepEqual(timeline.buckets(), timeline.buckets());
  assert.equal(timeline.buckets().length, 1);
  timeline.advance(1200, 0);
  assert.equal(timeline.buckets().length, 1);
  assert.deepEqual(new Timeline().buckets(), []);
});

test('a time before the start belongs to the first second', () => {
  const timeline = new Timeline();
  assert.equal(timeline.advance(-0.2, 0).t, 0);
});

test('percentiles are the smallest value that the share of the values does not exceed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 100 }),
      fc.constantFrom(50, 90, 95, 99, 100),
      (values, percent) => {
        const found = percentileOf(values, percent) as number;
        const within = (limit: number) => values.filter((value) => value <= limit).length / values.length;
        assert.ok(values.includes(found));
        assert.ok(within(found) >= percent / 100 - 1e-12);
        for (const smaller of values.filter((value) => value < found)) assert.ok(within(smaller) < percent / 100);
      },
    ),
  );
  assert.equal(percentileOf([], 50), null);
  assert.equal(percentileOf([10, 9], 50), 9);
});
