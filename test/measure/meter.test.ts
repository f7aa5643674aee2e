import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GapCounts } from '../../src/measure/gap-counts.ts';
import { Meter } from '../../src/measure/meter.ts';
import { SeriesMeter } from '../../src/measure/series-meter.ts';
import { failureOf, recordOf } from './records.ts';

/** To the three significant digits of a histogram. */
const near = (found: number | null, expected: number) => found !== null && Math.abs(found - expected) <= expected / 1000;

test('the slowest 20 are kept, slowest first, whatever the order they came in', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 80 }), (latencies) => {
      const meter = new Meter();
      for (const [index, latency] of latencies.entries()) meter.record(recordOf({ index, endMs: latency, firstOutputMs: 0, lastOutputMs: latency }));
      const expected = latencies.toSorted((a, b) => b - a).slice(0, 20);
      assert.deepEqual(
        meter.slowest.map(({ latencyMs }) => latencyMs),
        expected,
      );
      assert.deepEqual(
        meter.slowest.map(({ record }) => latencies[record.index]),
        expected,
      );
    }),
  );
});

test('failures are not among the slowest, nor in any distribution', () => {
  const meter = new Meter();
  meter.record(failureOf({ endMs: 30_000, error: 'timeout_total' }));
  meter.record(recordOf());
  assert.equal(meter.slowest.length, 1);
  const series = meter.seriesMeter('chat');
  assert.deepEqual([series.succeeded, series.failed], [1, 1]);
  assert.equal(series.distributions.get('latency_s')?.count, 1);
  assert.equal(series.distributions.get('latency_s')?.percentile(100), 305);
});

test('errors are counted by kind, with when and what the first was', () => {
  const meter = new Meter();
  meter.record(failureOf({ endMs: 1500, errorMessage: 'first' }));
  meter.record(failureOf({ endMs: 2500, errorMessage: 'second' }));
  meter.record(failureOf({ endMs: 2600, error: 'reset', errorMessage: null }));
  meter.recordCancelled(failureOf({ endMs: 3000, error: 'cancelled', errorMessage: 'given up: interrupted' }));
  assert.deepEqual(
    [...meter.errors.values()],
    [
      { kind: 'http_5xx', count: 2, firstSeenMs: 1500, example: 'first' },
      { kind: 'reset', count: 1, firstSeenMs: 2600, example: '' },
      { kind: 'cancelled', count: 1, firstSeenMs: 3000, example: 'given up: interrupted' },
    ],
  );
  assert.equal(meter.seriesMeter('chat').failed, 3);
});

test('an example has at most 500 characters', () => {
  const meter = new Meter();
  meter.record(failureOf({ errorMessage: 'x'.repeat(5000) }));
  assert.equal(meter.errors.get('http_5xx')?.example.length, 500);
});

test('a snapshot has the figures of the run and of its present phase', () => {
  const meter = new Meter();
  for (let i = 0; i < 10; i++) meter.record(recordOf({ endMs: 400 }));
  meter.record(failureOf());
  meter.inFlight = 4;
  const first = meter.snapshot(5000);
  assert.deepEqual(
    { elapsedMs: first.elapsedMs, inFlight: first.inFlight, succeeded: first.succeeded, failed: first.failed, outputTokens: first.outputTokens },
    { elapsedMs: 5000, inFlight: 4, succeeded: 10, failed: 1, outputTokens: 110 },
  );
  assert.ok(near(first.latencyP95Ms, 400));
  assert.ok(near(first.ttftP50Ms, 100));
  assert.deepEqual([first.phase.succeeded, first.phase.failed], [10, 1]);
  meter.beginPhase();
  meter.record(recordOf({ endMs: 900 }));
  const second = meter.snapshot(6000);
  assert.deepEqual([second.succeeded, second.phase.succeeded, second.phase.failed, second.phase.outputTokens], [11, 1, 0, 11]);
  assert.ok(near(second.phase.latencyP50Ms, 900));
  assert.ok(near(second.latencyP50Ms, 400));
  assert.equal(new Meter().snapshot(0).latencyP95Ms, null);
});

test('what rules go by counts a request that timed out as long as it was waited for', () => {
  const meter = new Meter();
  for (let i = 0; i < 10; i++) meter.record(recordOf({ endMs: 400 }));
  assert.ok(near(meter.snapshot(0).waitedP95Ms, 400));
  // Refused at once, and given up with the run: neither says how long an answer takes.
  meter.record(failureOf({ endMs: 9000 }));
  meter.recordCancelled(failureOf({ error: 'cancelled', endMs: 9000 }));
  assert.ok(near(meter.snapshot(0).waitedP95Ms, 400));
  for (const error of ['timeout_total', 'timeout_first_token'] as const) meter.record(failureOf({ error, intendedMs: 100, endMs: 5100 }));
  meter.record(recordOf({ endMs: 400 }));
  const { waitedP95Ms, latencyP95Ms, phase } = meter.live(0);
  assert.ok(near(waitedP95Ms, 5000) && near(phase.waitedP95Ms, 5000) && near(latencyP95Ms, 400));
  // Nor do such as are given up early make it look quick.
  for (let i = 0; i < 1000; i++) meter.record(failureOf({ error: 'timeout_connect', endMs: 50 }));
  assert.ok(near(meter.snapshot(0).waitedP95Ms, 400));
  meter.beginPhase();
  assert.equal(meter.snapshot(0).phase.waitedP95Ms, null);
  meter.record(failureOf({ error: 'timeout_idle', endMs: 700 }));
  assert.ok(near(meter.snapshot(0).phase.waitedP95Ms, 700));
});

test('each series has its own figures, the timeline those of all', () => {
  const meter = new Meter();
  meter.record(recordOf({ series: 'a', endMs: 200 }));
  meter.record(recordOf({ series: 'b', endMs: 700 }));
  meter.record(failureOf({ series: 'b', endMs: 800 }));
  assert.deepEqual([...meter.series.keys()], ['a', 'b']);
  assert.equal(meter.seriesMeter('a').distributions.get('latency_s')?.summary().max, 200);
  const [bucket] = meter.timeline.buckets();
  assert.deepEqual([bucket?.requests, bucket?.errors, bucket?.tokens, bucket?.latency_ms_p95], [3, 1, 22, 700]);
  assert.equal(meter.lastEndMs, 800);
});

test('what is measured of a request is recorded, what is not is left out', () => {
  const meter = new SeriesMeter();
  const record = recordOf({ intendedMs: 10, sentMs: 12, headersMs: 30, connectMs: 3, cachedTokens: 16 });
  meter.record(record, { latencyMs: 295, ttftMs: 90, tpotMs: 20, generationTokensPerSecond: 50 });
  meter.record(recordOf({ inputTokens: null, outputTokens: null }), { latencyMs: 305, ttftMs: null, tpotMs: null, generationTokensPerSecond: null });
  const found = Object.fromEntries([...meter.distributions].map(([name, distribution]) => [name, distribution.count]));
  const expected = {
    ttft_ms: 1,
    tpot_ms: 1,
    itl_ms: 0,
    latency_s: 2,
    connect_ms: 1,
    tls_ms: 0,
    headers_ms: 2,
    send_lateness_ms: 2,
    generation_tokens_per_sec: 1,
    input_tokens: 1,
    output_tokens: 1,
    cached_tokens: 1,
    response_bytes: 2,
  };
  for (const [name, count] of Object.entries(expected)) assert.equal(found[name], count, name);
  assert.equal(meter.distributions.get('headers_ms')?.summary().min, 18);
  assert.equal(meter.distributions.get('send_lateness_ms')?.summary().max, 2);
  assert.deepEqual([meter.inputTokens, meter.outputTokens], [20, 11]);
});

test('a series meter added to another, or sent as its state, loses nothing', () => {
  const filled = (latencies: number[]) => {
    const meter = new SeriesMeter();
    for (const latencyMs of latencies) meter.record(recordOf(), { latencyMs, ttftMs: 1, tpotMs: 2, generationTokensPerSecond: 3 });
    meter.record(failureOf(), { latencyMs: 1, ttftMs: null, tpotMs: null, generationTokensPerSecond: null });
    return meter;
  };
  const one = filled([100, 200]);
  const other = filled([300]);
  other.gapsGuessed = true;
  other.chunksAreTokens = false;
  one.add(SeriesMeter.from(structuredClone(other.state())));
  assert.deepEqual([one.succeeded, one.failed, one.inputTokens, one.outputTokens, one.gapsEstimated], [3, 2, 60, 33, true]);
  assert.deepEqual(one.distributions.get('latency_s')?.summary(), filled([100, 200, 300]).distributions.get('latency_s')?.summary());
});

test('gaps are an estimate where chunks without a count turn out to hold other than one token each', () => {
  const meterOf = (tokensSaid: boolean, outputTokens: number) => {
    const meter = new SeriesMeter();
    const gaps = new GapCounts();
    gaps.record(20, 1);
    gaps.guessed = !tokensSaid;
    meter.addGaps(gaps.state());
    meter.record(recordOf({ outputChunks: 11, outputTokens }), { latencyMs: 305, ttftMs: 100, tpotMs: 20, generationTokensPerSecond: 50 });
    return meter.gapsEstimated;
  };
  assert.deepEqual([meterOf(true, 11), meterOf(true, 44), meterOf(false, 11), meterOf(false, 44)], [false, false, false, true]);
});

test('a failure that is told late counts in the second in which it ended', () => {
  const meter = new Meter();
  meter.timeline.advance(3200, 2);
  meter.record(recordOf({ endMs: 1500, error: 'http_5xx', errorMessage: 'busy' }));
  meter.record(recordOf({ endMs: 1700 }));
  meter.record(recordOf({ endMs: 3300 }));
  assert.deepEqual(
    meter.timeline.buckets().map(({ requests, errors, tokens, latency_ms_p95 }) => [requests, errors, tokens, latency_ms_p95 !== null]),
    [
      [0, 0, 0, false],
      [2, 1, 11, false],
      [0, 0, 0, false],
      [1, 0, 11, true],
    ],
  );
});
