import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ConfigError, ExitCode, UserError } from '../../src/config/errors.ts';
import { startMock } from '../../src/mock/server.ts';
import { ask, askJson, askStream, contentOf, engineOf, type Json, sampleOf, until } from './helpers.ts';

const usageOptions = { stream_options: { include_usage: true } };

test('a chat is answered in whole, and the same way again', async () => {
  await using engine = await engineOf({ models: ['alpha', 'beta'] });
  const answer = await askJson(engine, { max_tokens: 100 });
  assert.equal(answer.object, 'chat.completion');
  assert.equal(answer.model, 'alpha');
  assert.equal(answer.choices[0].message.role, 'assistant');
  assert.equal(answer.choices[0].finish_reason, 'stop');
  // "<user>\nhello\n<assistant>\n" is 26 characters.
  assert.deepEqual(answer.usage, { prompt_tokens: 7, completion_tokens: 12, total_tokens: 19, prompt_tokens_details: { cached_tokens: 0 } });
  assert.equal(answer.choices[0].message.content.length, 48);
  const again = await askJson(engine);
  assert.equal(again.choices[0].message.content, answer.choices[0].message.content);
  assert.notEqual(again.id, answer.id);
  const other = await askJson(engine, { seed: 5, model: 'beta' });
  assert.notEqual(other.choices[0].message.content, answer.choices[0].message.content);
  assert.equal(other.model, 'beta');
});

test('a stream says the same as the whole answer, a chunk a token, and ends properly', async () => {
  await using engine = await engineOf();
  const whole = await askJson(engine);
  const events = await askStream(engine, usageOptions);
  assert.equal(contentOf(events), whole.choices[0].message.content);
  assert.equal(events.at(-1)!.data, '[DONE]');
  const chunks = events.slice(0, -1).map(({ data }) => data);
  assert.equal(chunks.length, 1 + 12 + 1);
  assert.deepEqual(chunks[0].choices[0].delta, { role: 'assistant', content: '' });
  assert.equal(new Set(chunks.map((chunk: Json) => chunk.id)).size, 1);
  assert.deepEqual(
    chunks.slice(0, -1).map((chunk: Json) => chunk.choices[0].finish_reason),
    [...Array(12).fill(null), 'stop'],
  );
  assert.deepEqual(chunks.at(-1).choices, []);
  assert.deepEqual(chunks.at(-1).usage, whole.usage);
  assert.ok((await askStream(engine)).every(({ data }) => data.usage === undefined));
});

test('completions are answered in whole and as a stream, from a text or token ids', async () => {
  await using engine = await engineOf();
  const path = '/v1/completions';
  const whole = await askJson(engine, { prompt: 'hello world!' }, { path });
  assert.equal(whole.object, 'text_completion');
  assert.equal(whole.usage.prompt_tokens, 3);
  const events = await askStream(engine, { prompt: 'hello world!', ...usageOptions }, { path });
  assert.equal(events.map(({ data }) => data?.choices?.[0]?.text ?? '').join(''), whole.choices[0].text);
  assert.deepEqual(events.at(-2)!.data.usage, whole.usage);
  assert.equal((await askJson(engine, { prompt: [5, 6, 7, 8, 9] }, { path })).usage.prompt_tokens, 5);
  assert.equal((await askJson(engine, { prompt: ['hello world!'] }, { path })).usage.prompt_tokens, 3);
});

test('the length follows max_tokens, min_tokens, ignore_eos and stop', async () => {
  await using engine = await engineOf({ naturalTokens: 6 });
  const lengths = async (body: Record<string, unknown>) => {
    const { usage, choices } = await askJson(engine, body);
    return [usage.completion_tokens, choices[0].finish_reason];
  };
  assert.deepEqual(await lengths({ max_tokens: 4 }), [4, 'length']);
  assert.deepEqual(await lengths({ max_completion_tokens: 5, max_tokens: 2 }), [5, 'length']);
  assert.deepEqual(await lengths({ max_tokens: 40 }), [6, 'stop']);
  assert.deepEqual(await lengths({ max_tokens: 40, min_tokens: 9 }), [9, 'stop']);
  assert.deepEqual(await lengths({ max_tokens: 40, ignore_eos: true }), [40, 'length']);
  const text: string = (await askJson(engine)).choices[0].message.content;
  const stopped = await askJson(engine, { stop: ['\n', text.slice(9, 11)] });
  assert.equal(stopped.choices[0].message.content, text.slice(0, text.indexOf(text.slice(9, 11))));
  assert.equal(stopped.choices[0].finish_reason, 'stop');
  assert.ok(stopped.usage.completion_tokens <= 3);
  const streamed = await askStream(engine, { stop: text.slice(9, 11) });
  assert.equal(contentOf(streamed), stopped.choices[0].message.content);
});

test('the shapes of a stream are those of the options', async () => {
  const roleOf = async (roleChunk: 'early' | 'empty' | 'null' | 'merged' | 'none') => {
    await using engine = await engineOf({ roleChunk });
    const events = await askStream(engine);
    assert.equal(contentOf(events).length, 48);
    return events[0]!.data.choices[0].delta;
  };
  assert.deepEqual(await roleOf('early'), { role: 'assistant', content: '' });
  assert.deepEqual(await roleOf('null'), { role: 'assistant', content: null });
  assert.deepEqual(Object.keys(await roleOf('merged')), ['role', 'content']);
  assert.deepEqual(Object.keys(await roleOf('none')), ['content']);

  await using own = await engineOf({ finishChunk: 'own', usage: 'content', tokensPerChunk: 5, roleChunk: 'none' });
  const chunks = (await askStream(own, usageOptions)).slice(0, -1).map(({ data }) => data);
  assert.deepEqual(
    chunks.map((chunk: Json) => [chunk.choices[0].delta.content.length, chunk.choices[0].finish_reason, chunk.usage?.completion_tokens]),
    [
      [20, null, undefined],
      [20, null, undefined],
      [8, null, undefined],
      [0, 'stop', 12],
    ],
  );
  await using silent = await engineOf({ usage: 'none' });
  assert.ok((await askStream(silent, usageOptions)).every(({ data }) => data.usage === undefined));
});

test('an early role chunk comes long before the first token', async () => {
  await using engine = await engineOf({ roleChunk: 'early', decodeStepMs: 3_600_000 });
  const response = await ask(engine, { stream: true }, { signal: AbortSignal.timeout(60_000) });
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  assert.match(Buffer.from(value!).toString(), /"role":"assistant","content":""/);
  await reader.cancel();
});

test('continuous usage counts up in every chunk', async () => {
  await using engine = await engineOf({ tokensPerChunk: 2 });
  const body = { stream_options: { include_usage: true, continuous_usage_stats: true } };
  const counts = (await askStream(engine, body)).map(({ data }) => data.usage?.completion_tokens).filter((count) => count !== undefined);
  assert.deepEqual(counts, [2, 4, 6, 8, 10, 12, 12]);
  await using without = await engineOf({ continuousUsage: false });
  assert.equal((await askStream(without, body)).filter(({ data }) => data.usage !== undefined).length, 1);
});

test('reasoning goes before the content, into the field asked for', async () => {
  await using engine = await engineOf({ reasoningTokens: 3, reasoningField: 'reasoning' });
  const events = await askStream(engine, { ...usageOptions, max_tokens: 10 });
  assert.equal(contentOf(events, 'reasoning').length, 12);
  assert.equal(contentOf(events).length, 28);
  assert.equal(events.at(-2)!.data.usage.completion_tokens_details.reasoning_tokens, 3);
  const whole = await askJson(engine);
  assert.equal(whole.choices[0].message.reasoning, contentOf(events, 'reasoning'));
  assert.equal(whole.usage.completion_tokens, 15);
});

test('response_format is obeyed', async () => {
  await using engine = await engineOf();
  const schema = {
    type: 'object',
    properties: { name: { type: 'string' }, tags: { type: 'array', items: { enum: ['a'] }, minItems: 2 } },
    required: ['name', 'tags'],
  };
  const response_format = { type: 'json_schema', json_schema: { name: 'thing', schema } };
  assert.deepEqual(JSON.parse((await askJson(engine, { response_format })).choices[0].message.content), { name: 'text', tags: ['a', 'a'] });
  assert.deepEqual(JSON.parse(contentOf(await askStream(engine, { response_format }))), { name: 'text', tags: ['a', 'a'] });
  assert.equal((await askJson(engine, { response_format, max_tokens: 3 })).choices[0].finish_reason, 'length');
  assert.deepEqual(JSON.parse((await askJson(engine, { response_format: { type: 'json_object' } })).choices[0].message.content), { answer: 'text' });
});

test('bad requests are refused in the words of the API', async () => {
  await using engine = await engineOf({ strictModel: true, models: ['alpha'], maxModelLen: 100 });
  const chat = '/v1/chat/completions';
  const cases: [string, string, number, RegExp][] = [
    [chat, '{"messages": [', 400, /not JSON/],
    [chat, '[]', 400, /JSON object/],
    [chat, '{}', 400, /messages: expected at least one/],
    [chat, '{"messages": []}', 400, /messages: expected at least one/],
    [chat, '{"messages": [{"content": "x"}]}', 400, /messages\[0\]/],
    [chat, '{"messages": [{"role": "user", "content": 5}]}', 400, /messages\[0\]\.content/],
    [chat, '{"messages": [{"role": "user", "content": "x"}], "max_tokens": 0}', 400, /max_tokens: expected a whole number/],
    [chat, '{"messages": [{"role": "user", "content": "x"}], "n": 2}', 400, /n: expected 1/],
    [chat, '{"messages": [{"role": "user", "content": "x"}], "temperature": 9}', 400, /temperature/],
    [chat, '{"messages": [{"role": "user", "content": "x"}], "max_tokens": 3, "min_tokens": 4}', 400, /min_tokens/],
    [chat, '{"messages": [{"role": "user", "content": "x"}], "stream_options": {"include_usage": true}}', 400, /stream is true/],
    [chat, '{"messages": [{"role": "user", "content": "x"}], "max_tokens": 99}', 400, /holds 100 tokens; the prompt has 6 and 99/],
    [chat, JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(400) }] }), 400, /Shorten the prompt/],
    [chat, '{"messages": [{"role": "user", "content": "x"}], "model": "beta"}', 404, /"beta" does not exist; there is alpha/],
    [chat, '{"messages": [{"role": "user", "content": "x"}], "response_format": {"type": "xml"}}', 400, /response_format\.type/],
    ['/v1/completions', '{}', 400, /prompt: expected/],
    ['/v1/completions', '{"prompt": ["a", "b"]}', 400, /prompt: expected one text/],
    ['/v1/nothing', '{}', 404, /nothing at \/v1\/nothing/],
    ['/v1/models', '{}', 405, /takes GET/],
  ];
  for (const [path, body, status, message] of cases) {
    const response = await fetch(engine.url + path, { method: 'POST', body });
    assert.equal(response.status, status, body);
    const { error } = (await response.json()) as Json;
    assert.match(error.message, message);
    assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code']);
  }
  assert.equal((await askJson(engine)).choices[0].finish_reason, 'stop');
});

test('a body beyond the bound is refused before it is read to its end', async () => {
  await using engine = await engineOf();
  const status = await new Promise((resolve, reject) => {
    const request = httpRequest(`${engine.url}/v1/completions`, { method: 'POST', headers: { 'content-length': 2 ** 40 } }, (response) => {
      resolve(response.statusCode);
      request.destroy();
    });
    request.on('error', reject);
    request.write('{"prompt": "');
  });
  assert.equal(status, 413);
});

test('models, health and their plain counterparts', async () => {
  await using engine = await engineOf({ models: ['alpha', 'beta'], maxModelLen: 5000, kvCacheTokens: 1000 });
  const get = async (path: string) => (await fetch(engine.url + path)).json() as Promise<Json>;
  const { object, data } = await get('/v1/models');
  assert.equal(object, 'list');
  assert.deepEqual(
    data.map((model: Json) => [model.id, model.max_model_len]),
    [
      ['alpha', 992],
      ['beta', 992],
    ],
  );
  assert.deepEqual(await get('/health?x=1'), { status: 'ok' });
  assert.deepEqual(await get('/api/v1/health'), { status: 'ok' });
  assert.deepEqual(await get('/api/v1/models'), { models: ['alpha', 'beta'] });
});

test('the API key opens the API, by either header, and is not asked for by health and metrics', async () => {
  await using engine = await engineOf({ apiKey: 'k1' });
  const status = async (path: string, headers: Record<string, string> = {}) => (await fetch(engine.url + path, { headers })).status;
  for (const path of ['/v1/models', '/api/v1/health', '/api/v1/models']) {
    assert.equal(await status(path), 401);
    assert.equal(await status(path, { authorization: 'Bearer wrong' }), 401);
    assert.equal(await status(path, { authorization: 'Bearer k1' }), 200);
    assert.equal(await status(path, { 'x-api-key': 'k1' }), 200);
  }
  assert.equal((await ask(engine)).status, 401);
  assert.equal(await status('/health'), 200);
  assert.equal(await status('/metrics'), 200);
});

test('until the start delay is over everything but the metrics answers 503', async () => {
  let nowMs = 0;
  await using engine = await engineOf({ startDelayMs: 3_600_000 }, { now: () => nowMs });
  for (const path of ['/health', '/v1/models', '/api/v1/health']) assert.equal((await fetch(engine.url + path)).status, 503);
  assert.equal((await ask(engine)).status, 503);
  assert.equal((await fetch(`${engine.url}/metrics`)).status, 200);
  nowMs = 3_600_000;
  assert.equal((await fetch(`${engine.url}/health`)).status, 200);
});

test('a beginning seen before is found in the prefix cache', async () => {
  await using engine = await engineOf();
  const messages = [{ role: 'user', content: 'x'.repeat(1000) }];
  assert.equal((await askJson(engine, { messages })).usage.prompt_tokens_details.cached_tokens, 0);
  const { usage, choices } = await askJson(engine, { messages });
  assert.ok(usage.prompt_tokens_details.cached_tokens > usage.prompt_tokens - 32);
  // Each model has a cache of its own.
  assert.equal((await askJson(engine, { messages, model: 'other' })).usage.prompt_tokens_details.cached_tokens, 0);
  const next = [...messages, choices[0].message, { role: 'user', content: 'and then?' }];
  const turn = await askJson(engine, { messages: next });
  // The whole of the first turn, its answer included, as far as it fills blocks.
  assert.equal(turn.usage.prompt_tokens_details.cached_tokens, Math.floor((usage.prompt_tokens * 4 - 2 + 48) / 64) * 16);
  await using without = await engineOf({ prefixCache: false });
  await askJson(without, { messages });
  assert.equal((await askJson(without, { messages })).usage.prompt_tokens_details.cached_tokens, 0);
});

test('a full queue refuses, and a client that goes frees its place at once', async () => {
  await using engine = await engineOf({ maxBatch: 1, maxQueue: 1, decodeStepMs: 3_600_000, overloadStatus: 429, retryAfterSeconds: 7 });
  const goes = new AbortController();
  const pending = [ask(engine, { stream: true }, { signal: goes.signal }), ask(engine, {}, { signal: goes.signal })];
  const failed = Promise.allSettled(pending.map(async (response) => (await response).text()));
  await until('one running and one waiting', () => engine.stats().running === 1 && engine.stats().waiting === 1);
  const refused = await ask(engine);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('retry-after'), '7');
  goes.abort();
  await failed;
  await until('both places free', () => engine.stats().running === 0 && engine.stats().waiting === 0);
  assert.equal(engine.stats().kvCacheUsage, 0);
  assert.equal(engine.stats().finished.abort, 2);
});

test('tokens never come before their time, and slowFactor stretches the schedule exactly', async () => {
  const timed = async (slowFactor: number) => {
    await using engine = await engineOf({ slowFactor, decodeStepMs: 4, decodeStepMsPerSequence: 1, prefillTokensPerSecond: 700 });
    // 7 tokens of prefill at 0.7 per ms, then 12 steps of 5 ms.
    const leastMs = (10 + 12 * 5) * slowFactor;
    for (const stream of [true, false]) {
      const begin = performance.now();
      await (await ask(engine, { stream })).text();
      assert.ok(performance.now() - begin >= leastMs);
    }
    const values: number[] = [];
    for (const name of ['e2e_request_latency', 'time_to_first_token', 'inter_token_latency'])
      values.push(await sampleOf(engine, `vllm:${name}_seconds_sum`));
    return values;
  };
  const plain = await timed(1);
  const slow = await timed(1.3);
  assert.ok(Math.abs(plain[0]! - 2 * 0.07) < 1e-9);
  for (const [index, value] of plain.entries()) assert.ok(Math.abs(slow[index]! / value - 1.3) < 1e-9);
});

test('many streams at once are all answered in full', async () => {
  await using engine = await engineOf({ maxBatch: 16, naturalTokens: 30, jitterPercent: 20 });
  const answers = await Promise.all(
    Array.from({ length: 64 }, (_, index) => askStream(engine, { messages: [{ role: 'user', content: `question ${index}` }] })),
  );
  for (const events of answers) {
    assert.equal(contentOf(events).length, 120);
    assert.equal(events.at(-1)!.data, '[DONE]');
  }
  assert.equal(engine.stats().generationTokens, 64 * 30);
  assert.ok(engine.stats().latenessMs!.p50 >= 0);
});

test('every so many requests there is a line in the log', async () => {
  const lines: string[] = [];
  await using engine = await engineOf({ logEvery: 2 }, { log: (line) => lines.push(line) });
  for (let index = 0; index < 4; index++) await askJson(engine);
  assert.equal(lines[0], `llm-bench mock: listening on ${engine.url}`);
  assert.deepEqual(
    lines.slice(1).map((line) => line.replace(/requests,.*/, 'requests')),
    ['llm-bench mock: 2 requests', 'llm-bench mock: 4 requests'],
  );
});

test('close cuts what does not end, and leaves nothing listening', async () => {
  const engine = await startMock({ decodeStepMs: 3_600_000 });
  const answer = ask(engine, { stream: true }).then((response) => response.text());
  await until('a running request', () => engine.stats().running === 1);
  await Promise.all([assert.rejects(answer), engine.close()]);
  await engine.close();
  await assert.rejects(new Promise((resolve, reject) => connect(engine.port, '127.0.0.1').once('connect', resolve).once('error', reject)), {
    code: 'ECONNREFUSED',
  });
});

test('a port that is taken, and options that are wrong, are named', async () => {
  await using engine = await engineOf();
  await assert.rejects(startMock({ port: engine.port }), (error: unknown) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.exitCode, ExitCode.service);
    assert.match(error.message, new RegExp(`127.0.0.1:${engine.port}: something else listens`));
    return true;
  });
  await assert.rejects(startMock({ maxBatch: 0, seed: 1.5, usage: 'never' as never }), (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(
      error.issues.map(({ file }) => file),
      ['mock option maxBatch', 'mock option seed', 'mock option usage'],
    );
    return true;
  });
});
