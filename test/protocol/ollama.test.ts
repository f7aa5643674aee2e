import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { OllamaReader, ollama } from '../../src/protocol/ollama.ts';
import type { Answer } from '../../src/protocol/protocol.ts';
import { context, spec } from './harness.ts';
import { cutAt, readPieces, timeless } from './native-reader.ts';

const stream = (name: string) => readFileSync(new URL(`../fixtures/streams/${name}`, import.meta.url));
const read = (text: string, more: Parameters<typeof readPieces>[2] = {}) => readPieces(ollama.createReader(), [Buffer.from(text)], more).answer;
const body = (more: object) => JSON.parse(Buffer.from(ollama.encode({ ...spec, ...more }, context).body ?? []).toString());

test('a request as the API wants it', () => {
  assert.deepEqual(body({}), {
    model: 'm',
    messages: [{ role: 'user', content: 'Hello' }],
    stream: true,
    options: { num_predict: 16, temperature: 0 },
  });
  assert.deepEqual(body({ stream: false, maxTokens: null, temperature: null, extraBody: { think: true } }), {
    model: 'm',
    messages: [{ role: 'user', content: 'Hello' }],
    stream: false,
    think: true,
  });
  assert.deepEqual(body({ extraBody: { options: { num_ctx: 4096, num_predict: 2 } } }).options, { num_predict: 2, temperature: 0, num_ctx: 4096 });
  const path = (basePath: string) => ollama.encode(spec, { ...context, basePath }).path;
  assert.deepEqual([path(''), path('/ollama'), path('/api'), path('/x/api/chat')], ['/api/chat', '/ollama/api/chat', '/api/chat', '/x/api/chat']);
});

describe('answers', () => {
  const cases: { name: string; expect: Partial<Answer>; text: string }[] = [
    {
      name: 'ollama-chat.ndjson',
      expect: { error: null, outputChunks: 4, inputTokens: 26, outputTokens: 9, finishReason: 'stop', model: 'llama3.2:3b', streamed: true },
      text: 'The sky is "blue", "done":true 世界 😀\n',
    },
    {
      name: 'ollama-thinking.ndjson',
      expect: { error: null, outputChunks: 4, inputTokens: 11, outputTokens: 31, finishReason: 'length', model: 'qwen3:0.6b' },
      text: 'Hello',
    },
  ];
  for (const { name, expect, text } of cases) {
    test(`${name}, whole and however cut`, () => {
      const bytes = stream(name);
      const whole = readPieces(ollama.createReader(), [bytes]).answer;
      for (const [key, value] of Object.entries(expect)) assert.deepEqual(whole[key as keyof Answer], value, key);
      assert.equal(readPieces(ollama.createReader(), [bytes], { keepText: true }).answer.text, text);
      const reader = ollama.createReader();
      fc.assert(
        fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 30 }), fc.boolean(), (places, keepText) => {
          const { answer, times } = readPieces(reader, cutAt(bytes, places), { keepText });
          assert.deepEqual(timeless(answer), { ...timeless(whole), text: keepText ? text : null });
          assert.deepEqual([times.length, times[0], times.at(-1)], [answer.outputChunks, answer.firstOutputMs, answer.lastOutputMs]);
          assert.ok((answer.lastChunkMs as number) >= (answer.lastOutputMs as number));
        }),
      );
    });
  }

  test('in one body', () => {
    const whole = { model: 'm', message: { role: 'assistant', content: 'Hi' }, done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 2 };
    const headers = ['content-type', 'application/json; charset=utf-8'];
    const answer = read(JSON.stringify(whole), { headers, keepText: true });
    assert.deepEqual(
      [answer.error, answer.streamed, answer.text, answer.inputTokens, answer.outputTokens, answer.outputChunks, answer.firstOutputMs],
      [null, false, 'Hi', 3, 2, 1, null],
    );
    assert.equal(read('{"error":"no memory: out of memory"}', { headers }).error, 'out_of_memory');
    assert.equal(read('{"models":[]}', { headers }).error, 'malformed');
    assert.equal(read('', { headers }).error, 'truncated');
  });

  test('the last line may lack its line end; a stream without `done` is truncated', () => {
    const bytes = stream('ollama-chat.ndjson').toString();
    assert.equal(read(bytes.trimEnd()).error, null);
    const lines = bytes.trimEnd().split('\n');
    const cut = read(`${lines.slice(0, -1).join('\n')}\n`);
    assert.equal(cut.error, 'truncated');
    assert.match(cut.errorMessage ?? '', /after 4 chunks of output/);
    assert.equal(read(`${lines.slice(0, -1).join('\n')}\n`, { fail: 'reset' }).error, 'reset');
    assert.equal(read(bytes, { fail: 'reset' }).error, null, 'complete before it broke');
    assert.equal(read('', { fail: 'reset' }).error, 'reset');
    assert.equal(read('').error, 'truncated');
  });

  test('errors: inside the stream, by status, and what is no JSON', () => {
    const first = stream('ollama-chat.ndjson').toString().split('\n')[0];
    assert.equal(read(`${first}\n{"error":"an error was encountered while running the model"}\n`).error, 'stream_error');
    assert.equal(read('{"error":"CUDA error: out of memory"}\n').error, 'out_of_memory');
    const missing = read('{"error":"model \'nope\' not found"}', { status: 404, headers: ['content-type', 'application/json; charset=utf-8'] });
    assert.deepEqual([missing.error, missing.status], ['wrong_model', 404]);
    assert.equal(read('{"error":"busy"}', { status: 503, headers: ['retry-after', '2'] }).retryAfterMs, 2000);
    assert.equal(read(`${first}\n{"model":\n`).error, 'malformed');
    assert.equal(read('<html>\n').error, 'malformed');
    assert.equal(read('[1]\n').error, 'malformed');
    for (const keepText of [true, false])
      assert.equal(read('{"message":{"content":"a"},"x":[NaN],"done":false}\n{"done":true}\n', { keepText }).error, 'malformed');
  });
});

/** What a stream of such lines says, by JSON.parse alone; written apart from the sources on purpose. */
function reference(lines: readonly string[]) {
  let [outputs, done, model]: [number, boolean, string | null] = [0, false, null];
  for (const line of lines) {
    if (line.trim() === '') continue;
    const value = JSON.parse(line) as Record<string, unknown>;
    const message = (typeof value['message'] === 'object' && !Array.isArray(value['message']) ? value['message'] : null) as Record<
      string,
      unknown
    > | null;
    const full = (text: unknown) => typeof text === 'string' && text !== '';
    if (typeof value['model'] === 'string') model ??= value['model'];
    if (value['done'] === true) done = true;
    const calls = message?.['tool_calls'];
    if (message !== null && (full(message['content']) || full(message['thinking']) || (Array.isArray(calls) && calls.length > 0))) outputs++;
  }
  return { outputs, done, model };
}

test('whatever the lines hold and however they are cut, the reader says what JSON.parse says', () => {
  const text = fc.oneof(
    fc.constant(''),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('\\', '"', '"done":true', '{"error":1}', '\u2028'),
  );
  const message = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ role: fc.constant('assistant'), content: text, thinking: text, images: fc.constant(null) }, { requiredKeys: [] }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ tool_calls: fc.array(fc.record({ function: fc.dictionary(fc.string(), fc.integer()) }), { maxLength: 2 }) }),
    },
    { weight: 1, arbitrary: fc.constantFrom(null, 'text', 7, [1]) },
  );
  const line = fc
    .record(
      {
        model: fc.oneof(fc.constant('m'), text, fc.constant(null)),
        created_at: text,
        message,
        done: fc.constantFrom(false, false, false, true, null),
        other: fc.jsonValue({ maxDepth: 2 }),
        eval_count: fc.nat(),
      },
      { requiredKeys: [] },
    )
    .chain((value) => fc.boolean().map((spaced) => (spaced ? JSON.stringify(value, null, 1).replaceAll('\n', ' ') : JSON.stringify(value))));
  const raw = fc.constantFrom(
    '{"message":{"content":"a"},"message":{"content":""}}',
    '{"message":{"content":"a","content":""},"done":false}',
    '{"mess\\u0061ge":{"content":"a"}}',
    ' {"model":"x","model":"y","done":false} ',
    '',
  );
  const reader = ollama.createReader();
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 9, arbitrary: line }, { weight: 1, arbitrary: raw }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat({ max: 4000 }), { maxLength: 12 }),
      fc.constantFrom('\n', '\r\n'),
      (lines, places, lineEnd) => {
        const expected = reference(lines);
        const { answer, times } = readPieces(reader, cutAt(Buffer.from(lines.map((one) => one + lineEnd).join('')), places));
        assert.deepEqual(
          [answer.outputChunks, times.length, answer.error === null, answer.model],
          [expected.outputs, expected.outputs, expected.done, expected.model],
          answer.errorMessage ?? '',
        );
      },
    ),
    { numRuns: 2000 },
  );
});

test('a count that is left out is none where nothing came, and unknown where something did', () => {
  const line = (content: string, more: object) => `${JSON.stringify({ model: 'm', message: { role: 'assistant', content }, ...more })}\n`;
  const tokens = (text: string, headers: string[] = []) => readPieces(ollama.createReader(), [Buffer.from(text)], { headers }).answer.outputTokens;
  const end = { done: true, done_reason: 'stop', prompt_eval_count: 3 };
  assert.equal(tokens(line('', end)), 0);
  assert.equal(tokens(line('', { done: false }) + line('', end)), 0);
  assert.equal(tokens(line('a', { done: false }) + line('', end)), null);
  assert.equal(tokens(line('a', end)), null);
  assert.equal(tokens(line('', { ...end, eval_count: 1 })), 1);
  const whole = ['content-type', 'application/json'];
  assert.deepEqual([tokens(line('', end), whole), tokens(line('a', end), whole)], [0, null]);
});

test('a line longer than the limit is given up', () => {
  const reader = ollama.createReader();
  reader.begin(null, false);
  reader.headers(200, [], 0);
  const piece = Buffer.alloc(600_000, 'x');
  assert.equal(reader.data(piece, 0, piece.length, 1), true);
  assert.equal(reader.data(piece, 0, piece.length, 2), false);
  assert.equal(reader.end(3).error, 'too_large');
});

test('ordinary lines are not parsed', (t) => {
  const line = '{"model":"m","created_at":"2026-11-02T08:52:19.4Z","message":{"role":"assistant","content":" word"},"done":false}\n';
  const parse = t.mock.method(JSON, 'parse');
  const { answer } = readPieces(ollama.createReader(), [Buffer.from(`${line.repeat(500)}{"done":true,"eval_count":500}\n`)]);
  assert.deepEqual([answer.error, answer.outputChunks, answer.outputTokens, parse.mock.callCount()], [null, 500, 500, 1]);
});

test('a last line without its end counts where the connection breaks behind it', () => {
  const reader = new OllamaReader();
  reader.begin(null, false);
  reader.headers(200, ['content-type', 'application/x-ndjson'], 0);
  const bytes = Buffer.from('{"message":{"content":"a"},"done":false}\n{"message":{"content":""},"done":true,"done_reason":"stop","eval_count":1}');
  reader.data(bytes, 0, bytes.length, 1);
  const answer = reader.fail('reset', 'reset', 2);
  assert.deepEqual([answer.error, answer.outputTokens, answer.finishReason], [null, 1, 'stop']);
});

test('a last line without its end counts where nobody closes the connection; half of one does not', () => {
  const first = '{"message":{"content":"a"},"done":false}\n';
  const last = '{"message":{"content":""},"done":true,"done_reason":"stop","eval_count":1}';
  const fail = 'timeout_total' as const;
  const whole = readPieces(ollama.createReader(), [Buffer.from(first), Buffer.from(last)], { fail }).answer;
  assert.deepEqual([whole.error, whole.outputTokens, whole.lastChunkMs, whole.finishedMs], [null, 1, 2, 2]);
  for (const cut of [last.slice(0, -1), '{"message":{"content":"b"},"done":false}', '']) {
    const late = readPieces(ollama.createReader(), [Buffer.from(first), Buffer.from(cut)], { fail }).answer;
    assert.deepEqual([late.error, late.errorMessage, late.finishedMs], [fail, 'it was timeout_total', null], cut);
  }
});
