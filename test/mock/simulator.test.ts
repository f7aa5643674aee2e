import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockTokens } from '../../src/mock/kv-cache.ts';
import { createRandom } from '../../src/mock/random.ts';
import { blocksOf, type Sequence, type SequenceSpec, Simulator, type SimulatorConfig } from '../../src/mock/simulator.ts';

const plain: SimulatorConfig = {
  prefillTokensPerSecond: 1000,
  decodeStepMs: 10,
  decodeStepMsPerSequence: 1,
  maxBatch: 4,
  maxQueue: 1000,
  maxBatchedTokens: 256,
  kvCacheTokens: 4096,
  prefixCache: true,
  jitterPercent: 0,
  slowFactor: 1,
};

const nothingDue = () => assert.fail('a token is due too early');

interface Arrival {
  atMs: number;
  promptTokens: number;
  outputTokens: number;
  /** Requests of one family begin alike. */
  family: number;
  /** Cancelled after so many tokens. */
  cancelAfter: number | null;
}

function specOf(arrival: Arrival, slow = 1): SequenceSpec {
  const promptBlocks = Math.floor(arrival.promptTokens / blockTokens);
  const allBlocks = Math.floor((arrival.promptTokens + arrival.outputTokens) / blockTokens);
  const hash = (index: number) => arrival.family * 1_000_000 + index;
  return {
    promptTokens: arrival.promptTokens,
    outputTokens: arrival.outputTokens,
    promptHashes: Array.from({ length: promptBlocks }, (_, index) => hash(index)),
    outputHashes: Array.from({ length: allBlocks - promptBlocks }, (_, index) => hash(promptBlocks + index)),
    slow,
  };
}

interface Run {
  tokens: { id: number; dueMs: number; last: boolean }[];
  refused: number;
  mostRunning: number;
  mostBlocks: number;
  simulator: Simulator<number>;
}

/** Plays arrivals; `lookMs` says how often the caller looks, null: exactly when something is due. */
function play(config: SimulatorConfig, arrivals: readonly Arrival[], lookMs: number | null, seed = 1): Run {
  const simulator = new Simulator<number>(config, createRandom(seed));
  const run: Run = { tokens: [], refused: 0, mostRunning: 0, mostBlocks: 0, simulator };
  const counts = new Map<number, number>();
  const sink = (sequence: Sequence<number>, dueMs: number, last: boolean) => {
    run.tokens.push({ id: sequence.payload, dueMs, last });
    const count = (counts.get(sequence.payload) ?? 0) + 1;
    counts.set(sequence.payload, count);
    if (count === arrivals[sequence.payload]!.cancelAfter) simulator.cancel(sequence, dueMs);
    note();
  };
  const note = () => {
    run.mostRunning = Math.max(run.mostRunning, simulator.running);
    run.mostBlocks = Math.max(run.mostBlocks, simulator.usedBlocks);
  };
  let nowMs = 0;
  let next = 0;
  const order = arrivals.map((arrival, id) => ({ ...arrival, id })).sort((a, b) => a.atMs - b.atMs || a.id - b.id);
  for (let turn = 0; next < order.length || simulator.nextEventMs() < Number.POSITIVE_INFINITY; turn++) {
    assert.ok(turn < 1_000_000, 'the simulation does not end');
    const arrivalMs = order[next]?.atMs ?? Number.POSITIVE_INFINITY;
    const eventMs = simulator.nextEventMs();
    nowMs = Math.min(arrivalMs, lookMs === null ? eventMs : Math.max(nowMs + lookMs, nowMs));
    simulator.advance(nowMs, sink);
    while (order[next] && order[next]!.atMs <= nowMs) {
      const arrival = order[next]!;
      if (simulator.offer(specOf(arrival), arrival.id, arrival.atMs) === null) run.refused += 1;
      next += 1;
    }
    simulator.advance(nowMs, sink);
    note();
  }
  return run;
}

const arrival = fc.record({
  atMs: fc.integer({ min: 0, max: 2000 }),
  promptTokens: fc.integer({ min: 1, max: 600 }),
  outputTokens: fc.integer({ min: 1, max: 40 }),
  family: fc.integer({ min: 0, max: 3 }),
  cancelAfter: fc.option(fc.integer({ min: 1, max: 20 }), { freq: 4 }),
});
const arrivals = fc.array(arrival, { minLength: 1, maxLength: 25 });
const config = fc.record({
  prefillTokensPerSecond: fc.integer({ min: 100, max: 50_000 }),
  decodeStepMs: fc.double({ min: 0.01, max: 30, noNaN: true }),
  decodeStepMsPerSequence: fc.double({ min: 0, max: 3, noNaN: true }),
  maxBatch: fc.integer({ min: 1, max: 8 }),
  maxQueue: fc.integer({ min: 0, max: 10 }),
  maxBatchedTokens: fc.integer({ min: 1, max: 1000 }),
  kvCacheTokens: fc.integer({ min: 656, max: 4000 }),
  prefixCache: fc.boolean(),
  jitterPercent: fc.integer({ min: 0, max: 90 }),
  slowFactor: fc.constant(1),
});

test('every accepted request gets its tokens, in order, once, and never early; batch and cache hold', () => {
  fc.assert(
    fc.property(config, arrivals, fc.option(fc.integer({ min: 1, max: 300 })), (settings, requests, lookMs) => {
      const run = play(settings, requests, lookMs);
      assert.ok(run.mostRunning <= settings.maxBatch);
      assert.ok(run.mostBlocks <= Math.floor(settings.kvCacheTokens / blockTokens));
      assert.equal(run.simulator.usedBlocks, 0);
      assert.equal(run.simulator.running + run.simulator.waiting, 0);
      let served = 0;
      for (const [id, request] of requests.entries()) {
        const tokens = run.tokens.filter((token) => token.id === id);
        if (tokens.length === 0) continue;
        served += 1;
        assert.equal(tokens.length, Math.min(request.outputTokens, request.cancelAfter ?? request.outputTokens));
        assert.deepEqual(
          tokens.map((token) => token.last),
          tokens.map((_, index) => index === request.outputTokens - 1),
        );
        assert.ok(tokens[0]!.dueMs > request.atMs);
        for (const [index, token] of tokens.entries()) if (index > 0) assert.ok(token.dueMs > tokens[index - 1]!.dueMs);
      }
      assert.equal(served + run.refused, requests.length);
    }),
    { numRuns: 150 },
  );
});

test('the schedule depends on the seed and the arrivals, not on how often the caller looks', () => {
  fc.assert(
    fc.property(config, arrivals, fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 1000 }), (settings, requests, lookMs, seed) => {
      // A cancellation, and a full queue, do depend on when they are noticed.
      const quiet = requests.map((request) => ({ ...request, cancelAfter: null }));
      const wide = { ...settings, maxQueue: 1000 };
      const exact = play(wide, quiet, null, seed);
      assert.deepEqual(play(wide, quiet, null, seed).tokens, exact.tokens);
      assert.deepEqual(play(wide, quiet, lookMs, seed).tokens, exact.tokens);
    }),
    { numRuns: 100 },
  );
});

test('slowFactor scales every time', () => {
  fc.assert(
    fc.property(config, arrivals, fc.constantFrom(0.5, 1.3, 2, 4), (settings, whole, slowFactor) => {
      // Odd moments: an arrival at the very end of a step could fall on its other side by a rounding error.
      const requests = whole.map((request, index) => ({ ...request, atMs: request.atMs + (index + 1) * 0.012_345_67 }));
      const scaled = requests.map((request) => ({ ...request, atMs: request.atMs * slowFactor }));
      const fast = play(settings, requests, null).tokens;
      const slow = play({ ...settings, slowFactor }, scaled, null).tokens;
      assert.equal(slow.length, fast.length);
      for (const [index, token] of fast.entries()) {
        assert.equal(slow[index]!.id, token.id);
        assert.ok(Math.abs(slow[index]!.dueMs - token.dueMs * slowFactor) <= 1e-9 * slow[index]!.dueMs);
      }
    }),
    { numRuns: 100 },
  );
});

test('the times of one request are those of the formula', () => {
  const run = play(plain, [{ atMs: 100, promptTokens: 50, outputTokens: 3, family: 0, cancelAfter: null }], null);
  // 50 tokens of prefill at 1 per ms, and a step of 10 + 1 ms.
  assert.deepEqual(
    run.tokens.map((token) => token.dueMs),
    [161, 172, 183],
  );
});

test('a step grows with the batch, and a long prompt is processed in chunks', () => {
  const together = [0, 1].map((family) => ({ atMs: 0, promptTokens: 1, outputTokens: 2, family, cancelAfter: null }));
  assert.deepEqual(
    play(plain, together, null).tokens.map((token) => token.dueMs),
    [14, 14, 26, 26],
  );
  const long = play(plain, [{ atMs: 0, promptTokens: 600, outputTokens: 1, family: 0, cancelAfter: null }], null);
  assert.deepEqual(
    long.tokens.map((token) => token.dueMs),
    [600 + 3 * 11],
  );
});

test('blocks of a known beginning need no prefill, except that the last token is always computed', () => {
  const one = { promptTokens: 64, outputTokens: 1, family: 7, cancelAfter: null };
  const requests = [
    { ...one, atMs: 0 },
    { ...one, atMs: 1000 },
  ];
  const run = play(plain, requests, null);
  assert.deepEqual(
    run.tokens.map((token) => token.dueMs),
    [75, 1000 + 16 + 11],
  );
  assert.equal(run.simulator.prefixQueries, 128);
  assert.equal(run.simulator.prefixHits, 48);
  assert.equal(play({ ...plain, prefixCache: false }, requests, null).tokens[1]!.dueMs, 1075);
});

test('the output of one turn is found by the next', () => {
  const first = { atMs: 0, promptTokens: 32, outputTokens: 33, family: 1, cancelAfter: null };
  const second = { atMs: 10_000, promptTokens: 80, outputTokens: 1, family: 1, cancelAfter: null };
  const run = play(plain, [first, second], null);
  assert.equal(run.simulator.prefixHits, 64);
});

test('a full cache makes requests wait, and a cancelled one frees its place at once', () => {
  const simulator = new Simulator<string>({ ...plain, kvCacheTokens: 160 }, createRandom(1));
  const big = specOf({ atMs: 0, promptTokens: 100, outputTokens: 50, family: 0, cancelAfter: null });
  assert.equal(blocksOf(big), 10);
  const first = simulator.offer(big, 'first', 0)!;
  simulator.advance(0, nothingDue);
  simulator.offer(specOf({ atMs: 0, promptTokens: 10, outputTokens: 1, family: 1, cancelAfter: null }), 'second', 1);
  simulator.advance(50, nothingDue);
  assert.deepEqual([simulator.running, simulator.waiting, simulator.usedBlocks], [1, 1, 10]);
  simulator.cancel(first, 50);
  simulator.cancel(first, 50);
  assert.equal(simulator.usedBlocks, 0);
  const due: number[] = [];
  simulator.advance(1000, (sequence, dueMs) => due.push(dueMs, sequence.admittedMs!));
  assert.deepEqual(due, [50 + 10 + 11, 50]);
  assert.throws(() => simulator.offer({ ...big, promptTokens: 1000 }, 'never', 60), RangeError);
});

test('beyond batch and queue a request is refused', () => {
  const simulator = new Simulator<number>({ ...plain, maxBatch: 1, maxQueue: 1 }, createRandom(1));
  const spec = specOf({ atMs: 0, promptTokens: 10, outputTokens: 5, family: 0, cancelAfter: null });
  assert.ok(simulator.offer(spec, 0, 0));
  assert.ok(simulator.offer(spec, 1, 0));
  assert.equal(simulator.offer(spec, 2, 0), null);
  simulator.advance(0, nothingDue);
  assert.equal(simulator.offer(spec, 3, 0), null);
});

test('a slow sequence is stretched from its arrival and delays nobody', () => {
  const simulator = new Simulator<string>(plain, createRandom(1));
  const spec = specOf({ atMs: 0, promptTokens: 10, outputTokens: 2, family: 0, cancelAfter: null });
  simulator.offer({ ...spec, slow: 3 }, 'slow', 100);
  simulator.offer({ ...spec, promptHashes: [] }, 'plain', 100);
  const seen: [string, number, boolean][] = [];
  while (simulator.nextEventMs() < Number.POSITIVE_INFINITY) {
    simulator.advance(simulator.nextEventMs(), (sequence, dueMs, last) => seen.push([sequence.payload, dueMs, last]));
  }
  assert.deepEqual(seen, [
    ['plain', 132, false],
    ['plain', 144, true],
    ['slow', 196, false],
    ['slow', 232, true],
  ]);
});
