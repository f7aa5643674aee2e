import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { ModelComparison } from '../../src/result/findings/models.ts';
import { chatServer, told, Workspace } from './harness.ts';

test('--all-models: a series and a block of results for each model, and which is best for what', async () => {
  await using work = await Workspace.open();
  await using server = await chatServer({
    tokenMs: 2,
    answer: ({ body }, response) => {
      const { model } = JSON.parse(body) as { model: string };
      if (model !== 'org/slow') return false;
      const answer = {
        model,
        choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 100, completion_tokens: 1 },
      };
      setTimeout(() => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`data: ${JSON.stringify(answer)}\n\ndata: [DONE]\n\n`);
      }, 150);
      return true;
    },
  });
  await writeFile(
    work.file('llm-bench.yaml'),
    `target:
  base_url: "${server.url}"
  supported_models: [org/slow, fast]
  prices: { input_per_million: 1, output_per_million: 2, currency: USD }
scenario: { name: s, request: { prompt_tokens: 10, max_tokens: 5 }, load: { requests: 4 } }
`,
  );
  const ran = await work.run(['run', '--all-models', '-o', 'r.json']);
  assert.equal(ran.code, 0, told(ran));
  const { results, series } = await work.result('r.json');
  const models = results['models'] as Record<string, Record<string, number>>;
  assert.deepEqual(Object.keys(models), ['org/slow', 'fast']);
  assert.deepEqual([models['fast']?.['successful'], results.total_requests], [4, 8]);
  assert.deepEqual(
    series.filter(({ labels }) => labels['model']).map(({ id, labels }) => [id, labels['model']]),
    [
      ['s/model=org/slow', 'org/slow'],
      ['s/model=fast', 'fast'],
    ],
  );
  assert.deepEqual(results['model_comparison'] as ModelComparison, { best_latency: 'fast', best_throughput: 'fast', best_cost: 'fast' });
  // 7 prompt tokens at 1 and 4 output tokens at 2 per million: 15 for 4 million.
  assert.ok(Math.abs((models['fast']?.['cost_per_million_output_tokens'] ?? 0) - 3.75) < 1e-9);
  assert.ok(Math.abs((models['fast']?.['tokens_per_dollar'] ?? 0) - 1e6 / 3.75) < 1e-3);
  assert.match(
    ran.stdout,
    /s: best latency: fast \(median .* s\)\ns: best throughput: fast .*\ns: best cost per token: fast \(3\.75 USD per million output tokens/,
  );
});

test('--all-models without models is told', async () => {
  await using work = await Workspace.open();
  const ran = await work.run(['run', '--all-models', '--base-url', 'http://127.0.0.1:9']);
  assert.equal(ran.code, 2, told(ran));
  assert.match(ran.stderr, /--all-models.*names no supported_models/);
});
