import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTransport } from '../../src/protocol/connect.ts';
import { protocols } from '../../src/protocol/registry.ts';
import { ask as askOver, options } from '../protocol/harness.ts';
import { ask, engineOf, eventsOf, type Json } from './helpers.ts';

const messages = [{ role: 'user', content: 'hello' }];
const anthropicHeaders = { 'anthropic-version': '2023-06-01' };
const linesOf = (text: string): Json[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test("Ollama's chat: lines, thinking apart, counts on the last one; streamed unless told otherwise", async () => {
  await using engine = await engineOf({ naturalTokens: 6, reasoningTokens: 2 });
  const response = await ask(engine, { model: 'llama3', messages }, { path: '/api/chat' });
  assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
  const lines = linesOf(await response.text());
  const last = lines.pop();
  assert.deepEqual([last.done, last.done_reason, last.eval_count, last.message.content], [true, 'stop', 8, '']);
  assert.ok(lines.every((line) => line.done === false && line.model === 'llama3'));
  assert.equal(lines.filter((line) => line.message.thinking).length, 2);
  const whole: Json = await (await ask(engine, { model: 'llama3', messages, stream: false }, { path: '/api/chat' })).json();
  assert.equal(whole.message.content, lines.map((line) => line.message.content).join(''));
  assert.deepEqual([whole.done, whole.eval_count, whole.prompt_eval_count], [true, 8, last.prompt_eval_count]);
  const short: Json = await (
    await ask(engine, { model: 'llama3', messages, stream: false, options: { num_predict: 3 } }, { path: '/api/chat' })
  ).json();
  assert.deepEqual([short.done_reason, short.eval_count], ['length', 3]);
  const tags: Json = await (await fetch(`${engine.url}/api/tags`)).json();
  assert.deepEqual(
    tags.models.map(({ name }: Json) => name),
    ['mock-model'],
  );
  assert.equal(typeof ((await (await fetch(`${engine.url}/api/version`)).json()) as Json).version, 'string');
});

test("Anthropic's messages: the events in their order, blocks for thinking and text, cached tokens", async () => {
  await using engine = await engineOf({ naturalTokens: 4, reasoningTokens: 2 });
  const body = { model: 'claude', max_tokens: 50, stream: true, system: 'word '.repeat(100), messages };
  const path = '/v1/messages';
  const read = async () => eventsOf(await (await ask(engine, body, { path, headers: anthropicHeaders })).text());
  const events = await read();
  assert.deepEqual(
    events.map(({ event, data }) => {
      assert.equal(event, data.type);
      return data.delta?.type ?? data.content_block?.type ?? data.type;
    }),
    [
      'message_start',
      'ping',
      'thinking',
      'thinking_delta',
      'thinking_delta',
      'content_block_stop',
      'text',
      'text_delta',
      'text_delta',
      'text_delta',
      'text_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ],
  );
  const stop = events.at(-2)?.data;
  assert.deepEqual([stop.delta.stop_reason, stop.usage.output_tokens], ['end_turn', 6]);
  const usage = events[0]?.data.message.usage;
  assert.equal(usage.cache_read_input_tokens, 0);
  const again = (await read())[0]?.data.message.usage;
  assert.ok(again.cache_read_input_tokens > 100, JSON.stringify(again));
  assert.equal(again.input_tokens + again.cache_read_input_tokens, usage.input_tokens);
  const whole: Json = await (await ask(engine, { ...body, stream: false, max_tokens: 4 }, { path, headers: anthropicHeaders })).json();
  assert.deepEqual(
    [whole.type, whole.stop_reason, whole.content.map(({ type }: Json) => type), whole.usage.output_tokens],
    ['message', 'max_tokens', ['thinking', 'text'], 4],
  );
});

test('refusals in the words of each API', async () => {
  await using engine = await engineOf({ models: ['a'], strictModel: true, apiKey: 'k' });
  const refused = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await ask(engine, { messages, ...body }, { path, headers });
    return [response.status, await response.json()] as [number, Json];
  };
  const [missing, told] = await refused('/api/chat', { model: 'b' });
  assert.equal(missing, 404);
  assert.match(told.error, /does not exist/);
  assert.equal((await refused('/v1/messages', { model: 'a', max_tokens: 1 }, anthropicHeaders))[0], 401, 'no key');
  const key = { 'x-api-key': 'k' };
  const [status, versionless] = await refused('/v1/messages', { model: 'a', max_tokens: 1 }, key);
  assert.deepEqual([status, versionless.type, versionless.error.type], [400, 'error', 'invalid_request_error']);
  assert.match(versionless.error.message, /anthropic-version/);
  const [, lengthless] = await refused('/v1/messages', { model: 'a' }, { ...key, ...anthropicHeaders });
  assert.match(lengthless.error.message, /max_tokens/);
  const [, foreign] = await refused(
    '/v1/messages',
    { model: 'a', max_tokens: 1, messages: [{ role: 'system', content: 'x' }] },
    { ...key, ...anthropicHeaders },
  );
  assert.match(foreign.error.message, /system/);
});

test('a replica names itself, on every answer', async () => {
  await using engine = await engineOf({ replica: 'r2' });
  for (const path of ['/health', '/v1/models', '/nowhere']) assert.equal((await fetch(engine.url + path)).headers.get('x-served-by'), 'r2');
  assert.equal((await ask(engine, { stream: true })).headers.get('x-served-by'), 'r2');
});

for (const [name, headers] of [
  ['ollama', ['content-type', 'application/json']],
  ['anthropic', ['content-type', 'application/json', 'anthropic-version', '2023-06-01']],
] as const) {
  test(`what our own reader makes of it: ${name}`, async () => {
    await using engine = await engineOf({ naturalTokens: 7 });
    const protocol = protocols.get(name);
    assert.ok(protocol);
    const transport = await createTransport({ ...options(engine.url), kind: 'auto' });
    const faulty = (fault: string) => askOver(transport, protocol, {}, { context: { headers: [...headers, 'x-mock-fault', fault] } });
    try {
      const { answer, gaps } = await askOver(transport, protocol, {}, { context: { headers } });
      assert.deepEqual([answer.error, answer.streamed, answer.outputTokens, answer.outputChunks, answer.model], [null, true, 7, 7, 'm']);
      assert.equal(gaps.length, 7);
      assert.ok((answer.inputTokens ?? 0) > 0 && (answer.text ?? '').length > 7);
      assert.ok((answer.firstOutputMs as number) <= (answer.lastOutputMs as number));
      const whole = (await askOver(transport, protocol, { stream: false }, { context: { headers } })).answer;
      assert.deepEqual([whole.error, whole.streamed, whole.outputTokens, whole.text], [null, false, 7, answer.text]);
      for (const [fault, kind] of [
        ['truncate=3', 'truncated'],
        ['close_early=3', 'truncated'],
        ['error_event=2', 'stream_error'],
        ['garbage=1', 'malformed'],
        ['429', 'rate_limited'],
        ['500', 'http_5xx'],
        ['huge_line=2000000', 'too_large'],
      ] as const)
        assert.equal((await faulty(fault)).answer.error, kind, fault);
    } finally {
      await transport.close();
    }
  });
}
