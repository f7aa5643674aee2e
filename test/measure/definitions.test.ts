import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ownTimes } from '../../src/measure/definitions.ts';
import { recordOf } from './records.ts';

const gap = fc.double({ min: 0, max: 60_000, noNaN: true });

/** A streamed answer with at least two tokens, whatever its times. */
const streamed = fc.record({ start: gap, queue: gap, first: gap, generation: gap, tail: gap, tokens: fc.integer({ min: 2, max: 5000 }) });

test('latency = TTFT + TPOT x (tokens - 1) + tail after the last token, on every record', () => {
  fc.assert(
    fc.property(streamed, ({ start, queue, first, generation, tail, tokens }) => {
      const firstOutputMs = start + queue + first;
      const lastOutputMs = firstOutputMs + generation;
      const endMs = lastOutputMs + tail;
      const record = recordOf({ intendedMs: start, sentMs: start + queue, firstOutputMs, lastOutputMs, endMs, outputTokens: tokens });
      const { latencyMs, ttftMs, tpotMs } = ownTimes(record);
      const sum = (ttftMs as number) + (tpotMs as number) * (tokens - 1) + (endMs - lastOutputMs);
      assert.ok(Math.abs(latencyMs - sum) < 1e-6, `${latencyMs} is not ${sum}`);
    }),
  );
});

test('every time counts from the schedule, however late the request was sent', () => {
  const onTime = ownTimes(recordOf({ intendedMs: 1000, sentMs: 1000, firstOutputMs: 1500, lastOutputMs: 1700, endMs: 1710 }));
  const late = ownTimes(recordOf({ intendedMs: 1000, sentMs: 1400, firstOutputMs: 1500, lastOutputMs: 1700, endMs: 1710 }));
  assert.deepEqual(late, onTime);
  assert.deepEqual([late.latencyMs, late.ttftMs], [710, 500]);
});

test('TPOT is the time from the first to the last output chunk over the steps between tokens', () => {
  assert.equal(ownTimes(recordOf()).tpotMs, 20);
  assert.equal(ownTimes(recordOf({ outputTokens: 3 })).tpotMs, 100);
  assert.equal(ownTimes(recordOf()).generationTokensPerSecond, 50);
});

test('below two tokens there is no TPOT', () => {
  for (const outputTokens of [0, 1, null]) {
    const times = ownTimes(recordOf({ outputTokens, lastOutputMs: 100 }));
    assert.equal(times.tpotMs, null);
    assert.equal(times.generationTokensPerSecond, null);
    assert.equal(times.ttftMs, 100);
  }
});

test('all tokens in one chunk: the TPOT is zero, and a speed cannot be told', () => {
  const times = ownTimes(recordOf({ lastOutputMs: 100, outputChunks: 1 }));
  assert.deepEqual([times.tpotMs, times.generationTokensPerSecond], [0, null]);
});

test('an answer in one piece has a latency and nothing else', () => {
  const times = ownTimes(recordOf({ streamed: false, firstOutputMs: null, lastOutputMs: null }));
  assert.deepEqual(times, { latencyMs: 305, ttftMs: null, tpotMs: null, generationTokensPerSecond: null });
});

test('a stream without output has no first token', () => {
  assert.equal(ownTimes(recordOf({ firstOutputMs: null, lastOutputMs: null, outputTokens: 0 })).ttftMs, null);
});
