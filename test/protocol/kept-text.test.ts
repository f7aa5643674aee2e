import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReaderLimits } from '../../src/protocol/answer-state.ts';
import { AnthropicReader } from '../../src/protocol/anthropic.ts';
import { OllamaReader } from '../../src/protocol/ollama.ts';
import { OpenAiReader } from '../../src/protocol/openai-reader.ts';
import type { AnswerReader } from '../../src/protocol/protocol.ts';

/** A wire's chunk of content, and its end of a stream. */
const wires: { name: string; create: (limits: ReaderLimits) => AnswerReader; content: (text: string) => string; end: string }[] = [
  {
    name: 'openai',
    create: (limits) => new OpenAiReader(limits),
    content: (text) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`,
    end: 'data: [DONE]\n\n',
  },
  {
    name: 'anthropic',
    create: (limits) => new AnthropicReader(limits),
    content: (text) =>
      `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })}\n\n`,
    end: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
  },
  {
    name: 'ollama',
    create: (limits) => new OllamaReader(limits),
    content: (text) => `${JSON.stringify({ message: { content: text }, done: false })}\n`,
    end: '{"message":{"content":""},"done":true}\n',
  },
];

describe('a kept text has a bound', () => {
  for (const { name, create, content, end } of wires) {
    const reader = create({ maxLineBytes: 1000, maxBodyBytes: 20 });
    const feed = (text: string) => {
      const bytes = Buffer.from(text);
      return reader.data(bytes, 0, bytes.length, 1);
    };
    test(`${name}: what is longer is too large, and reading on is of no use`, () => {
      reader.begin(null, true);
      reader.headers(200, [], 0);
      assert.equal(feed(content('0123456789').repeat(2)), true);
      assert.equal(feed(content('x') + content('y')), false);
      const answer = reader.fail('cancelled', 'given up', 2);
      assert.deepEqual([answer.error, answer.text], ['too_large', '']);
      assert.match(answer.errorMessage ?? '', /text is longer than 20/);
    });
    test(`${name}: a text up to the bound is kept, and one that is not kept has none`, () => {
      for (const [keepText, text] of [
        [true, 'a'.repeat(20)],
        [false, null],
      ] as const) {
        reader.begin(null, keepText);
        reader.headers(200, [], 0);
        assert.equal(feed(content('aaaaaaaaaa').repeat(keepText ? 2 : 5) + end), true);
        const answer = reader.end(2);
        assert.deepEqual([answer.error, answer.text], [null, text]);
      }
    });
  }
});

describe('output beside the text is kept for its tokens to be counted', () => {
  const read = (reader: AnswerReader, text: string, keepText = true, headers: string[] = []) => {
    const bytes = Buffer.from(text);
    reader.begin(null, keepText);
    reader.headers(200, headers, 0);
    reader.data(bytes, 0, bytes.length, 1);
    const { error, text: content, beside } = reader.end(2);
    return [error, content, beside];
  };
  const chunk = (delta: object, index = 0, more: object = {}) => `data: ${JSON.stringify({ choices: [{ index, delta }], ...more })}\n\n`;
  const done = 'data: [DONE]\n\n';
  const call = (more: object) => ({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: more }] });

  const cases: [string, string, string, string | undefined][] = [
    ['content of one choice', chunk({ content: 'Hi' }) + chunk({ content: [{ type: 'text', text: ' you' }] }), 'Hi you', undefined],
    ['reasoning', chunk({ reasoning_content: 'hm' }) + chunk({ reasoning: ' so' }) + chunk({ content: 'Hi' }), 'Hi', 'hm so'],
    ['reasoning under both names', chunk({ reasoning_content: 'hm', reasoning: 'hm' }), '', 'hm'],
    [
      'thinking parts',
      chunk({ content: [{ type: 'thinking', thinking: [{ text: 'a' }, { text: 'b' }] }] }) + chunk({ content: [{ thinking: 'c' }] }),
      '',
      'abc',
    ],
    ['a refusal', chunk({ refusal: 'no' }), '', 'no'],
    [
      'a tool call',
      chunk(call({ name: 'find', arguments: '' })) + chunk(call({ arguments: '{"q"' })) + chunk(call({ arguments: ':1}' })),
      '',
      'find{"q":1}',
    ],
    ['a call of the older kind', chunk({ function_call: { name: 'find', arguments: { q: 1 } } }), '', 'find{"q":1}'],
    ['another choice', chunk({ content: 'a' }) + chunk({ content: 'b' }, 1) + chunk({ content: 'c' }, 1), 'a', 'bc'],
    ['another choice of completions', 'data: {"choices":[{"index":0,"text":"a"},{"index":1,"text":"b"}]}\n\n', 'a', 'b'],
  ];
  for (const [name, text, content, beside] of cases)
    test(`openai: ${name}`, () => {
      assert.deepEqual(read(new OpenAiReader(), text + done), [null, content, beside]);
      assert.deepEqual(read(new OpenAiReader(), text + done, false), [null, null, undefined]);
    });

  test('openai: in one body', () => {
    const body = {
      choices: [
        { index: 0, message: { content: 'a', reasoning: 'hm' } },
        { index: 1, message: { content: 'b' } },
      ],
    };
    assert.deepEqual(read(new OpenAiReader(), JSON.stringify(body)), [null, 'a', 'hmb']);
  });

  test('openai: where the server tells the tokens it is not wanted; a reader starts afresh', () => {
    const reader = new OpenAiReader();
    const thinking = chunk({ reasoning: 'hm' });
    assert.deepEqual(read(reader, thinking + done), [null, '', 'hm']);
    assert.deepEqual(read(reader, chunk({ reasoning: 'hm' }, 0, { usage: { completion_tokens: 1 } }) + thinking + done), [null, '', undefined]);
    assert.deepEqual(read(reader, chunk({ content: 'a' }) + done), [null, 'a', undefined]);
  });

  test('openai: it counts towards the bound', () => {
    const reader = new OpenAiReader({ maxLineBytes: 1000, maxBodyBytes: 5 });
    assert.deepEqual(read(reader, chunk({ content: 'abc' }) + chunk({ reasoning: 'def' }) + done), ['too_large', '', undefined]);
  });

  test('anthropic: thinking and tools', () => {
    const event = (value: { type: string; [more: string]: unknown }) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
    const text =
      event({ type: 'content_block_delta', delta: { thinking: 'hm' } }) +
      event({ type: 'content_block_delta', delta: { text: 'Hi' } }) +
      event({ type: 'content_block_start', content_block: { type: 'tool_use', name: 'find', input: {} } }) +
      event({ type: 'content_block_delta', delta: { partial_json: '{"q":1}' } }) +
      event({ type: 'message_stop' });
    assert.deepEqual(read(new AnthropicReader(), text), [null, 'Hi', 'hmfind{"q":1}']);
    const whole = {
      content: [
        { type: 'thinking', thinking: 'hm' },
        { type: 'text', text: 'Hi' },
        { type: 'tool_use', name: 'find', input: { q: 1 } },
      ],
    };
    assert.deepEqual(read(new AnthropicReader(), JSON.stringify(whole), true, ['content-type', 'application/json']), [null, 'Hi', 'hmfind{"q":1}']);
  });

  test('ollama: thinking and tools', () => {
    const line = (message: object, done = false) => `${JSON.stringify({ message, done })}\n`;
    const text =
      line({ content: '', thinking: 'hm' }) +
      line({ content: 'Hi' }) +
      line({ content: '', tool_calls: [{ function: { name: 'find', arguments: { q: 1 } } }] }) +
      line({ content: '' }, true);
    assert.deepEqual(read(new OllamaReader(), text), [null, 'Hi', 'hmfind{"q":1}']);
  });
});
