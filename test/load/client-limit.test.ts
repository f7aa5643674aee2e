import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { LoadLoop } from '../../src/load/loop.ts';
import { steadyUsers } from '../../src/load/pacing/pacers.ts';
import { wireContext } from '../../src/load/wire.ts';
import type { RequestRecord } from '../../src/measure/record.ts';
import { protocolOf } from '../../src/protocol/registry.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { createWorkload } from '../../src/workload/workload.ts';

const scenario = {
  name: 'chat',
  seed: 1,
  request: { api: 'chat' as const, stream: false, max_tokens: [2], max_tokens_cap: null, prompt_tokens: [5] },
};

/** A machine that has no socket for the first attempts, and then one for each. */
function shortOfSockets(attempts: number): Transport {
  let left = attempts;
  return {
    send(_, sink) {
      setImmediate(() => {
        const nowMs = performance.now();
        if (left-- > 0) sink.onError('client_limit', 'connect EMFILE', nowMs);
        else {
          sink.onSent(nowMs);
          sink.onHeaders(200, ['content-type', 'application/json'], nowMs);
          const body = Buffer.from('{"choices":[{"index":0,"message":{"content":"a b"},"finish_reason":"stop"}]}');
          sink.reader.data(body, 0, body.length, nowMs);
          sink.onEnd(nowMs);
        }
      });
      return () => {};
    },
    warm: async () => ({ opened: [], failed: 0, error: null }),
    close: async () => {},
  };
}

function loopOver(transport: Transport, records: RequestRecord[]): LoadLoop {
  const protocol = protocolOf(scenario.request);
  assert.ok(protocol);
  return new LoadLoop({
    transport,
    protocol,
    wire: wireContext({ baseUrl: 'http://127.0.0.1', scenario, targetHeaders: {}, userAgent: 'test' }),
    workload: createWorkload({ ...scenario, timeout: 9, warmup: 0, load: { executor: 'closed' } }, { model: 'm' }, {}),
    deadlines: { totalMs: 60_000, firstTokenMs: null, idleMs: null },
    gapRule: 'tokens',
    retry: { maxAttempts: 5, baseMs: 1 },
    countTokens: null,
    budget: null,
    scenario: 'chat',
    checkModel: false,
    share: { first: 0, of: 1 },
    alarm: () => assert.fail('a closed load has no alarm'),
    checker: null,
    neighbours: null,
    registrar: null,
    onRecord: (record) => void records.push(record),
    onWarmUp: () => {},
  });
}

test('what this machine had no socket for is known also where the next attempt succeeded', async () => {
  const records: RequestRecord[] = [];
  const loop = loopOver(shortOfSockets(3), records);
  let taken = 0;
  await loop.run({
    phase: { label: {}, pacer: steadyUsers(1), requests: 2, durationMs: null },
    startMs: performance.now(),
    firstIndex: 0,
    takeIndex: () => (taken < 2 ? taken++ : null),
    exhausted: () => taken >= 2,
    measured: true,
  });
  assert.deepEqual(
    records.map(({ error, attempts }) => [error, attempts]),
    [
      [null, 4],
      [null, 1],
    ],
  );
  assert.deepEqual(loop.counts.take().limited, { attempts: 3, example: 'connect EMFILE' });
  assert.deepEqual(loop.counts.take().limited, { attempts: 0, example: null });
});

test('the warm-up is not measured', async () => {
  const loop = loopOver(shortOfSockets(3), []);
  await loop.warmUp(2, 1, 0);
  assert.equal(loop.counts.take().limited.attempts, 0);
});
