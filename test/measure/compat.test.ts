import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CompatName, compatDefinition, compatNames, compatNote } from '../../src/measure/compat.ts';
import type { RequestTimes } from '../../src/measure/definitions.ts';
import { Meter } from '../../src/measure/meter.ts';
import { recordOf } from './records.ts';

/**
 * Wanted at 1000, sent at 1010 on a connection that took 4 ms (1 of them TLS); role at 1060, tokens from 1100 to 1300 (11 of them), finish reason at 1302,
 * ended at 1305.
 */
const record = recordOf({
  intendedMs: 1000,
  sentMs: 1010,
  connectMs: 3,
  tlsMs: 1,
  headersMs: 1050,
  firstChunkMs: 1060,
  firstOutputMs: 1100,
  lastOutputMs: 1300,
  lastChunkMs: 1302,
  endMs: 1305,
});

test('one request under each definition', () => {
  const expected: Record<CompatName, Partial<RequestTimes>> = {
    // From 1006, when a client asks its pool; the role is the first token, the finish reason the end.
    vllm: { ttftMs: 54, latencyMs: 296, tpotMs: 24.2 },
    // TPOT holds the time to the first token, over all tokens; ITL is a mean of the request.
    guidellm: { ttftMs: 94, latencyMs: 299, tpotMs: 294 / 11, itlMs: 20 },
    // Ends at the last chunk with output.
    aiperf: { ttftMs: 94, latencyMs: 294, tpotMs: 20, itlMs: 20, beganMs: 1006 },
    'inference-perf': { ttftMs: 94, latencyMs: 299, tpotMs: 20, beganMs: 1006 },
    // From the schedule, to the end of the answer.
    mlperf: { ttftMs: 100, latencyMs: 305, tpotMs: 20.5 },
    suite: { ttftMs: 90, latencyMs: 295, tpotMs: 20.5 },
  };
  for (const name of compatNames) {
    const { generationTokensPerSecond, ...times } = compatDefinition(name).times(record);
    assert.deepEqual(times, expected[name], name);
    assert.equal(generationTokensPerSecond, 50, name);
  }
});

test('an answer in one piece has a latency and nothing else, but what GuideLLM divides by tokens', () => {
  const whole = recordOf({ streamed: false, firstChunkMs: null, lastChunkMs: null, firstOutputMs: null, lastOutputMs: null, outputChunks: 1 });
  for (const name of compatNames) {
    const { ttftMs, tpotMs, latencyMs, itlMs } = compatDefinition(name).times(whole);
    assert.ok(latencyMs > 300, name);
    assert.equal(ttftMs, null, name);
    assert.equal(tpotMs, name === 'guidellm' ? 304 / 11 : null, name);
    assert.ok(itlMs === undefined || itlMs === null, name);
  }
});

test('a record of an older log, without the stamps of a role, gives vLLM no time to first token', () => {
  const { ttftMs, tpotMs } = compatDefinition('vllm').times(recordOf({ firstChunkMs: null, lastChunkMs: null }));
  assert.deepEqual([ttftMs, tpotMs], [null, null]);
});

test('no definition divides by nothing or gives a negative time', () => {
  const stamps = fc
    .array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 8, maxLength: 8 })
    .map((times) => times.toSorted((a, b) => a - b) as [number, number, number, number, number, number, number, number]);
  fc.assert(
    fc.property(
      stamps,
      fc.option(fc.nat(2000)),
      fc.option(fc.double({ min: 0, max: 1e4, noNaN: true })),
      fc.boolean(),
      (at, outputTokens, connectMs, streamed) => {
        const [intendedMs, sentMs, headersMs, firstChunkMs, firstOutputMs, lastOutputMs, lastChunkMs, endMs] = at;
        const one = recordOf({
          intendedMs,
          sentMs,
          headersMs,
          firstChunkMs,
          firstOutputMs,
          lastOutputMs,
          lastChunkMs,
          endMs,
          outputTokens,
          connectMs,
          streamed,
        });
        for (const name of compatNames) {
          const { latencyMs, ttftMs, tpotMs, itlMs } = compatDefinition(name).times(one);
          for (const ms of [latencyMs, ttftMs, tpotMs, itlMs ?? null]) assert.ok(ms === null || (Number.isFinite(ms) && ms >= 0), `${name}: ${ms}`);
          if (ttftMs !== null) assert.ok(ttftMs <= latencyMs, name);
        }
      },
    ),
  );
});

test('requests that a rate counts', () => {
  const counted = (name: CompatName) => compatDefinition(name).ratedRequests(10, 3);
  assert.deepEqual(Object.fromEntries(compatNames.map((name) => [name, counted(name)])), {
    vllm: 10,
    guidellm: 10,
    aiperf: 10,
    'inference-perf': 10,
    mlperf: 9,
    suite: 13,
  });
  assert.equal(compatDefinition('mlperf').ratedRequests(0, 0), 0);
});

test('every definition says whose it is and where it was read', () => {
  for (const name of compatNames) {
    const { source, title } = compatDefinition(name);
    assert.ok(compatNote(compatDefinition(name)).includes(title));
    if (name !== 'suite') assert.match(source, /^[\w-]+\/[\w-]+, .*\.(py|md|cc)\b/, name);
  }
});

test('a mean per request is one inter-token latency, and a window goes from the first begin to the last end', () => {
  const meter = new Meter(compatDefinition('aiperf').times);
  meter.record(record);
  meter.record({ ...record, intendedMs: 2000, sentMs: 2000, connectMs: null, tlsMs: null, firstOutputMs: 2100, lastOutputMs: 2400, endMs: 2400 });
  const series = meter.seriesMeter('chat');
  assert.deepEqual([series.distributions.get('itl_ms')?.count, series.distributions.get('itl_ms')?.mean()], [2, 25]);
  assert.equal(series.windowSeconds, (2400 - 1006) / 1000);
  const own = new Meter();
  own.record(record);
  assert.deepEqual([own.seriesMeter('chat').distributions.get('itl_ms')?.count, own.seriesMeter('chat').windowSeconds], [0, null]);
});
