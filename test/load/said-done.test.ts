import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { measure } from '../../src/jobs/measure/measure.ts';
import type { RequestRecord } from '../../src/measure/record.ts';
import { chatServer } from '../cli/harness.ts';
import { Projects, set } from '../jobs/project.ts';

const projects = new Projects();
after(() => projects.close());

/** The last words of a stream whose connection nobody closes. */
const open: [string, string, string, string][] = [
  ['[DONE] and nothing else', 'chat', 'text/event-stream', 'data: [DONE]\n\n'],
  ['a last line without its end', 'ollama', 'application/x-ndjson', '{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}'],
];
for (const [name, api, type, last] of open) {
  test(`${name}: the answer ended then, not when its connection was given up`, async () => {
    const records: RequestRecord[] = [];
    await using server = await chatServer({
      answer: (_, response, number) => {
        response.writeHead(200, { 'content-type': type });
        if (number === 1) response.end(last);
        else response.write(last);
        return true;
      },
    });
    const settings = [set('target.base_url', server.url), set('request.api', api), set('load.requests', 1), set('timeout', '15s')];
    const { document } = await measure(await projects.open({}, settings, { onRecord: (record) => void records.push(record) }));
    assert.deepEqual([document?.results.successful, document?.results.failed], [1, 0]);
    const { endMs, headersMs, intendedMs, outputTokens } = records[0]!;
    assert.ok(headersMs !== null && endMs >= headersMs && endMs < intendedMs + 15_000, `${endMs} ${headersMs} ${intendedMs}`);
    assert.equal(document?.results.output_tokens ?? outputTokens, 0);
  });
}

test('a user does not wait for the end of a response whose stream said that it is done, whatever the one before is at', async () => {
  await using server = await chatServer({
    answer: (_, response, number) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const body = 'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
      if (number === 1) response.end(body);
      else if (number > 2) response.write(body);
      return true;
    },
  });
  const settings = [set('target.base_url', server.url), set('load.requests', 4), set('load.concurrency', 2), set('timeout', '20s')];
  const records: RequestRecord[] = [];
  const { document } = await measure(await projects.open({}, settings, { onRecord: (record) => void records.push(record) }));
  // The first request is never answered; the others end while it waits.
  assert.deepEqual([document?.results.successful, document?.results.failed], [3, 1]);
  assert.deepEqual(
    records.map(({ error }) => error),
    [null, null, null, 'timeout_total'],
  );
});
