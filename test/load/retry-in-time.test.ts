import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { measure } from '../../src/jobs/measure/measure.ts';
import type { LoadControl } from '../../src/load/load-run.ts';
import type { RequestRecord } from '../../src/measure/record.ts';
import { chatServer, until } from '../cli/harness.ts';
import { Projects, set } from '../jobs/project.ts';

const projects = new Projects();
after(() => projects.close());

async function drive(
  url: string,
  settings: Record<string, unknown>,
  signal = new AbortController().signal,
  onControl: (control: LoadControl) => void = () => {},
) {
  const records: RequestRecord[] = [];
  const overrides = Object.entries(settings).map(([key, value]) => set(key, value));
  const options = await projects.open({}, [set('target.base_url', url), ...overrides], {
    onRecord: (record) => void records.push(record),
    signal,
    onControl,
  });
  const { document } = await measure(options);
  assert.ok(document);
  return { document, records };
}

/** Fails every request but the one that is sent ahead. */
function failing(status = 503) {
  return chatServer({ tokenMs: 1, answer: (_, response, number) => number > 1 && Boolean(response.writeHead(status).end('busy')) });
}

test('nothing is sent again once the time of the load is over', async () => {
  await using server = await failing();
  const begun = performance.now();
  const { document, records } = await drive(server.url, {
    'load.concurrency': 2,
    'load.duration': '1s',
    retry: { max_attempts: 9, base: 1000 },
  });
  assert.ok(performance.now() - begun < 400_000, 'the pause before the next attempt is not waited for');
  assert.deepEqual([document.results.failed, document.errors.map(({ kind, count }) => [kind, count])], [2, [['http_5xx', 2]]]);
  // The failure is as old as the attempt that it was.
  for (const { attempts, headersMs, endMs } of records) assert.ok(attempts === 1 && headersMs !== null && endMs >= headersMs, `${attempts} ${endMs}`);
});

test('nor where every request had been taken before', async () => {
  const seen = new Set<string>();
  // One prompt is never answered, the others are.
  await using server = await chatServer({
    tokenMs: 1,
    answer: ({ body }, response, number) => {
      if (number > 1 && seen.size === 0) seen.add(body);
      return seen.has(body) && Boolean(response.writeHead(503).end('busy'));
    },
  });
  const settings = { 'load.concurrency': 2, 'load.requests': 4, 'load.duration': '4s', 'request.prompt_tokens': [9] };
  const { document } = await drive(server.url, { ...settings, retry: { max_attempts: 9, base: 1000 } });
  assert.deepEqual([document.results.successful, document.results.failed], [3, 1]);
});

test('nor where whoever watches the load ends it', async () => {
  await using server = await failing();
  const { promise, resolve } = Promise.withResolvers<LoadControl>();
  const driven = drive(server.url, { 'load.concurrency': 2, 'load.requests': 50, retry: { max_attempts: 9, base: 1000 } }, undefined, resolve);
  const control = await promise;
  // The request sent ahead, and one of each user.
  await until('each user to have failed', () => server.seen.length === 3);
  control.finish();
  const { document } = await driven;
  assert.deepEqual([document.results.failed, document.stop_reason, document.partial], [2, 'ended', false]);
});

test('a load of so many requests waits for each to succeed', async () => {
  const seen = new Map<string, number>();
  await using server = await chatServer({
    tokenMs: 1,
    answer: ({ body }, response, number) => {
      const times = (seen.get(body) ?? 0) + 1;
      seen.set(body, times);
      return number > 1 && times < 3 && Boolean(response.writeHead(503).end('busy'));
    },
  });
  const retry = { max_attempts: 5, base: 0.01 };
  const { document } = await drive(server.url, { 'load.concurrency': 3, 'load.requests': 3, 'request.prompt_tokens': [9], retry });
  assert.deepEqual([document.results.successful, document.results.failed, document.retries?.max_attempts], [3, 0, 3]);
});

test('given up while it waits for its next attempt a request is cancelled, neither successful nor failed', async () => {
  await using server = await failing();
  const stop = new AbortController();
  const running = drive(server.url, { 'load.concurrency': 3, 'load.requests': 3, retry: { max_attempts: 9, base: 60 } }, stop.signal);
  await until('every request to fail once', () => server.seen.length >= 4);
  await new Promise((resolve) => setTimeout(resolve, 100));
  stop.abort('interrupted');
  const { document } = await running;
  assert.deepEqual([document.results.successful, document.results.failed], [0, 0]);
  assert.deepEqual(
    document.errors.map(({ kind, count }) => [kind, count]),
    [['cancelled', 3]],
  );
});

test('the pauses before retries are not the client’s lateness, and late sends are counted of all requests', async () => {
  const seen = new Set<string>();
  await using server = await chatServer({
    tokenMs: 1,
    answer: ({ body }, response, number) => {
      const again = seen.has(body);
      seen.add(body);
      return number > 1 && !again && Boolean(response.writeHead(503).end('busy'));
    },
  });
  const retry = { max_attempts: 3, base: 2 };
  const load = { 'load.executor': 'constant_rate', 'load.rate': 50, 'load.requests': 10, 'request.prompt_tokens': [9] };
  const { document, records } = await drive(server.url, { ...load, retry });
  assert.equal(document.results.successful, 10);
  for (const { firstSentMs, sentMs, intendedMs } of records) {
    assert.ok(firstSentMs !== undefined && firstSentMs !== null && sentMs !== null);
    assert.ok(firstSentMs >= intendedMs && sentMs - firstSentMs >= 1000, `${intendedMs} ${firstSentMs} ${sentMs}`);
  }
  const lateness = document.series[0]?.metrics['send_lateness_ms'];
  const latest = Math.max(...records.map(({ firstSentMs, intendedMs }) => (firstSentMs ?? 0) - intendedMs));
  assert.ok(
    lateness && 'max' in lateness && lateness.max !== null && Math.abs(lateness.max - latest) < 0.01,
    `${JSON.stringify(lateness)} ${latest}`,
  );
});

test('arrivals that failed are arrivals too', async () => {
  // Never answers: the requests in flight time out, the others find no place.
  await using server = await chatServer({ answer: (_, _response, number) => number > 1, tokenMs: 1 });
  const load = { 'load.executor': 'constant_rate', 'load.rate': 50, 'load.requests': 20, 'load.max_in_flight': 2 };
  const { document } = await drive(server.url, { ...load, timeout: '5s' });
  const check = document.validity.checks.find(({ name }) => name === 'dropped_arrivals');
  assert.match(check?.detail ?? '', /^18 of 20 arrivals/);
});
