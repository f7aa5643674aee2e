import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { DueHeap } from '../../src/mock/due-heap.ts';
import { type KnownScheduleOptions, type KnownScheduleServer, startKnownSchedule } from '../../src/mock/known-schedule.ts';
import type { Truth } from '../../src/mock/known-truth.ts';
import { type ReadRequest, RequestReader } from '../../src/mock/request-reader.ts';

async function serverOf(t: TestContext, options: Partial<KnownScheduleOptions> = {}): Promise<KnownScheduleServer> {
  const server = await startKnownSchedule({ firstTokenMs: 20, tokenMs: 5, tokens: 4, ...options });
  t.after(() => server.close());
  return server;
}

function ask(server: { url: string }, body: object, path = '/v1/chat/completions'): Promise<Response> {
  return fetch(server.url + path, { method: 'POST', body: JSON.stringify(body) });
}

async function eventsOf(response: Response): Promise<string[]> {
  return (await response.text())
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => event.slice('data: '.length));
}

const contentsOf = (events: string[]) =>
  events
    .filter((event) => event.startsWith('{'))
    .flatMap((event) => JSON.parse(event).choices.map((choice: { delta: { content?: string } }) => choice.delta.content ?? ''));

test('a stream has a role chunk, one chunk a token, usage where asked for, and [DONE]; the stamps keep to the schedule', async (t) => {
  const server = await serverOf(t);
  const events = await eventsOf(await ask(server, { stream: true, stream_options: { include_usage: true } }));
  assert.equal(contentsOf(events).filter((content) => content !== '').length, 4);
  assert.equal(JSON.parse(events[0] as string).choices[0].delta.role, 'assistant');
  assert.equal(JSON.parse(events.at(-2) as string).usage.completion_tokens, 4);
  assert.equal(events.at(-1), '[DONE]');
  const { ttft_ms, itl_ms, requests, tokens } = server.truth();
  assert.deepEqual([requests, tokens], [1, 4]);
  assert.ok((ttft_ms.p50 ?? 0) >= 19.9, `first token after ${ttft_ms.p50} ms`);
  // A gap may be short where the token before it was late.
  assert.ok((itl_ms.p99 ?? -1) >= 0);
});

test('without usage there is none; max_tokens bounds the answer; no stream is one body with its usage', async (t) => {
  const server = await serverOf(t);
  const events = await eventsOf(await ask(server, { stream: true, max_tokens: 2 }));
  assert.equal(contentsOf(events).filter((content) => content !== '').length, 2);
  assert.equal(
    events.some((event) => event.includes('"usage"')),
    false,
  );
  const whole = (await (await ask(server, { max_tokens: 3 })).json()) as { usage: { completion_tokens: number } };
  assert.equal(whole.usage.completion_tokens, 3);
});

test('the truth can be reset; what began before is not counted after', async (t) => {
  const server = await serverOf(t, { firstTokenMs: 60, tokenMs: 20 });
  // The headers come at once, so the answer is under way here.
  const under = await ask(server, { stream: true });
  await fetch(`${server.url}/truth/reset`, { method: 'POST' });
  await under.text();
  const truth = (await (await fetch(`${server.url}/truth`)).json()) as Truth;
  assert.deepEqual(truth, {
    ttft_ms: { p50: null, p99: null },
    itl_ms: { p50: null, p99: null },
    requests: 0,
    tokens: 0,
    lateness_ms: { p50: null, p99: null },
  });
});

test('the unpaced path streams every token however slowly it is read; plain posts are answered and counted', async (t) => {
  const server = await serverOf(t, { tokens: 20_000, firstTokenMs: 60_000 });
  const events = await eventsOf(await ask(server, { stream: true }, '/unpaced/v1/chat/completions'));
  assert.equal(contentsOf(events).filter((content) => content !== '').length, 20_000);
  server.reset();
  for (let i = 0; i < 3; i++) assert.equal((await ask(server, {}, '/plain')).status, 200);
  assert.equal(server.truth().requests, 3);
});

test('what it does not serve is told, and it goes on', async (t) => {
  const server = await serverOf(t);
  assert.equal((await fetch(`${server.url}/nothing`)).status, 404);
  assert.equal((await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body: 'no json' })).status, 400);
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
  assert.equal(((await (await fetch(`${server.url}/v1/models`)).json()) as { data: { id: string }[] }).data[0]?.id, 'known-schedule');
  const socket = connect(server.port, '127.0.0.1');
  socket.write('POST /plain HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  assert.match(bytes.toString(), /^HTTP\/1\.1 411 /);
  socket.destroy();
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
});

test('a client that goes away in mid-stream takes nothing with it', async (t) => {
  const server = await serverOf(t, { tokens: 1000 });
  const gone = new AbortController();
  const response = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body: '{"stream":true}', signal: gone.signal });
  assert.equal(response.status, 200);
  gone.abort();
  assert.equal((await eventsOf(await ask(server, { stream: true, max_tokens: 3 }))).at(-1), '[DONE]');
});

test('the same seed gives the same times, another seed others', async (t) => {
  const timesOf = async (seed: number) => {
    const server = await serverOf(t, { jitter: 0.5, seed, firstTokenMs: 40, tokens: 1 });
    await (await ask(server, { stream: true })).text();
    const { ttft_ms, lateness_ms } = server.truth();
    // The schedule is what was done, less how late it was done.
    return (ttft_ms.p50 ?? 0) - (lateness_ms.p50 ?? 0);
  };
  const [first, again, other] = [await timesOf(1), await timesOf(1), await timesOf(2)];
  assert.ok(Math.abs(first - again) < 1, `${first} and ${again}`);
  assert.ok(first >= 19 && first <= 61 && other >= 19 && other <= 61);
});

test('as a command it tells its address to whoever started it, and ends with them', async () => {
  const cli = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url));
  const child = fork(cli, ['known-schedule', '--tokens', '2', '--first-token-ms', '1'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  assert.equal((await eventsOf(await ask({ url }, { stream: true }))).at(-1), '[DONE]');
  child.disconnect();
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
});

test('requests are read the same however they are split, one after the other on a connection', () => {
  const request = fc.record({
    path: fc.constantFrom('/plain', '/a?b=1'),
    body: fc.string({ maxLength: 30 }),
    method: fc.constantFrom('POST', 'PUT'),
  });
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 40 })), (requests, cuts) => {
      const bytes = Buffer.from(
        requests
          .map(({ method, path, body }) => `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
          .join(''),
      );
      const seen: ReadRequest[] = [];
      const reader = new RequestReader(
        (one) => seen.push({ ...one, body: Buffer.from(one.body) }),
        () => {},
      );
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = cuts.length === 0 ? bytes.length : (cuts[i % cuts.length] as number);
        assert.equal(reader.push(Buffer.from(bytes.subarray(at, at + size))), null);
        at += size;
      }
      assert.deepEqual(
        seen.map(({ method, path, body }) => ({ method, path, body: body.toString() })),
        requests.map(({ method, path, body }) => ({ method, path: path.split('?')[0], body })),
      );
    }),
  );
});

test('bad requests are refused by their status', () => {
  const refused = (head: string) =>
    new RequestReader(
      () => assert.fail('taken for a request'),
      () => {},
    ).push(Buffer.from(`${head}\r\n\r\n`));
  assert.equal(refused('nonsense'), 400);
  assert.equal(refused('POST / HTTP/1.1\r\ncontent-length: many'), 400);
  assert.equal(refused('POST / HTTP/1.1\r\ncontent-length: 999999999999'), 413);
  assert.equal(refused(`GET / HTTP/1.1\r\nx: ${'y'.repeat(70_000)}`), 431);
});

test('the heap gives what is due first, also after the first was put off', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000)), fc.nat(500), (times, later) => {
      const heap = new DueHeap<{ dueMs: number }>();
      for (const dueMs of times) heap.add({ dueMs });
      const first = heap.first();
      if (first) {
        first.dueMs += later;
        heap.firstPutOff();
      }
      const expected = times.toSorted((a, b) => a - b);
      if (expected.length > 0) expected[0] = (expected[0] as number) + later;
      const taken = Array.from({ length: heap.size }, () => heap.shift()?.dueMs);
      assert.deepEqual(
        taken,
        expected.toSorted((a, b) => a - b),
      );
    }),
  );
});
