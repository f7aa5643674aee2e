import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTransport } from '../../src/protocol/connect.ts';
import { openAiChat } from '../../src/protocol/openai-chat.ts';
import { ask, httpServer, options } from './harness.ts';

const chunk = (delta: object, more: object = {}) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm-1', choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`;

test('a streamed answer: output chunks, times, usage, text', async () => {
  let received = '';
  await using site = await httpServer((request, response) => {
    request.on('data', (bytes) => {
      received += bytes;
    });
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk({ role: 'assistant', content: '' }));
      response.write(chunk({ content: 'Hel' }));
      response.write(chunk({ content: 'lo' }));
      response.write(`data: ${JSON.stringify({ model: 'm-1', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`);
      response.write(
        `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } } })}\n\n`,
      );
      response.end('data: [DONE]\n\n');
    });
  });
  const transport = await createTransport({ ...options(site.origin), kind: 'auto' });
  try {
    for (let i = 0; i < 3; i++) {
      received = '';
      const { answer, gaps } = await ask(transport, openAiChat);
      assert.deepEqual(JSON.parse(received), {
        model: 'm',
        messages: [{ role: 'user', content: 'Hello' }],
        stream: true,
        stream_options: { include_usage: true },
        max_tokens: 16,
        temperature: 0,
      });
      assert.equal(answer.error, null, answer.errorMessage ?? '');
      assert.equal(answer.outputChunks, 2);
      assert.equal(answer.text, 'Hello');
      assert.equal(answer.outputTokens, 2);
      assert.equal(answer.inputTokens, 5);
      assert.equal(answer.cachedTokens, 4);
      assert.equal(answer.reasoningTokens, null);
      assert.equal(answer.finishReason, 'stop');
      assert.equal(answer.model, 'm-1');
      assert.equal(gaps.length, 2);
      assert.equal(gaps[0]?.nowMs, answer.firstOutputMs);
      assert.equal(gaps[1]?.nowMs, answer.lastOutputMs);
    }
  } finally {
    await transport.close();
  }
});
