import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, test } from 'node:test';
import { measure } from '../../src/jobs/measure/measure.ts';
import { chatServer } from '../cli/harness.ts';
import { Projects, set } from '../jobs/project.ts';

const projects = new Projects();
after(() => projects.close());

async function drive(url: string, ...more: ReturnType<typeof set>[]) {
  const load = [set('load.requests', 6), set('load.concurrency', 2), set('request.max_tokens', [9])];
  const { document } = await measure(await projects.open({}, [set('target.base_url', url), ...load, ...more]));
  assert.ok(document);
  return document;
}

/** Two tokens, and how many they were only where `usage` says so. */
function answer(response: ServerResponse, usage: boolean): true {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: {"choices":[{"index":0,"delta":{"content":"one two"}}]}\n\n');
  response.write('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n');
  if (usage) response.write('data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n');
  response.end('data: [DONE]\n\n');
  return true;
}

test('a server that is too busy for the request sent ahead is asked again', async () => {
  await using server = await chatServer({
    answer: (_, response, number) =>
      number <= 2 ? Boolean(response.writeHead(429, { 'retry-after-ms': '10' }).end('busy')) : answer(response, false),
  });
  const { results, admissible, series } = await drive(server.url);
  assert.deepEqual([results.successful, admissible, server.seen.length], [6, true, 9]);
  assert.match(series[0]?.metrics['output_tokens']?.note ?? '', /the server reports no usage/);
  assert.ok((results.output_tokens ?? 0) > 0, 'the server reports none, so they are counted');
});

test('a server that is slow to say that it cannot answer is not asked again: all that is learned takes one timeout at most', async () => {
  await using server = await chatServer({
    answer(_, response, number) {
      if (number > 1) return answer(response, true);
      setTimeout(() => response.writeHead(504).end('gateway timeout'), 3600);
      return true;
    },
  });
  const { results } = await drive(server.url, set('timeout', '4s'));
  assert.deepEqual([results.successful, server.seen.length], [6, 7]);
});

test('where nothing could be learned answers without usage are counted, and usage is believed where it comes', async () => {
  for (const usage of [false, true]) {
    await using server = await chatServer({
      answer: (_, response, number) =>
        number <= 3 ? Boolean(response.writeHead(503, { 'retry-after-ms': '10' }).end('busy')) : answer(response, usage),
    });
    const { results, series } = await drive(server.url);
    // The server was not heard on it: the result does not say that it reports none.
    assert.match(series[0]?.metrics['output_tokens']?.note ?? '', /where an answer does not say: the request sent ahead failed/);
    if (usage) assert.equal(results.output_tokens, 12);
    else assert.ok((results.output_tokens ?? 0) > 0);
  }
});

test('answers that do not say how many tokens they hold are told, and their result is no baseline', async () => {
  await using server = await chatServer({ answer: (_, response, number) => answer(response, number % 2 === 1) });
  const { results, admissible, validity } = await drive(server.url);
  assert.deepEqual([results.successful, admissible, validity.valid], [6, false, true]);
  assert.match(validity.checks.find(({ name }) => name === 'uncounted_answers')?.detail ?? '', /^3 of 6 answers/);
});
