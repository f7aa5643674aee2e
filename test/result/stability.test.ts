import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TimelineBucket } from '../../src/result/document.ts';
import { stabilityOf, worstOf } from '../../src/result/stability.ts';

const bucket = (t: number, changes: Partial<TimelineBucket> = {}): TimelineBucket => ({
  t,
  requests: 10,
  tokens: 100,
  errors: 0,
  in_flight: 2,
  ttft_ms_p50: 50,
  latency_ms_p95: 400,
  ...changes,
});
const timeline = (seconds: number, of: (t: number) => Partial<TimelineBucket> = () => ({})) =>
  Array.from({ length: seconds }, (_, t) => bucket(t, of(t)));

test('thirds of a load that slows down', () => {
  const found = stabilityOf(
    timeline(30, (t) => (t < 20 ? {} : { requests: 8, tokens: 80, errors: 2, ttft_ms_p50: 75, latency_ms_p95: 600 })),
    30,
  );
  assert.deepEqual(
    found?.thirds.map(({ from_s, to_s, requests_per_sec, tokens_per_sec, error_rate }) => [
      from_s,
      to_s,
      requests_per_sec,
      tokens_per_sec,
      error_rate,
    ]),
    [
      [0, 10, 10, 100, 0],
      [10, 20, 10, 100, 0],
      [20, 30, 8, 80, 25],
    ],
  );
  const { drift } = found ?? {};
  assert.deepEqual([drift?.ttft_ms_p50_percent, drift?.latency_ms_p95_percent, drift?.error_rate_points], [50, 50, 25]);
  assert.ok(Math.abs((drift?.requests_per_sec_percent ?? 0) + 20) < 1e-9);
});

test('one bad second is no drift', () => {
  const found = stabilityOf(
    timeline(30, (t) => (t === 25 ? { latency_ms_p95: 90_000 } : {})),
    30,
  );
  assert.equal(found?.drift.latency_ms_p95_percent, 0);
});

test('seconds without an answer count for the rate and for no percentile', () => {
  const found = stabilityOf(
    timeline(9, (t) => (t >= 6 ? { requests: 0, tokens: 0, ttft_ms_p50: null, latency_ms_p95: null } : {})),
    9,
  );
  assert.deepEqual(found?.thirds[2], {
    from_s: 6,
    to_s: 9,
    requests_per_sec: 0,
    tokens_per_sec: 0,
    error_rate: null,
    ttft_ms_p50: null,
    latency_ms_p95: null,
    memory_mb: null,
  });
  assert.deepEqual([found?.drift.requests_per_sec_percent, found?.drift.latency_ms_p95_percent, found?.drift.error_rate_points], [-100, null, null]);
});

test('the thirds hold every whole second once; what came after the load ended is no part of them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 500 }), fc.double({ min: 0, max: 0.99, noNaN: true }), fc.nat(20), (seconds, rest, late) => {
      const found = stabilityOf(timeline(seconds + 1 + late), seconds + rest);
      const bounds = found?.thirds.flatMap(({ from_s, to_s }) => [from_s, to_s]) ?? [];
      assert.deepEqual([bounds[0], bounds[1], bounds[3], bounds[5]], [0, bounds[2], bounds[4], seconds]);
      const lengths = found?.thirds.map(({ from_s, to_s }) => to_s - from_s) ?? [];
      assert.ok(Math.max(...lengths) - Math.min(...lengths) <= 1);
    }),
  );
  assert.equal(stabilityOf(timeline(2), 2.9), null);
  assert.equal(stabilityOf([], 100), null);
});

test('a rise of latency, errors or memory beyond its limit, or a crash, makes a run unstable and says why', () => {
  assert.deepEqual(stabilityOf(timeline(9), 9)?.assessment, { stable: true, crashes: 0, reasons: [] });
  const leaking = stabilityOf(
    timeline(9, (t) => ({ service_memory_mb: t < 6 ? 100 : 150 })),
    9,
  );
  assert.equal(leaking?.drift.memory_percent, 50);
  assert.equal(leaking?.assessment.stable, false);
  assert.match(leaking?.assessment.reasons[0] ?? '', /^memory rose by 50\.0 %/);
  const firstToken = (from: number, to: number) =>
    stabilityOf(
      timeline(9, (t) => ({ ttft_ms_p50: t < 6 ? from : to, latency_ms_p95: 300 })),
      9,
    )?.assessment;
  assert.match(firstToken(80, 210)?.reasons[0] ?? '', /^TTFT p50 rose by 162\.5 %/);
  assert.equal(firstToken(4, 9)?.stable, true, 'a few milliseconds of an answer that takes 300');
  const crashed = stabilityOf(timeline(9), 9, 'service_crashed')?.assessment;
  assert.deepEqual([crashed?.stable, crashed?.crashes], [false, 1]);
});

test('a load that was cut off is not called stable, one that a rule ended is not', () => {
  const of = (stopReason: string, t = timeline(9)) => stabilityOf(t, 9, stopReason);
  assert.deepEqual(
    ['completed', 'duration', 'interrupted', 'ended', 'budget', 'p95_latency', 'service_crashed'].map((reason) => of(reason)?.assessment.stable),
    [true, true, null, null, null, false, false],
  );
  const slower = timeline(9, (t) => (t < 6 ? {} : { latency_ms_p95: 900 }));
  assert.equal(of('interrupted', slower)?.assessment.stable, false);
  assert.deepEqual(
    [worstOf([of('completed'), null, of('completed', slower), of('interrupted')])?.run, worstOf([null, of('completed')])?.run],
    [3, 2],
  );
  assert.equal(worstOf([null]), null);
});

test('a service that answers nothing, or no longer, is not stable', () => {
  const failing = stabilityOf(
    timeline(9, () => ({ errors: 10, ttft_ms_p50: null, latency_ms_p95: null })),
    9,
  );
  assert.deepEqual([failing?.assessment.stable, failing?.assessment.reasons], [false, ['every request of the last third failed']]);
  const hanging = stabilityOf(
    timeline(9, (t) => (t < 6 ? {} : { requests: 0, tokens: 0, ttft_ms_p50: null, latency_ms_p95: null })),
    9,
  );
  assert.deepEqual([hanging?.assessment.stable, hanging?.assessment.reasons], [false, ['no request ended in the last third']]);
});
