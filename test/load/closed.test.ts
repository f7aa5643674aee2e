import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Override } from '../../src/config/overrides.ts';
import { measure } from '../../src/jobs/measure/measure.ts';
import type { RequestRecord } from '../../src/measure/record.ts';
import { startMock } from '../../src/mock/server.ts';
import type { DistributionMetric, ResultDocument } from '../../src/result/document.ts';
import { chatServer, until } from '../cli/harness.ts';
import { Projects, set } from '../jobs/project.ts';

const projects = new Projects();
after(() => projects.close());

/** Drives load at a server that runs; the document and every record. */
async function drive(
  url: string,
  overrides: Override[],
  signal = new AbortController().signal,
  transport: 'auto' | 'socket' | 'undici' = 'auto',
): Promise<{ document: ResultDocument; records: RequestRecord[] }> {
  const records: RequestRecord[] = [];
  const options = await projects.open({}, [set('target.base_url', url), ...overrides], {
    onRecord: (record) => void records.push(record),
    signal,
    transport,
  });
  const { document } = await measure(options);
  assert.ok(document);
  return { document, records };
}

const load = (requests: number, concurrency = 1): Override[] => [set('load.requests', requests), set('load.concurrency', concurrency)];

test('as many requests at once as there are users, never more', async () => {
  let now = 0;
  let most = 0;
  await using server = await chatServer({
    tokenMs: 20,
    answer: (_, response) => {
      most = Math.max(most, ++now);
      response.once('close', () => now--);
      return false;
    },
  });
  const { records } = await drive(server.url, load(40, 5));
  assert.equal(most, 5);
  assert.equal(records.length, 40);
});

test('a pause that no request follows is no part of what was measured', async () => {
  await using server = await chatServer({ tokens: 2, tokenMs: 1 });
  const { document } = await drive(server.url, [...load(6, 3), set('load.think_time', 8)]);
  // One pause lies between the two requests of each user; none after the last.
  assert.ok(document.results.duration_seconds >= 8 && document.results.duration_seconds < 16, String(document.results.duration_seconds));
});

test('token times are of answers that succeeded, whatever came of others before they broke', async () => {
  const chunk = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
  for (const retries of [0, 2]) {
    await using server = await chatServer({
      tokens: 6,
      tokenMs: 1,
      answer: (_, response, number) => {
        if (number % 2 === 1) return false;
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(chunk('one'));
        setTimeout(() => response.write(chunk('two'), () => response.destroy()), 1000);
        return true;
      },
    });
    const again = retries === 0 ? [] : [set('retry', { max_attempts: 1 + retries, base: 0.01 })];
    const { document } = await drive(server.url, [...load(6), set('warmup', 0), ...again]);
    const { successful } = document.results;
    assert.ok(successful >= 3);
    const gaps = document.series[0]?.metrics['itl_ms'] as DistributionMetric;
    assert.equal(gaps.count, 5 * successful);
    assert.ok((gaps.max ?? 0) < 900, `retries ${retries}: ${gaps.max}`);
  }
});

for (const [requests, concurrency] of [
  [1, 1],
  [7, 3],
  [3, 8],
  [100, 16],
] as const) {
  test(`${requests} requests of ${concurrency} users: each index once, no more and no fewer`, async () => {
    await using server = await chatServer({ tokens: 2, tokenMs: 1 });
    const { document, records } = await drive(server.url, load(requests, concurrency));
    assert.deepEqual(
      records.map(({ index }) => index).toSorted((a, b) => a - b),
      [...Array(requests).keys()],
    );
    assert.equal(document.results.total_requests, requests);
    assert.equal(server.seen.length, requests + 1);
    assert.equal(document.stop_reason, 'completed');
  });
}

test('a server whose answers are all empty is told of, and its result is no baseline', async () => {
  await using server = await chatServer({ tokens: 0 });
  const { document } = await drive(server.url, load(4));
  assert.deepEqual([document.results.successful, document.results.output_tokens], [4, 0]);
  assert.match(document.validity.checks.find(({ name }) => name === 'empty_answers')?.detail ?? '', /4 of 4 answers/);
  assert.deepEqual([document.validity.valid, document.admissible], [true, false]);
});

test('warming up is not measured', async () => {
  await using server = await chatServer();
  const { document, records } = await drive(server.url, [...load(5, 2), set('warmup', 9)]);
  assert.deepEqual([records.length, document.results.total_requests, server.seen.length], [5, 5, 15]);
});

test('a user who thinks pauses between an answer and the next request', async () => {
  await using server = await chatServer({ tokens: 1, tokenMs: 0 });
  const { records } = await drive(server.url, [...load(5), set('load.think_time', '100ms')]);
  const ordered = records.toSorted((a, b) => a.index - b.index);
  for (let i = 1; i < ordered.length; i++) {
    const pause = (ordered[i] as RequestRecord).intendedMs - (ordered[i - 1] as RequestRecord).endMs;
    // A timer may fire up to a millisecond before its time by the finer clock.
    assert.ok(pause >= 98, `${pause} ms`);
  }
});

test('times are true: no token before it was sent, none of the time lost', async () => {
  await using server = await chatServer({ tokens: 5, tokenMs: 40 });
  const { document, records } = await drive(server.url, load(6, 2));
  for (const record of records) {
    // Timers of the server may be a millisecond early each. A busy machine reads late, so only what counts from the start has a lower bound.
    assert.ok((record.firstOutputMs as number) - record.intendedMs >= 38);
    assert.ok((record.lastOutputMs as number) - record.intendedMs >= 5 * 38);
    assert.equal(record.outputChunks, 5);
  }
  const { results } = document;
  assert.ok((results.ttft_ms?.min as number) >= 38 && (results.latency_s?.min as number) >= 0.19);
  const spent = records.reduce((sum, { endMs, intendedMs }) => sum + endMs - intendedMs, 0);
  assert.ok(results.duration_seconds * 1000 >= spent / 2 - 1, 'two users cannot spend more than twice the time');
});

for (const [fault, kind] of [
  ['400', 'http_4xx'],
  ['429', 'rate_limited'],
  ['500', 'http_5xx'],
  ['html500', 'http_5xx'],
  ['reset=3', 'reset'],
  ['truncate=3', 'truncated'],
  ['garbage=3', 'malformed'],
  ['error_event=3', 'stream_error'],
  ['error_data=3', 'stream_error'],
  ['stall=3', 'timeout_total'],
] as const) {
  test(`a server with the fault ${fault}: ${kind}`, async () => {
    const engine = await startMock({ logEvery: 0 });
    try {
      const { document } = await drive(engine.url, [...load(4, 2), set('timeout', '1s'), set('request.headers', { 'x-mock-fault': fault })]);
      assert.deepEqual(
        document.errors.map((error) => [error.kind, error.count]),
        [[kind, 4]],
        JSON.stringify(document.errors),
      );
      assert.deepEqual([document.results.failed, document.results.latency_s], [4, null]);
      assert.notEqual(document.errors[0]?.example, '');
    } finally {
      await engine.close();
    }
  });
}

test('a server that drops its connections is not hammered', async () => {
  await using server = await chatServer({
    answer: (_, response) => Boolean(response.socket?.resetAndDestroy()),
  });
  const { document, records } = await drive(server.url, load(6));
  assert.equal(document.errors[0]?.kind, 'reset');
  const ordered = records.toSorted((a, b) => a.index - b.index);
  for (let i = 1; i < ordered.length; i++) {
    const pause = (ordered[i] as RequestRecord).intendedMs - (ordered[i - 1] as RequestRecord).endMs;
    assert.ok(pause >= 48, `${pause} ms`);
  }
});

test('too many errors end the run early, where that is asked for', async () => {
  await using server = await chatServer({
    tokens: 1,
    tokenMs: 10,
    answer: (_, response, number) => number % 2 === 0 && Boolean(response.writeHead(500).end()),
  });
  const { document } = await drive(server.url, [...load(1_000_000, 4), set('stop.max_error_rate', 20)]);
  assert.equal(document.stop_reason, 'error_rate');
  assert.ok(document.results.total_requests >= 20);
  assert.equal(document.partial, false);
});

test('latencies beyond a limit end the run early, where that is asked for', async () => {
  await using server = await chatServer({ tokens: 2, tokenMs: 20 });
  const { document } = await drive(server.url, [...load(1_000_000, 4), set('stop.max_p95_latency', '30ms')]);
  assert.equal(document.stop_reason, 'p95_latency');
});

test('a stall shows in the timeline: seconds of nothing, with everyone waiting', async () => {
  let held: (() => void)[] = [];
  let stalled = false;
  await using server = await chatServer({
    tokens: 1,
    answer: (_, response, number) => {
      if (number < 20) return false;
      stalled = true;
      held.push(() => response.writeHead(500).end());
      return true;
    },
  });
  const run = drive(server.url, load(30, 3));
  await until('the stall', () => stalled);
  await new Promise((wake) => setTimeout(wake, 3200));
  const release = setInterval(() => {
    for (const go of held) go();
    held = [];
  }, 20);
  const { document } = await run.finally(() => clearInterval(release));
  const empty = document.timeline.filter(({ requests }) => requests === 0);
  assert.ok(empty.length >= 2, JSON.stringify(document.timeline));
  assert.ok(
    empty.every((bucket) => bucket.in_flight === 3 && bucket.latency_ms_p95 === null),
    JSON.stringify(document.timeline),
  );
  assert.deepEqual(
    document.timeline.map(({ t }) => t),
    [...document.timeline.keys()],
  );
});

test('a stall at the end of an interrupted run is in the timeline as well', async () => {
  const abort = new AbortController();
  await using server = await chatServer({ tokens: 1, answer: (_, __, number) => number > 10 });
  const run = drive(server.url, load(30, 2), abort.signal);
  await until('the stall', () => server.seen.length > 11);
  await new Promise((wake) => setTimeout(wake, 3500));
  abort.abort('interrupted');
  const { document } = await run;
  assert.ok(document.timeline.length >= 3, JSON.stringify(document.timeline));
  assert.deepEqual(
    document.errors.map(({ kind, count }) => [kind, count]),
    [['cancelled', 2]],
  );
  assert.equal(document.results.failed, 0);
});

test('loads one after the other count their own, whatever came of the one before', async () => {
  let hangsFrom = Number.POSITIVE_INFINITY;
  await using server = await chatServer({ tokens: 3, tokenMs: 1, answer: (_, __, number) => number >= hangsFrom });
  for (const shape of [load(12, 3), [set('load', { executor: 'constant_rate', rate: 200, requests: 12 })]]) {
    const abort = new AbortController();
    hangsFrom = server.seen.length + 3;
    const hanging = drive(server.url, load(20, 4), abort.signal);
    await until('requests that hang', () => server.seen.length > hangsFrom);
    abort.abort('interrupted');
    assert.equal((await hanging).document.stop_reason, 'interrupted');
    hangsFrom = Number.POSITIVE_INFINITY;
    const { document, records } = await drive(server.url, shape);
    assert.deepEqual([document.results.successful, document.errors, document.results.output_tokens], [12, [], 36]);
    assert.deepEqual(
      records.map(({ index }) => index).toSorted((a, b) => a - b),
      [...Array(12).keys()],
    );
  }
});

test('a request that was sent once more, because its kept connection was closed, is counted as such', async () => {
  for (const transport of ['socket', 'undici'] as const) {
    const gone = new Set<number>();
    await using server = await chatServer({
      tokens: 2,
      answer: (_, response, number) => {
        if (number < 5 || gone.size > 0) return false;
        gone.add(number);
        response.socket?.resetAndDestroy();
        return true;
      },
    });
    const { document, records } = await drive(server.url, load(10), undefined, transport);
    assert.deepEqual([document.results.successful, document.errors, document.results.connections?.resent], [10, [], 1]);
    assert.equal(records.filter(({ resent }) => resent).length, 1);
  }
});

test('a server that does not know continuous usage, or any usage, is asked for less', async () => {
  for (const refused of ['continuous_usage_stats', 'stream_options']) {
    await using server = await chatServer({
      answer: ({ body }, response) =>
        body.includes(refused) && Boolean(response.writeHead(400).end(`{"error":{"message":"${refused}: extra fields not permitted"}}`)),
    });
    const { document } = await drive(server.url, load(5, 2));
    assert.deepEqual([document.results.successful, document.errors], [5, []]);
  }
});

test('an answer in one piece where a stream was asked for is measured as what it is', async () => {
  await using server = await chatServer({
    answer: (_, response) =>
      Boolean(
        response.end('{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":1}}'),
      ),
  });
  const { document } = await drive(server.url, load(3));
  assert.deepEqual([document.results.successful, document.results.ttft_ms, document.results.output_tokens], [3, null, 3]);
});

test('the deadline is for one attempt: one that a stall used up leaves the next its whole time', async () => {
  const seen = new Set<string>();
  await using server = await chatServer({
    // Every prompt but the one sent ahead is left without an answer the first time.
    answer: ({ body }) => {
      const stalls = seen.size > 0 && !seen.has(body);
      seen.add(body);
      return stalls;
    },
  });
  const retry = set('retry', { max_attempts: 2, base: 0.01 });
  const { document, records } = await drive(server.url, [...load(3, 3), set('request.prompt_tokens', [9]), set('timeout', '1s'), retry]);
  assert.deepEqual([document.results.failed, document.errors], [0, []]);
  assert.deepEqual(document.retries, { total: 3, mean_attempts: 2, max_attempts: 2 });
  for (const { intendedMs, lastAttemptMs, endMs, attempts } of records) {
    assert.equal(attempts, 2);
    assert.ok(lastAttemptMs !== null && lastAttemptMs - intendedMs >= 999 && endMs >= lastAttemptMs, `${lastAttemptMs} ${intendedMs}`);
  }
  assert.ok((document.results.latency_s?.min ?? 0) >= 0.999, 'latency counts from the first attempt');
  const last = document.series[0]?.metrics['last_attempt_latency_s'];
  assert.ok(last && 'max' in last && last.max !== null && last.max < 1, 'and beside it from the last');
});

test('Retry-After is waited for, however short the pause of the policy', async () => {
  const asked = new Map<string, number[]>();
  await using server = await chatServer({
    answer: ({ body }, response) => {
      const times = asked.get(body) ?? [];
      asked.set(body, [...times, performance.now()]);
      if (asked.size === 1 || times.length > 0) return false;
      response.writeHead(429, { 'retry-after': '1', 'content-type': 'text/html' }).end('<html>later</html>');
      return true;
    },
  });
  const retry = set('retry', { max_attempts: 2, base: 0.001 });
  const { document } = await drive(server.url, [...load(2, 2), set('request.prompt_tokens', [9]), retry]);
  assert.equal(document.results.failed, 0);
  const pauses = [...asked.values()].slice(1).map(([first = 0, second = 0]) => second - first);
  assert.equal(pauses.length, 2);
  for (const pause of pauses) assert.ok(pause >= 995, `${pause} ms`);
});

test('a line of 2 GB is given up where it passes the bound, and takes no memory', async () => {
  const engine = await startMock({ logEvery: 0 });
  try {
    const before = process.memoryUsage.rss();
    const { document } = await drive(engine.url, [...load(3), set('request.headers', { 'x-mock-fault': 'huge_line=2000000000' })]);
    assert.deepEqual(
      document.errors.map(({ kind, count }) => [kind, count]),
      [['too_large', 3]],
    );
    const grownMb = (process.memoryUsage.rss() - before) / 2 ** 20;
    assert.ok(grownMb < 300, `${grownMb.toFixed(0)} MB more`);
  } finally {
    await engine.close();
  }
});
