import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { startMock } from '../../src/mock/server.ts';
import { chatServer, told, Workspace } from './harness.ts';

for (const api of ['ollama', 'anthropic']) {
  test(`a run over ${api}: times, tokens and cached tokens`, async () => {
    await using work = await Workspace.open();
    const engine = await startMock({ logEvery: 0, apiKey: 'secret-key' });
    try {
      await writeFile(
        work.file('llm-bench.yaml'),
        `target: { base_url: "${engine.url}", model: m, api_key_env: THE_KEY }
scenario: { name: s, request: { api: ${api}, prompt_tokens: 60, max_tokens: 10 }, load: { executor: closed, requests: 8, concurrency: 2 }, warmup: 1 }
`,
      );
      const ran = await work.run(['run', '-o', 'r.json'], { THE_KEY: 'secret-key' });
      assert.equal(ran.code, 0, told(ran));
      const { results, series } = await work.result('r.json');
      assert.deepEqual([results.successful, results.failed, results.output_tokens], [8, 0, 80]);
      assert.ok((results.ttft_ms?.p50 ?? 0) > 0 && (results.tpot_ms?.p50 ?? 0) > 0);
      assert.ok((results.input_tokens ?? 0) > 8 * 50);
      assert.equal(series[0]?.metrics['cached_tokens'] !== undefined, api === 'anthropic');
    } finally {
      await engine.close();
    }
  });
}

test('an exact output length cannot be asked for over these wires', async () => {
  await using work = await Workspace.open();
  await writeFile(work.file('llm-bench.yaml'), 'scenario: { request: { api: anthropic, prompt_tokens: 5, max_tokens: 5, ignore_eos: true } }\n');
  const ran = await work.run(['run', '--base-url', 'http://127.0.0.1:9']);
  assert.equal(ran.code, 2, told(ran));
  assert.match(ran.stderr, /ignore_eos.*anthropic/);
});

test("the key goes where the wire wants it, unless the target says otherwise; the version header can be another's", async () => {
  await using work = await Workspace.open();
  const event = (value: object & { type: string }) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
  await using server = await chatServer({
    answer: (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(
        event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } } as never) +
          event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } } as never),
      );
      return true;
    },
  });
  const headersOf = async (target: string, request = '') => {
    await writeFile(
      work.file('llm-bench.yaml'),
      `target: { base_url: "${server.url}/v1", api_key_env: THE_KEY ${target} }\nscenario: { request: { api: anthropic, prompt_tokens: 5 ${request} } }\n`,
    );
    server.forget();
    const ran = await work.run(['run', '-n', '2'], { THE_KEY: 'k1' });
    assert.equal(ran.code, 0, told(ran));
    assert.equal(server.seen.at(-1)?.path, '/v1/messages');
    const headers = server.seen.at(-1)?.headers ?? {};
    return [headers['x-api-key'], headers.authorization, headers['x-own'], headers['anthropic-version']];
  };
  assert.deepEqual(await headersOf(''), ['k1', undefined, undefined, '2023-06-01']);
  assert.deepEqual(await headersOf(', api_key_header: X-Own'), [undefined, undefined, 'k1', '2023-06-01']);
  assert.deepEqual(await headersOf('', ', headers: { anthropic-version: "2024-01-01" }'), ['k1', undefined, undefined, '2024-01-01']);
});
