import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readTrace, replayRows } from '../../../src/config/scenario/trace-file.ts';
import { levelsOf } from '../../../src/load/levels.ts';
import type { LoadControl } from '../../../src/load/load-run.ts';
import { searchSummary } from '../../../src/load/search-summary.ts';
import { startMock } from '../../../src/mock/server.ts';
import { chatServer } from '../../cli/harness.ts';
import { drive } from './drive.ts';
import { arrivals, phasesOf } from './schedule.ts';

let url = '';
let close = async () => {};
before(async () => {
  const mock = await startMock({ decodeStepMs: 1 });
  url = mock.url;
  close = () => mock.close();
});
after(() => close());

const range = (count: number) => [...Array(count).keys()];

for (const [name, load] of [
  ['constant_rate', { rate: 100, requests: 40 }],
  ['poisson', { rate: 100, requests: 40 }],
  ['gamma', { rate: 100, shape: 0.4, requests: 40 }],
  [
    'ramping_rate',
    {
      stages: [
        { rate: 80, duration: 0.8 },
        { rate: 0, duration: 0.2 },
      ],
    },
  ],
  ['spike', { unit: 'rate', base: 10, height: 120, width: 0.2, period: 0.5, duration: 1 }],
  ['soak', { rate: 50, duration: 0.8 }],
] as const) {
  test(`${name}: two threads send the schedule, each request at its time`, async () => {
    const schedule = arrivals(
      phasesOf(name, load, 5)[0],
      'requests' in load ? load.requests : 1000,
      'duration' in load ? load.duration * 1000 : undefined,
    );
    const { records, stopReason, phases } = await drive(url, name, load, { workers: 2 });
    assert.deepEqual(
      records.map(({ index }) => index),
      range(schedule.length),
    );
    for (const { index, intendedMs, error } of records) {
      assert.ok(Math.abs(intendedMs - (schedule[index] as number)) < 0.01, `request ${index} at ${intendedMs}, scheduled at ${schedule[index]}`);
      assert.equal(error, null);
    }
    assert.equal(stopReason, 'requests' in load ? 'completed' : 'duration');
    assert.equal(phases.length, 1);
  });
}

test('where no usage comes all output is counted, not only the content of the first choice', async () => {
  const events = [
    { reasoning: ' think' },
    { tool_calls: [{ index: 0, function: { arguments: ' word' } }] },
    { refusal: ' no' },
    { content: ' word' },
  ];
  const choices = [...events.map((delta) => ({ index: 0, delta })), { index: 1, delta: { content: ' word' } }];
  await using server = await chatServer({
    answer(_seen, response) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const choice of choices) response.write(`data: ${JSON.stringify({ choices: [choice] })}\n\n`);
      response.end('data: [DONE]\n\n');
      return true;
    },
  });
  const { records } = await drive(server.url, 'closed', { concurrency: 1, requests: 2 });
  assert.deepEqual(
    records.map(({ outputTokens }) => outputTokens),
    [5, 5],
  );
});

test('machines and threads partition a schedule exactly', async () => {
  const load = { rate: 200, requests: 31 };
  const parts = await Promise.all([0, 1].map((index) => drive(url, 'poisson', load, { workers: index + 1, shard: { index, count: 2 } })));
  const indices = parts.flatMap(({ records }) => records.map(({ index }) => index)).sort((a, b) => a - b);
  assert.deepEqual(indices, range(31));
  const schedule = arrivals(phasesOf('poisson', load, 5)[0], 31);
  for (const { records } of parts)
    for (const { index, intendedMs } of records) assert.ok(Math.abs(intendedMs - (schedule[index] as number)) < 0.01, `request ${index}`);
});

test('arrivals beyond max_in_flight are dropped and counted, never sent late', async () => {
  const slow = await startMock({ decodeStepMs: 100 });
  try {
    const { records, meter, phases } = await drive(slow.url, 'constant_rate', { rate: 100, requests: 30, max_in_flight: 3 }, { maxTokens: 5 });
    const dropped = phases[0]?.outcome.dropped ?? 0;
    assert.ok(dropped > 0 && records.length >= 3);
    assert.equal(records.length + dropped, 30);
    assert.equal(meter.dropped, dropped);
  } finally {
    await slow.close();
  }
});

test('max_in_flight is the bound of the machine, however many threads it has', async () => {
  let [now, most] = [0, 0];
  await using server = await chatServer({
    answer(_seen, response, number) {
      if (number === 1) return false;
      most = Math.max(most, ++now);
      // Longer than the whole schedule, so that nobody leaves room before all have come.
      setTimeout(() => {
        now--;
        response.writeHead(503).end();
      }, 1000);
      return true;
    },
  });
  const { records, phases } = await drive(server.url, 'constant_rate', { rate: 200, requests: 40, max_in_flight: 2 }, { workers: 4 });
  assert.equal(most, 2);
  assert.equal(records.length + (phases[0]?.outcome.dropped ?? 0), 40);
});

test('ramping users: as many at once as have joined', async () => {
  const { records, stopReason } = await drive(url, 'ramping_users', { users: 4, spawn_rate: 10, duration: 0.8, think_time: '5ms' }, { workers: 2 });
  assert.equal(stopReason, 'duration');
  // The n-th user joins after (n - 1) tenths of a second.
  for (const { intendedMs } of records) {
    const users = Math.min(4, 1 + Math.floor(intendedMs / 100 + 0.05));
    const atOnce = records.filter((other) => other.intendedMs <= intendedMs && other.endMs > intendedMs).length;
    assert.ok(atOnce <= users, `${atOnce} at ${intendedMs} ms`);
  }
  assert.ok(records.some(({ intendedMs }) => intendedMs > 300));
});

test('users who left and are wanted back do not come twice', async () => {
  const slow = await startMock({ decodeStepMs: 20 });
  try {
    // An answer takes 200 ms, and the users begin 36 ms apart: some are told to leave and have left, others are still at work, when six are wanted again.
    const stages = [
      { users: 6, duration: 0.18 },
      { users: 6, duration: 0.12 },
      { users: 1, duration: 0 },
      { users: 1, duration: 0.06 },
      { users: 6, duration: 0 },
      { users: 6, duration: 0.6 },
    ];
    const { records } = await drive(slow.url, 'ramping_users', { stages }, { maxTokens: 10 });
    for (const { intendedMs } of records) {
      const atOnce = records.filter((other) => other.intendedMs <= intendedMs && other.endMs > intendedMs).length;
      assert.ok(atOnce <= 6, `${atOnce} at ${intendedMs} ms`);
    }
    assert.ok(records.length > 6);
  } finally {
    await slow.close();
  }
});

test('steps: every level its requests, its label and its figures', async () => {
  const { phases, records, meter } = await drive(url, 'steps', { levels: [1, 3, 6], total_requests: 40 }, { workers: 2 });
  assert.deepEqual(
    phases.map(({ outcome }) => outcome.phase.succeeded),
    [14, 13, 13],
  );
  assert.deepEqual([...meter.series.keys()].toSorted(), ['driven/concurrency=1', 'driven/concurrency=3', 'driven/concurrency=6']);
  assert.deepEqual(
    records.map(({ index }) => index),
    range(40),
  );
  const levels = levelsOf(phases, true);
  assert.deepEqual(
    levels.map(({ load, unit, requests, error_rate, dropped }) => [load, unit, requests, error_rate, dropped]),
    [
      [1, 'users', 14, 0, 0],
      [3, 'users', 13, 0, 0],
      [6, 'users', 13, 0, 0],
    ],
  );
  for (const level of levels) {
    assert.equal(level.p95_ratio, (level.p95_latency_s ?? 0) / (levels[0]?.p95_latency_s ?? 0));
    assert.ok((level.tokens_per_sec ?? 0) > 0 && Math.abs((level.tokens_per_sec ?? 0) / (level.requests_per_sec ?? 1) - 2) < 1e-9);
  }
});

test('a rule that a level breaks with its last request leaves out the next level; after the last level there is nothing to stop', async () => {
  await using server = await chatServer({ answer: (_, response, number) => number > 1 && Boolean(response.writeHead(500).end()) });
  const scenario = { stop: { max_error_rate: 10 } };
  const steps = await drive(server.url, 'steps', { levels: [1, 2], requests: 20 }, { scenario });
  assert.deepEqual([steps.phases.length, steps.stopReason, steps.records.length], [1, 'error_rate', 20]);
  const one = await drive(server.url, 'closed', { concurrency: 1, requests: 20 }, { scenario });
  assert.deepEqual([one.phases.length, one.stopReason, one.records.length], [1, 'completed', 20]);
});

test('requests that time out break a rule of latency', async () => {
  await using server = await chatServer({
    answer: (_, response, number) => number > 1 && number % 2 === 0 && Boolean(response.writeHead(200).flushHeaders() ?? true),
  });
  const scenario = { timeout: 0.3, stop: { max_p95_latency: 0.2 } };
  const { stopReason, records } = await drive(server.url, 'closed', { concurrency: 4, requests: 100_000 }, { scenario });
  assert.equal(stopReason, 'p95_latency');
  assert.ok(records.some(({ error }) => error === 'timeout_total'));
});

test('of a level whose users are all of other machines a machine keeps the time', async () => {
  const { phases, records } = await drive(url, 'steps', { levels: [1, 2], duration: 0.3 }, { shard: { index: 1, count: 2 } });
  assert.deepEqual(
    phases.map(({ outcome }) => outcome.stopReason),
    ['duration', 'duration'],
  );
  assert.ok(phases.every(({ outcome }) => outcome.durationMs >= 300));
  assert.ok(records.length > 0 && records.every(({ intendedMs }) => intendedMs >= 300));
});

test('a search finds the load that a service refuses', async () => {
  // Four at once are served, none waits: the fifth is turned away.
  const small = await startMock({ decodeStepMs: 10, maxBatch: 4, maxQueue: 0 });
  try {
    const options = { max: 32, requests: 40, max_error_rate: 0 };
    const { phases, stopReason } = await drive(small.url, 'search', options, { workers: 2, maxTokens: 5 });
    const summary = searchSummary(levelsOf(phases, true), { max_error_rate: 0 });
    assert.deepEqual(
      [summary?.unit, summary?.max_sustainable_load, summary?.breaking_point?.load, summary?.breaking_point?.rule],
      ['users', 4, 5, 'max_error_rate'],
    );
    assert.deepEqual(
      phases.map(({ phase }) => phase.label['concurrency']),
      [1, 2, 4, 8, 6, 5],
    );
    assert.equal(stopReason, 'completed');
  } finally {
    await small.close();
  }
});

test('a rule of stop breaks a level also where its last answers broke it, all of its requests having been sent', async () => {
  // The refusals come so quickly that the requests are sent before the rule can be heard of.
  const small = await startMock({ decodeStepMs: 10, maxBatch: 4, maxQueue: 0 });
  const scenario = { stop: { max_error_rate: 10 } };
  try {
    const searched = await drive(small.url, 'search', { max: 32, requests: 40, max_error_rate: 100 }, { scenario, maxTokens: 5 });
    const summary = searchSummary(levelsOf(searched.phases, true), { max_error_rate: 100 });
    assert.deepEqual([summary?.max_sustainable_load, summary?.breaking_point?.load, summary?.stable_levels], [4, 5, [1, 2, 4]]);
    assert.equal(summary?.breaking_point?.rule, 'stop.max_error_rate');
    // That is how a search comes to its end.
    assert.equal(searched.stopReason, 'completed');
    const stepped = await drive(small.url, 'steps', { levels: [2, 8, 16], requests: 40 }, { scenario, maxTokens: 5 });
    assert.deepEqual(
      stepped.phases.map(({ phase, outcome }) => [phase.label['concurrency'], outcome.stopReason]),
      [
        [2, 'completed'],
        [8, 'error_rate'],
      ],
    );
    assert.equal(stepped.stopReason, 'error_rate');
  } finally {
    await small.close();
  }
});

test('a load whose end is asked for says so, and so does the level that it cuts off', async () => {
  let control: LoadControl | null = null;
  const input = {
    onControl(given: LoadControl) {
      control = given;
    },
    onRecord: () => control?.finish(),
  };
  const { phases, stopReason } = await drive(url, 'steps', { levels: [1, 2], requests: 1_000_000 }, { input });
  assert.deepEqual([phases.length, phases[0]?.outcome.stopReason, stopReason], [1, 'ended', 'ended']);
  // Users of the dashboard stay until they are sent away: that is their end.
  assert.equal((await drive(url, 'interactive', { users: 1, duration: 3600 }, { input })).stopReason, 'completed');
});

test('goodput: answers within the objective are counted, and too few of them break a level', async () => {
  const search = { max: 4, requests: 10, min_goodput: 90, slo: { ttft: '20s', latency: '30s' } };
  const held = await drive(url, 'search', search);
  assert.deepEqual(
    held.phases.map(({ outcome }) => [outcome.phase.good, outcome.phase.succeeded]),
    [
      [10, 10],
      [10, 10],
      [10, 10],
    ],
  );
  const broken = await drive(url, 'search', { ...search, slo: { latency: 0.000_001 } });
  assert.equal(broken.phases[0]?.outcome.phase.good, 0);
  assert.equal(searchSummary(levelsOf(broken.phases, true), { max_error_rate: 1, min_goodput: 90 })?.breaking_point?.rule, 'min_goodput');
});

test('a trace is replayed: its times, its lengths, its shared beginnings in the cache of the service', async () => {
  const path = fileURLToPath(new URL('../../fixtures/traces/mooncake-conversation.jsonl', import.meta.url));
  const trace = replayRows(await readTrace(path), { speed: 40, max_requests: 12 }).map((row) => ({ ...row, outputTokens: 3 }));
  const service = await startMock({
    decodeStepMs: 1,
    prefillTokensPerSecond: 1_000_000,
    maxModelLen: 200_000,
    kvCacheTokens: 2_000_000,
    prefixCache: true,
  });
  try {
    const { records } = await drive(service.url, 'trace', { file: path, speed: 40, max_requests: 12 }, { trace, workers: 2 });
    assert.deepEqual(
      records.map(({ index }) => index),
      range(12),
    );
    for (const { index, intendedMs, inputTokens, outputTokens, error } of records) {
      const row = trace[index];
      assert.equal(error, null);
      assert.ok(Math.abs(intendedMs - (row?.atMs ?? 0)) < 0.01);
      assert.equal(outputTokens, 3);
      // The embedded engine estimates; that the text has exactly its tokens is tested where it is made.
      assert.ok((inputTokens ?? 0) >= (row?.inputTokens ?? 0) / 2 && (inputTokens ?? 0) <= 2 * (row?.inputTokens ?? 0), `${inputTokens}`);
    }
    assert.ok(records.some(({ cachedTokens }) => (cachedTokens ?? 0) >= 500));
  } finally {
    await service.close();
  }
});

test('classes are series of their own', async () => {
  const classes = {
    prompt: [
      { name: 'short', weight: 1, tokens: 5 },
      { name: 'long', weight: 3, tokens: 50 },
    ],
  };
  const { records, meter } = await drive(url, 'closed', { requests: 40, concurrency: 4 }, { request: { classes, prompt_tokens: undefined } });
  assert.equal(records.length, 40);
  assert.deepEqual([...meter.series.keys()].toSorted(), ['driven/prompt_class=long', 'driven/prompt_class=short']);
  assert.ok(Math.abs((meter.series.get('driven/prompt_class=short')?.succeeded ?? 0) - 10) <= 2);
});

test('deadlines of a scenario: no first token, no further token', async () => {
  const slow = await startMock({ decodeStepMs: 60_000 });
  try {
    const first = await drive(slow.url, 'closed', { requests: 1, concurrency: 1 }, { scenario: { first_token_timeout: 0.2, timeout: 2 } });
    assert.deepEqual([...first.meter.errors.keys()], ['timeout_first_token']);
  } finally {
    await slow.close();
  }
});

test('a request of a schedule, made while it is waited for, is the one that users would send at its place', async () => {
  const sent = async (name: string, load: Record<string, unknown>) => {
    await using server = await chatServer({ tokens: 1 });
    await drive(server.url, name, load);
    return server.seen.map(({ body }) => body);
  };
  const scheduled = await sent('constant_rate', { rate: 100, requests: 30 });
  assert.equal(new Set(scheduled).size, scheduled.length);
  assert.deepEqual(scheduled, await sent('closed', { concurrency: 1, requests: 30 }));
});

test('a trace stops sending after its duration, a soak after its number of requests', async () => {
  const rows = [0, 20, 40, 600_000].map((atMs) => ({ atMs, inputTokens: 3, outputTokens: 2, blocks: null }));
  const cut = await drive(url, 'trace', { file: 'x.jsonl', duration: 0.5 }, { trace: rows });
  assert.deepEqual([cut.records.length, cut.stopReason], [3, 'duration']);
  const soak = await drive(url, 'soak', { users: 2, duration: '10m', requests: 7 });
  assert.deepEqual([soak.records.length, soak.stopReason], [7, 'completed']);
});

test('of requests and a duration the first ends a load, and is told', async () => {
  const stages = [{ rate: 100, duration: 600 }];
  for (const [name, load] of [
    ['constant_rate', { rate: 100, duration: '10m' }],
    ['poisson', { rate: 100, duration: '10m' }],
    ['gamma', { rate: 100, shape: 0.5, duration: '10m' }],
    ['ramping_rate', { start_rate: 100, stages }],
    ['spike', { unit: 'rate', base: 50, height: 100, width: 1, period: 2, duration: '10m' }],
    ['soak', { rate: 100, duration: '10m' }],
    ['steps', { unit: 'rate', levels: [50, 100], duration: '10m' }],
    ['closed', { concurrency: 2, duration: '10m' }],
  ] as const) {
    const { records, stopReason, phases } = await drive(url, name, { ...load, requests: 6 }, { workers: 2 });
    assert.deepEqual([name, records.length / phases.length, stopReason], [name, 6, 'completed']);
  }
  const rows = [0, 20, 40].map((atMs) => ({ atMs, inputTokens: 3, outputTokens: 2, blocks: null }));
  const replayed = await drive(url, 'trace', { file: 'x.jsonl', duration: '10m' }, { trace: rows });
  assert.deepEqual([replayed.records.length, replayed.stopReason], [3, 'completed']);
  for (const [name, load] of [
    ['poisson', { rate: 50 }],
    ['closed', { concurrency: 2, think_time: 0.05 }],
  ] as const) {
    const { records, stopReason } = await drive(url, name, { ...load, requests: 1_000_000, duration: 0.3 }, { workers: 2 });
    assert.ok(records.length < 1000);
    assert.equal(stopReason, 'duration');
  }
});

test('requests that were all sent before the time was up make a load complete, also where their answers come later', async () => {
  await using server = await chatServer({ tokens: 1, tokenMs: 600 });
  for (const [name, load] of [
    ['closed', { concurrency: 2 }],
    ['constant_rate', { rate: 1000 }],
  ] as const) {
    const { records, stopReason } = await drive(server.url, name, { ...load, requests: 2, duration: 0.3 });
    assert.deepEqual([name, records.length, stopReason], [name, 2, 'completed']);
  }
});
