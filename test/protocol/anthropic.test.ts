import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AnthropicReader, anthropic } from '../../src/protocol/anthropic.ts';
import type { Answer } from '../../src/protocol/protocol.ts';
import { context, spec } from './harness.ts';
import { cutAt, readPieces, timeless } from './native-reader.ts';

const stream = (name: string) => readFileSync(new URL(`../fixtures/streams/${name}`, import.meta.url));
const read = (text: string, more: Parameters<typeof readPieces>[2] = {}) => readPieces(anthropic.createReader(), [Buffer.from(text)], more).answer;
const body = (more: object) => JSON.parse(Buffer.from(anthropic.encode({ ...spec, ...more }, context).body ?? []).toString());
const event = (value: { type: string; [more: string]: unknown }) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
const delta = (value: object) => event({ type: 'content_block_delta', index: 0, delta: value });

test('a request as the API wants it', () => {
  assert.deepEqual(body({}), { model: 'm', max_tokens: 16, messages: [{ role: 'user', content: 'Hello' }], stream: true, temperature: 0 });
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
    { role: 'user', content: 'c' },
  ];
  assert.deepEqual(body({ messages, stream: false, maxTokens: null, temperature: null, extraBody: { top_k: 1 } }), {
    model: 'm',
    max_tokens: 1024,
    system: 'Be brief.',
    messages: messages.slice(1),
    top_k: 1,
  });
  const path = (basePath: string) => anthropic.encode(spec, { ...context, basePath }).path;
  assert.deepEqual([path(''), path('/v1'), path('/gateway')], ['/v1/messages', '/v1/messages', '/gateway/v1/messages']);
});

describe('answers', () => {
  const cases: { name: string; expect: Partial<Answer>; text: string }[] = [
    {
      name: 'anthropic-messages.sse',
      expect: {
        error: null,
        outputChunks: 5,
        inputTokens: 412,
        cachedTokens: 400,
        outputTokens: 89,
        finishReason: 'tool_use',
        model: 'claude-test-1',
      },
      text: 'Okay, "text":"" 世界 😀',
    },
    {
      name: 'anthropic-thinking.sse',
      expect: { error: null, outputChunks: 3, inputTokens: 25, cachedTokens: null, outputTokens: 31, finishReason: 'end_turn' },
      text: 'It is 21.',
    },
    { name: 'anthropic-overloaded.sse', expect: { error: 'stream_error', outputChunks: 1, inputTokens: 25 }, text: 'Hel' },
  ];
  for (const { name, expect, text } of cases) {
    test(`${name}, whole and however cut`, () => {
      const bytes = stream(name);
      const whole = readPieces(anthropic.createReader(), [bytes]).answer;
      for (const [key, value] of Object.entries(expect)) assert.deepEqual(whole[key as keyof Answer], value, key);
      assert.equal(readPieces(anthropic.createReader(), [bytes], { keepText: true }).answer.text, text);
      const reader = anthropic.createReader();
      fc.assert(
        fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 30 }), fc.boolean(), (places, keepText) => {
          const { answer, times } = readPieces(reader, cutAt(bytes, places), { keepText });
          assert.deepEqual(timeless(answer), { ...timeless(whole), text: keepText ? text : null });
          assert.deepEqual([times.length, times[0], times.at(-1)], [answer.outputChunks, answer.firstOutputMs, answer.lastOutputMs]);
          assert.ok((answer.firstChunkMs as number) <= (answer.firstOutputMs as number));
        }),
      );
    });
  }

  test('what is no output: the start, an empty block, a ping, a signature, an empty delta', () => {
    const pieces = [
      event({ type: 'message_start', message: { model: 'm', usage: { input_tokens: 1, output_tokens: 1 } } }),
      event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
      event({ type: 'ping' }),
      delta({ type: 'text_delta', text: '' }),
      delta({ type: 'signature_delta', signature: 'abc' }),
      delta({ type: 'text_delta', text: 'a' }),
      event({ type: 'content_block_stop', index: 0 }),
      event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } }),
      event({ type: 'message_stop' }),
    ].map((text) => Buffer.from(text));
    const { answer, times } = readPieces(anthropic.createReader(), pieces);
    assert.deepEqual([answer.error, answer.outputChunks, times], [null, 1, [6]]);
    assert.deepEqual([answer.firstChunkMs, answer.lastChunkMs], [1, 8]);
  });

  test('a stop reason is not its last word: message_stop is yet to come, however long it takes', () => {
    const reader = new AnthropicReader();
    const lastWords = [0, 1].map(() => {
      reader.begin(null, false);
      reader.headers(200, [], 0);
      return [event({ type: 'message_delta', delta: { stop_reason: 'end_turn' } }), event({ type: 'message_stop' })].map((text, at) => {
        reader.data(Buffer.from(text), 0, text.length, 5 + at);
        return reader.lastWordMs();
      });
    });
    assert.deepEqual(lastWords, [
      [null, 6],
      [null, 6],
    ]);
  });

  test('in one body', () => {
    const headers = ['content-type', 'application/json'];
    const message = {
      type: 'message',
      model: 'm',
      content: [
        { type: 'thinking', thinking: 'hm' },
        { type: 'text', text: 'Hi' },
      ],
      stop_reason: 'max_tokens',
      usage: { input_tokens: 3, cache_creation_input_tokens: 4, output_tokens: 2 },
    };
    const answer = read(JSON.stringify(message), { headers, keepText: true });
    assert.deepEqual(
      [answer.error, answer.streamed, answer.text, answer.inputTokens, answer.outputTokens, answer.finishReason, answer.outputChunks],
      [null, false, 'Hi', 7, 2, 'max_tokens', 1],
    );
    assert.equal(read('{"type":"error","error":{"type":"api_error","message":"Internal"}}', { headers }).error, 'stream_error');
    assert.equal(read('{"id":1}', { headers }).error, 'malformed');
  });

  test('truncated, failed and unreadable', () => {
    const bytes = stream('anthropic-messages.sse').toString();
    const cut = bytes.slice(0, bytes.indexOf('event: message_delta'));
    assert.equal(read(cut).error, 'truncated');
    assert.equal(read(cut, { fail: 'reset' }).error, 'reset');
    assert.equal(read(bytes, { fail: 'reset' }).error, null);
    assert.equal(read('', { fail: 'timeout_first_token' }).error, 'timeout_first_token');
    const limited = read('{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}', {
      status: 429,
      headers: ['retry-after', '7'],
    });
    assert.deepEqual([limited.error, limited.retryAfterMs], ['rate_limited', 7000]);
    assert.equal(read('{"type":"error"}', { status: 529 }).error, 'http_5xx');
    assert.equal(read('event: content_block_delta\ndata: {"type"\n\n').error, 'malformed');
    assert.equal(read('hello').error, 'malformed');
    const raw = 'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"a\tb"}}\n\ndata: {"type":"message_stop"}\n\n';
    for (const keepText of [true, false]) assert.equal(read(raw, { keepText }).error, 'malformed', 'a tab within a text');
  });

  test('what gateways add to a stream is no part of it, and no end', () => {
    const bytes = stream('anthropic-messages.sse').toString();
    const more = 'event: ping\ndata: 12:00\n\ndata:\n\n';
    for (const keepText of [true, false]) {
      assert.deepEqual(read(`${more}${bytes}data: [DONE]\n\n`, { keepText }), {
        ...read(bytes, { keepText }),
        responseBytes: Buffer.byteLength(bytes + more) + 14,
      });
      assert.equal(read(`${more}data: [DONE]\n\n`, { keepText }).error, 'truncated');
    }
  });
});

/** What such events say, by JSON.parse alone. */
function reference(events: readonly string[]) {
  let [outputs, finished] = [0, false];
  for (const text of events) {
    const value = JSON.parse(text) as Record<string, unknown>;
    const full = (member: unknown) => typeof member === 'string' && member !== '';
    const object = (member: unknown) =>
      typeof member === 'object' && member !== null && !Array.isArray(member) ? (member as Record<string, unknown>) : {};
    if (value['error']) return { outputs, failed: true, finished };
    if (value['type'] === 'message_stop') finished = true;
    if (value['type'] !== 'content_block_delta') continue;
    const piece = object(value['delta']);
    if (full(piece['text']) || full(piece['thinking']) || full(piece['partial_json'])) outputs++;
  }
  return { outputs, failed: false, finished };
}

test('whatever the deltas hold and however they are cut, the reader says what JSON.parse says', () => {
  const text = fc.oneof(fc.constant(''), fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('\\', '"', '"text":""', '\u2028'));
  const piece = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record(
        { type: fc.constant('text_delta'), text, thinking: text, partial_json: text, x: fc.jsonValue({ maxDepth: 1 }) },
        { requiredKeys: [] },
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom(null, 'text', 7, [1]) },
  );
  const kind = fc.constantFrom('content_block_delta', 'content_block_delta', 'content_block_delta', 'ping', 'new_thing', 'message_stop');
  const one = fc
    .record({ type: kind, index: fc.nat(), delta: piece, error: fc.constant(null), more: fc.jsonValue({ maxDepth: 1 }) }, { requiredKeys: ['type'] })
    .map((value) => ({ name: value.type, text: JSON.stringify(value) }));
  const raw = fc.constantFrom(
    { name: 'content_block_delta', text: '{"type":"content_block_delta","delta":{"text":"a","text":""}}' },
    { name: 'content_block_delta', text: '{"type":"content_block_delta","delta":{"text":"a"},"delta":{}}' },
    { name: 'content_block_delta', text: '{"type":"ping","delta":{"text":"a"}}' },
    { name: 'content_block_delta', text: '{"type":"content_block_delta","error":{"type":"api_error"}}' },
    { name: 'content_block_delta', text: '{"delta":{"text":"a"},"type":"content_block_d\\u0065lta"}' },
  );
  const reader = anthropic.createReader();
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 9, arbitrary: one }, { weight: 1, arbitrary: raw }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat({ max: 4000 }), { maxLength: 12 }),
      (events, places) => {
        const expected = reference(events.map((event) => event.text));
        const bytes = Buffer.from(events.map((event) => `event: ${event.name}\ndata: ${event.text}\n\n`).join(''));
        const { answer } = readPieces(reader, cutAt(bytes, places));
        if (expected.failed) assert.equal(answer.error, 'stream_error');
        else assert.deepEqual([answer.outputChunks, answer.error === null], [expected.outputs, expected.finished], answer.errorMessage ?? '');
      },
    ),
    { numRuns: 2000 },
  );
});

test('deltas of content are not parsed', (t) => {
  const pieces = delta({ type: 'text_delta', text: ' word' }).repeat(500) + event({ type: 'message_stop' });
  const parse = t.mock.method(JSON, 'parse');
  const { answer } = readPieces(anthropic.createReader(), [Buffer.from(pieces)]);
  assert.deepEqual([answer.error, answer.outputChunks, parse.mock.callCount()], [null, 500, 1]);
});

test('an error in one body is told as one, under whatever content type', () => {
  const reader = new AnthropicReader();
  reader.begin(null, false);
  reader.headers(200, ['content-type', 'text/event-stream'], 0);
  const bytes = Buffer.from('{"type":"error","error":{"type":"api_error","message":"CUDA out of memory"}}');
  reader.data(bytes, 0, bytes.length, 1);
  assert.equal(reader.end(2).error, 'out_of_memory');
});
