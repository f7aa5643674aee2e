import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { MockServer } from '../../src/mock/server.ts';
import { ask, askJson, askStream, contentOf, engineOf, eventsOf, type Json, sampleOf, until } from './helpers.ts';

const fault = (name: string) => ({ headers: { 'x-mock-fault': name } });

/** What came of a stream before it ended, and how it ended. */
function rawStream(engine: MockServer, name: string): Promise<{ status: number | undefined; text: string; error: string | null }> {
  return new Promise((resolve) => {
    let status: number | undefined;
    let text = '';
    const end = (error: NodeJS.ErrnoException | null) => resolve({ status, text, error: error ? (error.code ?? error.message) : null });
    const request = httpRequest(`${engine.url}/v1/chat/completions`, { method: 'POST', ...fault(name) }, (response) => {
      status = response.statusCode;
      response.setEncoding('latin1');
      response.on('data', (data: string) => {
        text += data;
      });
      response.on('end', () => end(null));
      response.on('error', end);
    });
    request.on('error', end);
    request.end(JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'hello' }] }));
  });
}

test('faults that come instead of an answer', async () => {
  await using engine = await engineOf({ retryAfterSeconds: 9 });
  const meet = async (name: string) => {
    const response = await ask(engine, {}, fault(name));
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      type: response.headers.get('content-type'),
      text: await response.text(),
    };
  };
  assert.equal((await meet('500')).status, 500);
  assert.match(JSON.parse((await meet('400')).text).error.message, /asked to be refused/);
  assert.deepEqual([(await meet('429')).status, (await meet('429')).retryAfter], [429, '9']);
  assert.deepEqual([(await meet('retry_after=3')).status, (await meet('429=3')).retryAfter], [429, '3']);
  const page = await meet('html500');
  assert.deepEqual([page.status, page.type], [500, 'text/html']);
  assert.match(page.text, /^<!doctype html>/);
  const wrong = await meet('explode');
  assert.equal(wrong.status, 400);
  assert.match(wrong.text, /x-mock-fault: expected one of 400, 429/);
  assert.equal(await sampleOf(engine, 'vllm:generation_tokens_total'), 0);
});

test('a reset and an early close break the stream after some tokens', async () => {
  await using engine = await engineOf({ decodeStepMs: 5 });
  for (const [name, code] of [
    ['reset=3', 'ECONNRESET'],
    ['close_early=3', 'ECONNRESET'],
  ] as const) {
    const { status, text, error } = await rawStream(engine, name);
    assert.equal(status, 200);
    assert.equal(error, code);
    assert.doesNotMatch(text, /finish_reason":"|DONE/);
    assert.equal(contentOf(eventsOf(text)).length, 12);
  }
  await until('the broken ones to be counted', async () => (await sampleOf(engine, 'vllm:request_success_total', '"error"')) === 2);
  assert.equal(engine.stats().running, 0);
  await assert.rejects(ask(engine, {}, fault('reset')));
  await assert.rejects(async () => (await ask(engine, {}, fault('close_early'))).text());
});

test('a reset is seen as such on the wire, an early close as an end', async () => {
  await using engine = await engineOf();
  const ending = (name: string) =>
    new Promise((resolve) => {
      const body = '{"prompt":"hello","stream":true}';
      const socket = connect(engine.port, '127.0.0.1', () => {
        socket.write(`POST /v1/completions HTTP/1.1\r\nhost: x\r\nx-mock-fault: ${name}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      });
      socket.on('data', () => undefined);
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      socket.on('end', () => resolve('end'));
    });
  assert.equal(await ending('reset'), 'ECONNRESET');
  assert.equal(await ending('close_early'), 'end');
});

test('a stall sends nothing more, until the client goes', async () => {
  await using engine = await engineOf();
  const goes = new AbortController();
  const response = await ask(engine, { stream: true }, { ...fault('stall=4'), signal: goes.signal });
  let text = '';
  const reading = (async () => {
    for await (const chunk of response.body!) text += Buffer.from(chunk).toString();
  })();
  await until('four tokens', () => contentOf(eventsOf(text)).length === 16);
  assert.equal(engine.stats().running, 0);
  // Others are served meanwhile, and the stalled one stays as it is.
  for (let index = 0; index < 3; index++) await askJson(engine);
  assert.equal(contentOf(eventsOf(text)).length, 16);
  assert.doesNotMatch(text, /DONE/);
  goes.abort();
  await assert.rejects(reading);

  const silent = await ask(engine, { stream: true }, { ...fault('stall'), signal: AbortSignal.timeout(300) });
  assert.equal(silent.status, 200);
  await assert.rejects(silent.text());
  await assert.rejects(ask(engine, {}, { ...fault('stall'), signal: AbortSignal.timeout(300) }));
});

test('truncated, garbled and erroneous streams end as bodies do, but say no proper end', async () => {
  await using engine = await engineOf();
  const truncated = await rawStream(engine, 'truncate');
  assert.equal(truncated.error, null);
  assert.equal(contentOf(eventsOf(truncated.text)).length, 24);
  assert.doesNotMatch(truncated.text, /DONE|"finish_reason":"/);

  const garbled = await rawStream(engine, 'garbage=2');
  assert.equal(garbled.error, null);
  assert.ok(garbled.text.includes('\xff\xfe'));
  assert.equal(typeof eventsOf(garbled.text).at(-1)!.data, 'string');

  const named = await askStream(engine, {}, fault('error_event'));
  assert.equal(named.at(-1)!.event, 'error');
  assert.match(named.at(-1)!.data.error.message, /failed/);
  const unnamed = await askStream(engine, {}, fault('error_data=0'));
  assert.equal(unnamed.length, 1);
  assert.equal(unnamed[0]!.event, undefined);
  assert.equal(unnamed[0]!.data.error.type, 'server_error');

  await assert.rejects(askJson(engine, {}, fault('truncate')), SyntaxError);
  await assert.rejects(askJson(engine, {}, fault('garbage')), SyntaxError);
  const body: Json = await askJson(engine, {}, fault('error_event'));
  assert.equal(body.error.type, 'server_error');
});

test('a huge line arrives whole, and the answer after it', async () => {
  await using engine = await engineOf({ hugeLineBytes: 300_000 });
  const events = await askStream(engine, {}, fault('huge_line'));
  const lengths = events.map(({ data }) => data?.choices?.[0]?.delta?.content?.length ?? 0);
  assert.equal(Math.max(...lengths), 300_000);
  assert.equal(contentOf(events).length, 300_048);
  assert.equal(events.at(-1)!.data, '[DONE]');
  assert.equal((await askJson(engine, {}, fault('huge_line=5000000'))).choices[0].message.content.length, 5_000_000);
});

test('a huge line waits for a client that reads slowly, and ends when it goes', async () => {
  await using engine = await engineOf({ hugeLineBytes: 1_000_000_000 });
  const before = process.memoryUsage().rss;
  const goes = new AbortController();
  const response = await ask(engine, { stream: true }, { ...fault('huge_line'), signal: goes.signal });
  await until('the tokens to be computed', () => engine.stats().generationTokens === 12);
  assert.ok(process.memoryUsage().rss - before < 300_000_000);
  goes.abort();
  await assert.rejects(response.text());
});

test('a slow request is stretched by its factor; others are not', async () => {
  await using engine = await engineOf({ decodeStepMs: 2, decodeStepMsPerSequence: 0, prefillTokensPerSecond: 1e9, prefixCache: false });
  const sum = () => sampleOf(engine, 'vllm:e2e_request_latency_seconds_sum');
  await askJson(engine);
  const plain = await sum();
  await askJson(engine, {}, fault('slow=2.5'));
  assert.ok(Math.abs((await sum()) / plain - 3.5) < 1e-6);
});

test('rates draw the same faults for the same seed, about as often as asked for', async () => {
  const statuses = async () => {
    await using engine = await engineOf({ faults: { '500': 0.3, '429@5': 0.2 }, seed: 11 });
    const seen: number[] = [];
    for (let index = 0; index < 60; index++) {
      const response = await ask(engine, { max_tokens: 1 });
      seen.push(response.status);
      if (response.status === 429) assert.equal(response.headers.get('retry-after'), '5');
      await response.text();
    }
    return seen;
  };
  const seen = await statuses();
  assert.deepEqual(await statuses(), seen);
  const count = (status: number) => seen.filter((other) => other === status).length;
  // 60 draws of 0.3, 0.2 and 0.5, within some four standard deviations.
  assert.ok(count(500) >= 5 && count(500) <= 32, `500: ${count(500)}`);
  assert.ok(count(429) >= 2 && count(429) <= 25, `429: ${count(429)}`);
  assert.ok(count(200) >= 15 && count(200) <= 45, `200: ${count(200)}`);
});
