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
