import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { ErrorKind } from '../../src/protocol/error-kind.ts';
import { OpenAiReader } from '../../src/protocol/openai-reader.ts';
import type { Answer } from '../../src/protocol/protocol.ts';
import { seeded } from './random.ts';

const stream = (name: string) => readFileSync(new URL(`../fixtures/streams/${name}`, import.meta.url));

interface Reading {
  answer: Answer;
  tokens: number[];
  times: number[];
}

/** Reads an answer cut into pieces; piece i comes at (i + 1) ms. */
function read(
  pieces: readonly Buffer[],
  more: { status?: number; headers?: string[]; keepText?: boolean; reader?: OpenAiReader; fail?: ErrorKind } = {},
): Reading {
  const reader = more.reader ?? new OpenAiReader();
  const tokens: number[] = [];
  const times: number[] = [];
  const output = (_gapMs: number, count: number) => {
    times.push(reader.lastOutputMs);
    tokens.push(count);
  };
  reader.begin({ output }, more.keepText ?? true);
  reader.headers(more.status ?? 200, more.headers ?? ['content-type', 'text/event-stream'], 0);
  let ms = 0;
  for (const piece of pieces) reader.data(piece, 0, piece.length, ++ms);
  const answer = more.fail === undefined ? reader.end(ms + 1) : reader.fail(more.fail, `it was ${more.fail}`, ms + 1);
  return { answer, tokens, times };
}
const readText = (text: string, more: Parameters<typeof read>[1] = {}) => read([Buffer.from(text)], more).answer;

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

describe('answers of several servers', () => {
  const cases: { name: string; expect: Partial<Answer> }[] = [
    { name: 'llama.cpp.sse', expect: { error: null, outputTokens: 24, inputTokens: 41, cachedTokens: 0, finishReason: 'length', outputChunks: 8 } },
    { name: 'llama.cpp-progress.sse', expect: { error: null, finishReason: 'length' } },
    { name: 'llama.cpp-completions.sse', expect: { error: null, outputTokens: 12, inputTokens: 4, finishReason: 'length' } },
    {
      name: 'aimock-reasoning.sse',
      expect: { error: null, outputTokens: 8, text: 'Hi there! 世界 😀 "quoted"\nline', outputChunks: 3, model: 'gpt-x' },
    },
    { name: 'aimock-tool-call.sse', expect: { error: null, finishReason: 'tool_calls', text: '', outputTokens: null } },
    {
      name: 'vllm-continuous-usage.sse',
      expect: { error: null, outputChunks: 19, outputTokens: 19, inputTokens: 14, finishReason: 'stop', model: 'Qwen/Qwen3-0.6B' },
    },
    { name: 'vllm-reasoning.sse', expect: { error: null, outputChunks: 9, outputTokens: 9, text: '\n\nHello! Bye' } },
    { name: 'sglang.sse', expect: { error: null, outputChunks: 6, outputTokens: 12, cachedTokens: 8, text: '1, 2, 3, 4' } },
    { name: 'tgi.sse', expect: { error: null, outputChunks: 5, outputTokens: 5, finishReason: 'length', text: 'Deep learning is a subset' } },
    { name: 'litellm.sse', expect: { error: null, outputChunks: 4, outputTokens: 7, reasoningTokens: 0, text: 'Héllo wörld "content": ""' } },
    { name: 'ollama.sse', expect: { error: null, outputChunks: 3, outputTokens: 4, text: 'Hi there!' } },
    { name: 'mockllm.sse', expect: { error: null, outputChunks: 7, outputTokens: null, inputTokens: null, text: 'Hello 世' } },
    { name: 'gateway-tool-calls-crlf.sse', expect: { error: null, outputChunks: 4, text: '', finishReason: 'tool_calls' } },
    { name: 'stream-error.sse', expect: { error: 'out_of_memory', outputChunks: 1, text: 'Hal' } },
  ];
  for (const { name, expect } of cases) {
    test(`${name}, whole and however cut`, () => {
      const bytes = stream(name);
      const whole = read([bytes]);
      for (const [key, value] of Object.entries(expect)) assert.deepEqual(whole.answer[key as keyof Answer], value, key);
      assert.equal(whole.answer.streamed, true);
      assert.equal(whole.answer.responseBytes, bytes.length);
      assert.ok(whole.answer.outputChunks > 0);
      assert.equal(whole.times.length, whole.answer.outputChunks);
      const random = seeded(bytes.length);
      const reader = new OpenAiReader();
      for (let i = 0; i < 200; i++) {
        const cuts = [0, ...random.cuts(bytes.length, 1 + random.below(40)), bytes.length];
        const pieces = cuts.slice(1).map((to, k) => bytes.subarray(cuts[k], to));
        const { answer, tokens, times } = read(pieces, { reader });
        assert.deepEqual({ ...answer, firstChunkMs: 1, lastChunkMs: 1, firstOutputMs: 1, lastOutputMs: 1, finishedMs: 1 }, whole.answer);
        assert.ok((answer.firstChunkMs as number) <= (answer.firstOutputMs as number));
        assert.ok((answer.lastChunkMs as number) >= (answer.lastOutputMs as number));
        assert.deepEqual(tokens, whole.tokens);
        assert.deepEqual([answer.firstOutputMs, answer.lastOutputMs], [times[0], times.at(-1)]);
      }
    });
  }

  test('the server counts along: tokens of each chunk', () => {
    assert.deepEqual(read([stream('vllm-continuous-usage.sse')]).tokens, Array(19).fill(1));
    const counted = (content: string, total: number) =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }], usage: { completion_tokens: total } })}\n\n`;
    const { tokens, answer } = read([
      Buffer.from(`${counted('', 0)}${counted('a', 2)}${counted('', 3)}${counted('b', 5)}${counted('c', 5)}${counted('d', 9)}data: [DONE]\n\n`),
    ]);
    assert.deepEqual(tokens, [2, 3, 0, 4]);
    assert.equal(answer.outputTokens, 9);
  });

  test('usage that comes once, beside the last content, is no count of that chunk', () => {
    const { tokens, answer } = read([
      Buffer.from(
        `${chunk({ content: 'a' })}data: {"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}],"usage":{"completion_tokens":7}}\n\n`,
      ),
    ]);
    assert.deepEqual(tokens, [0, 0]);
    assert.equal(answer.outputTokens, 7);
  });

  test('a role chunk, an empty delta, a comment and a usage chunk are no output', () => {
    const pieces = [
      chunk({ role: 'assistant', content: '' }),
      ': ping\n\n',
      chunk({}),
      chunk({ content: 'a' }),
      chunk({}, 'stop'),
      'data: {"choices":[],"usage":{"completion_tokens":1}}\n\n',
      'data: [DONE]\n\n',
    ];
    const { answer } = read(pieces.map((text) => Buffer.from(text)));
    assert.equal(answer.error, null);
    assert.deepEqual([answer.outputChunks, answer.firstOutputMs, answer.lastOutputMs], [1, 4, 4]);
  });

  test('an event that only keeps the stream open may hold anything; any other has to be read', () => {
    const [a, stop] = [chunk({ content: 'a' }), chunk({}, 'stop')];
    for (const keepText of [true, false]) {
      assert.equal(readText(`event: ping\r\ndata: 2020-12-22 15:33:27.463789\r\n\r\n${a}${stop}`, { keepText }).error, null);
      assert.equal(readText(`event: note\ndata: 2020-12-22\n\n${a}${stop}`, { keepText }).error, 'malformed');
    }
  });

  test('a reader starts afresh', () => {
    const reader = new OpenAiReader();
    read([stream('stream-error.sse').subarray(0, 200)], { reader, fail: 'reset' });
    read([Buffer.from('<html>')], { reader, status: 500 });
    const again = read([stream('ollama.sse')], { reader });
    assert.deepEqual(again, read([stream('ollama.sse')]));
  });

  test('text is kept only where asked for', () => {
    assert.equal(read([stream('ollama.sse')], { keepText: false }).answer.text, null);
  });
});

describe('answers in one body', () => {
  const body = stream('llama.cpp-answer.json');
  test('JSON, whatever it is labelled', () => {
    for (const headers of [['content-type', 'application/json'], ['content-type', 'text/event-stream'], []]) {
      const { answer, tokens } = read([body.subarray(0, 100), body.subarray(100)], { headers });
      assert.equal(answer.error, null);
      assert.equal(answer.streamed, false);
      assert.deepEqual([answer.firstOutputMs, answer.lastOutputMs], [null, null]);
      assert.equal(answer.outputChunks, 1);
      assert.equal(answer.outputTokens, 8);
      assert.equal(answer.cachedTokens, 32);
      assert.equal(answer.finishReason, 'length');
      assert.equal(answer.text, "Hello! I'm here to help with");
      assert.deepEqual(tokens, []);
    }
  });
  test('several choices: the first one is the text', () => {
    assert.equal(readText('{"choices":[{"index":1,"text":"b"},{"index":0,"text":"a"}]}').text, 'a');
  });
  test('an error in a 200', () => {
    const answer = readText('{"error":{"message":"Rate limit reached for requests","code":"rate_limit_exceeded"}}');
    assert.equal(answer.error, 'rate_limited');
  });
  test('a finish reason that says there is no answer, as in a stream: of any choice, kept or not', () => {
    for (const reason of ['error', 'abort']) {
      for (const keepText of [true, false]) {
        const failed = readText(`{"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"${reason}"}]}`, { keepText });
        assert.deepEqual([failed.error, failed.finishReason], ['stream_error', reason]);
        assert.match(failed.errorMessage ?? '', new RegExp(`^finish reason "${reason}": `));
        const second = '{"choices":[{"index":0,"text":"a","finish_reason":"REASON"},{"index":1,"text":"b","finish_reason":"stop"}]}';
        assert.equal(readText(second.replace('REASON', reason), { keepText }).error, 'stream_error');
        assert.equal(readText(`${chunk({ content: 'a' }, reason)}data: [DONE]\n\n`, { keepText }).error, 'stream_error');
        assert.equal(readText(`data: ${second.replace('REASON', reason)}\n\ndata: [DONE]\n\n`, { keepText }).error, 'stream_error');
      }
    }
  });
  test('JSON of another kind, half of a body, a longer one than allowed', () => {
    assert.equal(readText('{"hello":1}').error, 'malformed');
    assert.equal(readText('{"choices":[{"mess').error, 'malformed');
    const reader = new OpenAiReader({ maxLineBytes: 1000, maxBodyBytes: 100 });
    reader.begin(null, false);
    reader.headers(200, [], 0);
    assert.equal(reader.data(body, 0, 90, 1), true);
    assert.equal(reader.data(body, 90, 180, 1), false);
    assert.equal(reader.fail('cancelled', 'given up', 2).error, 'too_large');
  });
});

describe('failures', () => {
  const cases: [string, Answer, ErrorKind, RegExp][] = [
    ['cut before the end', readText(chunk({ content: 'a' })), 'truncated', /after 1 chunks/],
    ['cut before any output', readText(chunk({ role: 'assistant' })), 'truncated', /before any output/],
    ['an empty stream', readText(''), 'truncated', /empty body/],
    ['only comments', readText(': ping\n\n: ping\n\n'), 'truncated', /before any output/],
    ['only white space', readText('\n\n \n'), 'truncated', /before any output/],
    ['HTML', readText('<html><body>\n<h1>Welcome</h1>'), 'malformed', /Welcome/],
    ['plain text', readText('upstream connect error'), 'malformed', /upstream connect error/],
    ['events that are not JSON', readText('data: hello\n\ndata: [DONE]\n\n'), 'malformed', /hello/],
    ['one event in the middle that is not JSON', readText(`${chunk({ content: 'a' })}data: {"choi\n\n${chunk({}, 'stop')}`), 'malformed', /\{"choi/],
    ['an event named error', readText(`${chunk({ content: 'a' })}event: error\ndata: engine died\n\n`), 'stream_error', /engine died/],
    ['an error in the stream', readText('data: {"error":{"message":"boom","code":500}}\n\n'), 'stream_error', /boom/],
    ['an error in the stream, then its end', readText('data: {"error":"boom"}\n\ndata: [DONE]\n\n'), 'stream_error', /boom/],
    [
      'an error in the stream as llama.cpp tells it',
      readText(`error: {"code":400,"message":"the request exceeds the available context size"}\n\ndata: [DONE]\n\n`),
      'stream_error',
      /context size/,
    ],
    [
      'the same behind output',
      readText(`${chunk({ content: 'a' })}error: {"code":500,"message":"CUDA error: out of memory"}\n\ndata: [DONE]\n\n`),
      'out_of_memory',
      /CUDA/,
    ],
    ['an error object in the stream', readText('data: {"object":"error","message":"boom"}\n\n'), 'stream_error', /boom/],
    ['rate limited within the stream', readText('data: {"error":{"message":"Too many requests","code":429}}\n\n'), 'rate_limited', /Too many/],
    ['out of memory within the stream', readText('data: {"error":{"message":"CUDA out of memory"}}\n\n'), 'out_of_memory', /CUDA/],
    ['a router that lost what is behind it', readText(`${chunk({ content: 'a' })}${chunk({}, 'error')}data: [DONE]\n\n`), 'stream_error', /"error"/],
    ['429', readText('slow down', { status: 429 }), 'rate_limited', /HTTP 429: slow down/],
    ['400', readText('{"error":{"message":"max_tokens is too large"}}', { status: 400 }), 'http_4xx', /max_tokens/],
    [
      '404 for a model',
      readText('{"error":{"message":"The model `x` does not exist.","code":404}}', { status: 404 }),
      'wrong_model',
      /does not exist/,
    ],
    [
      '400 for what a model cannot',
      readText('{"error":{"message":"model m: stream_options.x is not supported"}}', { status: 400 }),
      'http_4xx',
      /stream_options/,
    ],
    [
      '400 for a prompt that is too long',
      readText(`{"error":{"message":"This model's maximum context length is 4096 tokens. Parameter max_tokens is not supported here."}}`, {
        status: 400,
      }),
      'http_4xx',
      /maximum context/,
    ],
    ['400 for an unknown model', readText('{"error":{"message":"model \'llama3.1:8b\' is not supported"}}', { status: 400 }), 'wrong_model', /llama/],
    ...[
      "{'error': '/chat/completions: Invalid model name passed in model=x. Call `/v1/models` to view available models for your key.'}",
      '{"error":{"message":"x/y:free is not a valid model ID","code":400}}',
      '{"object":"error","message":"Invalid model: x","type":"invalid_model","code":"1500"}',
      '{"error":{"message":"Model Not Exist","type":"invalid_request_error"}}',
      '[{"error":{"code":404,"message":"models/x is not found for API version v1main"}}]',
      '{"type":"error","error":{"type":"not_found_error","message":"model: x"}}',
    ].map((body): (typeof cases)[number] => [`the unknown model of ${body}`, readText(body, { status: 400 }), 'wrong_model', /HTTP 400/]),
    ...['{"type":"error","error":{"type":"invalid_request_error","message":"model: Field required"}}', '{"error":"invalid model parameters"}'].map(
      (body): (typeof cases)[number] => [`no unknown model: ${body}`, readText(body, { status: 400 }), 'http_4xx', /HTTP 400/],
    ),
    ...[true, false].flatMap((keepText): typeof cases => [
      [
        `what no JSON holds, text kept: ${keepText}`,
        readText('data: {"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"x":[NaN]}}]}\n\n', { keepText }),
        'malformed',
        /NaN/,
      ],
      [
        `a tab within a text, text kept: ${keepText}`,
        readText('data: {"choices":[{"index":0,"delta":{"content":"a\tb"}}]}\n\ndata: [DONE]\n\n', { keepText }),
        'malformed',
        /not a JSON object/,
      ],
    ]),
    ['404 for a path', readText('{"detail":"Not Found"}', { status: 404 }), 'http_4xx', /Not Found/],
    ['500 with HTML', readText(`<html>${'x'.repeat(5000)}`, { status: 500 }), 'http_5xx', /^HTTP 500: <html>x{290,294}…$/],
    ['500 without a body', readText('', { status: 500 }), 'http_5xx', /^HTTP 500$/],
    ['500 out of memory', readText('std::bad_alloc', { status: 500 }), 'out_of_memory', /bad_alloc/],
    ['503', readText('{"error":{"message":"Loading model","code":503}}', { status: 503 }), 'http_5xx', /Loading model/],
    [
      'a redirect',
      readText('', { status: 307, headers: ['location', 'https://example.test/'] }),
      'malformed',
      /HTTP 307 to https:\/\/example.test\/ \(redirects are not followed\)/,
    ],
    [
      'a compressed answer',
      readText('\u001f\ufffd', { headers: ['content-encoding', 'gzip'] }),
      'malformed',
      /content-encoding: gzip, which is not unpacked/,
    ],
    ['the connection broke within the output', readText(chunk({ content: 'a' }), { fail: 'reset' }), 'reset', /it was reset/],
    ['the connection was closed within the output', readText(chunk({ content: 'a' }), { fail: 'truncated' }), 'truncated', /it was /],
    ['the connection broke before any', readText('', { fail: 'reset' }), 'reset', /it was reset/],
    ['the caller gave up', readText(chunk({ content: 'a' }), { fail: 'timeout_idle' }), 'timeout_idle', /it was timeout_idle/],
    ['the caller gave up on an error page', readText('busy', { status: 500, fail: 'timeout_total' }), 'http_5xx', /busy/],
    ['control characters are not shown', readText('\u001b[31mred\u0000\r\n', { status: 500 }), 'http_5xx', /^HTTP 500: \[31mred$/],
  ];
  for (const [name, answer, kind, message] of cases) {
    test(name, () => {
      assert.equal(answer.error, kind);
      assert.match(answer.errorMessage ?? '', message);
    });
  }

  test('what was read before the failure is kept', () => {
    const answer = readText(chunk({ content: 'a' }) + chunk({ content: 'b' }), { fail: 'timeout_idle' });
    assert.deepEqual([answer.outputChunks, answer.text, answer.firstOutputMs], [2, 'ab', 1]);
  });

  test('a stream that had ended is complete, even when its connection breaks after', () => {
    assert.equal(readText(`${chunk({ content: 'a' })}data: [DONE]\n\n`, { fail: 'truncated' }).error, null);
    assert.equal(readText(chunk({ content: 'a' }, 'stop'), { fail: 'reset' }).error, null);
    assert.equal(readText(chunk({ content: 'a' }, 'stop'), { fail: 'timeout_total' }).error, 'timeout_total');
  });

  test('[DONE] is said without a blank line behind it too; half an event says nothing', () => {
    const a = chunk({ content: 'a' });
    for (const last of ['data: [DONE]\n', 'data: [DONE]', 'data:[DONE]\r\n', 'data: [DONE]\r']) {
      for (const fail of [undefined, 'reset', 'timeout_total'] as const) {
        const { error, outputChunks, finishedMs } = readText(a + last, fail === undefined ? {} : { fail });
        assert.deepEqual([error, outputChunks, finishedMs], [null, 1, fail === undefined ? 2 : 1], `${JSON.stringify(last)} ${fail}`);
      }
    }
    for (const last of [
      'data: [DON',
      'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n',
      'data: {"choi',
      'event: error\ndata: x\n',
    ]) {
      assert.equal(readText(a + last).error, 'truncated', last);
      assert.equal(readText(a + last, { fail: 'reset' }).error, 'reset', last);
    }
  });

  test('a stream of several choices is complete when each of them has finished', () => {
    const choice = (index: number, delta: object, finish: string | null = null) =>
      `data: ${JSON.stringify({ choices: [{ index, delta, finish_reason: finish }] })}\n\n`;
    const [a, b, endA, endB] = [choice(0, { content: 'a' }), choice(1, { content: 'b' }), choice(0, {}, 'stop'), choice(1, {}, 'stop')];
    const kinds = (text: string) => [readText(text).error, readText(text, { fail: 'reset', keepText: false }).error];
    assert.deepEqual(kinds(a + b + endA), ['truncated', 'reset']);
    assert.deepEqual(kinds(a + b + endA + endA), ['truncated', 'reset'], 'the same one twice');
    assert.deepEqual(kinds(a + endA + b), ['truncated', 'reset'], 'one after the other');
    assert.deepEqual(kinds(a + endA + choice(1, { role: 'assistant' })), ['truncated', 'reset'], 'a second one that only began');
    assert.deepEqual(kinds(a + endA + choice(1, {})), ['truncated', 'reset'], 'a second one that has said nothing');
    assert.deepEqual(kinds(a + b + endA + b + endB), [null, null]);
    assert.deepEqual(kinds(`${a + b + endA}data: [DONE]\n\n`), [null, null]);
    assert.deepEqual(kinds(`data: {"choices":[{"index":1,"text":"b"},{"index":0,"text":"a","finish_reason":"stop"}]}\n\n`), ['truncated', 'reset']);
    // Usage after the last finish reason opens no choice.
    assert.deepEqual(kinds(`${a + endA}data: {"choices":[],"usage":{"completion_tokens":1}}\n\n`), [null, null]);
    // Beyond the choices that are told apart the stream has to say that it is done.
    const many = choice(31, { content: 'x' }) + choice(40, { content: 'y' }) + choice(31, {}, 'stop');
    assert.deepEqual(kinds(many), ['truncated', 'reset']);
    assert.deepEqual(kinds(`${many}data: [DONE]\n\n`), [null, null]);
  });

  test('a line of a gigabyte is given up, and memory with it', () => {
    const reader = new OpenAiReader();
    reader.begin(null, false);
    reader.headers(200, ['content-type', 'text/event-stream'], 0);
    const piece = Buffer.alloc(64 * 1024, 'x');
    reader.data(Buffer.from('data: '), 0, 6, 1);
    const before = process.memoryUsage().arrayBuffers;
    let wanted = 0;
    for (let i = 0; i < 16_384; i++) if (reader.data(piece, 0, piece.length, 1)) wanted++;
    assert.ok(wanted <= 16, `${wanted}`);
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024);
    const answer = reader.fail('cancelled', 'given up', 2);
    assert.equal(answer.error, 'too_large');
  });

  test('Retry-After in seconds, as a date, and in milliseconds', () => {
    const after = (...headers: string[]) => readText('', { status: 429, headers }).retryAfterMs;
    assert.equal(after('retry-after', '3'), 3000);
    assert.equal(after('retry-after', '1.5'), 1500);
    assert.equal(after('retry-after', '3', 'retry-after-ms', '250'), 250);
    assert.equal(after('retry-after', 'Wed, 21 Oct 2015 07:28:00 GMT'), 0);
    const soon = after('retry-after', new Date(Date.now() + 60_000).toUTCString())!;
    assert.ok(soon > 50_000 && soon <= 60_000);
    assert.equal(after('retry-after', 'soon'), null);
    assert.equal(after('retry-after', '-3'), null);
    assert.equal(after(), null);
  });
});

test('events of a choice that hold no output are stamped apart: the role before the first token, the finish reason after the last', () => {
  const { answer } = read([
    Buffer.from(': ping\n\n'),
    Buffer.from(chunk({ role: 'assistant', content: '' })),
    Buffer.from(chunk({ content: 'a' })),
    Buffer.from(chunk({ content: 'b' })),
    Buffer.from(chunk({}, 'stop')),
    Buffer.from('data: {"choices":[],"usage":{"completion_tokens":2}}\n\ndata: [DONE]\n\n'),
  ]);
  assert.deepEqual([answer.firstChunkMs, answer.firstOutputMs, answer.lastOutputMs, answer.lastChunkMs], [2, 3, 4, 5]);
  const whole = readText('{"choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}');
  assert.deepEqual([whole.error, whole.firstChunkMs, whole.lastChunkMs], [null, null, null]);
});

test('a stream that said it is complete is, though nobody closes it; one that did not is late', () => {
  const whole = `${chunk({ content: 'a' })}${chunk({}, 'stop')}data: [DONE]\n\n`;
  for (const fail of ['timeout_total', 'timeout_idle', 'reset'] as const) assert.equal(readText(whole, { fail }).error, null, fail);
  assert.equal(readText(chunk({ content: 'a' }), { fail: 'timeout_idle' }).error, 'timeout_idle');
  assert.equal(readText(whole, { fail: 'cancelled' }).error, 'cancelled');
});

test('when a stream said that it is complete: with its finish reason, and once more with [DONE]', () => {
  const said = (texts: string[], fail?: ErrorKind) => {
    const { error, finishedMs } = read(
      texts.map((text) => Buffer.from(text)),
      fail === undefined ? {} : { fail },
    ).answer;
    return [error, finishedMs];
  };
  const [a, stop, done] = [chunk({ content: 'a' }), chunk({}, 'stop'), 'data: [DONE]\n\n'];
  assert.deepEqual(said([a, stop, done]), [null, 3]);
  assert.deepEqual(said([a, stop], 'reset'), [null, 2]);
  assert.deepEqual(said([': ping\n\n', done], 'timeout_total'), [null, 2], 'of nothing but its end');
  assert.deepEqual(said([a], 'timeout_total'), ['timeout_total', null]);
});
