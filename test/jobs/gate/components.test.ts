import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { startMock } from '../../../src/mock/server.ts';
import type { ResultDocument } from '../../../src/result/document.ts';
import { Runner } from '../action-runner.ts';

let runner: Runner;
before(async () => {
  runner = await Runner.start();
});
after(() => runner[Symbol.asyncDispose]());

const line = (name: string, nanoseconds: number, p95Ms = 0.1) => `${name} 1000 ${nanoseconds} ns/op ${p95Ms} p95-ms 64 B/op 2 allocs/op`;
const component = (nanoseconds: number, more = '') =>
  JSON.stringify({ run: `echo '${line('BenchmarkClassifyBatch_Size1', nanoseconds)}'${more}`, format: 'go-bench' });
const resultOf = async (outputs: Record<string, string>) => JSON.parse(await readFile(outputs['result-path'] ?? '', 'utf8')) as ResultDocument;

test('component entries alone: stored by a push, compared on a pull request, told in one comment', async () => {
  const pull = await runner.github.openPull('parts');
  const names = { 'INPUT_COMMENT-KEY': 'parts', 'INPUT_ARTIFACT-NAME': 'parts' };
  const push = await runner.onPush(`component: ${component(1000)}\n`, names);
  const pushed = await push.run();
  assert.equal(pushed.code, 0, pushed.log);
  const slow = await runner.onPull(pull, `component: ${component(1500)}\n`, names);
  const red = await slow.run();
  assert.equal(red.code, 1, red.log);
  const outputs = await slow.written('output');
  assert.deepEqual(JSON.parse(outputs['regressed-metrics'] ?? ''), ['classification/batch_size_1 ns/op']);
  assert.equal((await resultOf(outputs)).scenario, 'components');
  const [comment] = await runner.commentsOf(pull.number);
  assert.match(comment?.body ?? '', /Ns\/op regressed by 50%[\s\S]*llm-bench component\n/);
});

test('beside a service: the series of both are in one result; a command that fails, fails the check and loses nothing', async () => {
  const engine = await startMock({ logEvery: 0 });
  try {
    const scenario = '{ name: chat, request: { api: chat, max_tokens: 4 }, load: { requests: 20, concurrency: 1 } }';
    const config = (entry: string) => `component: ${entry}\nscenario: ${scenario}\nbaseline: none\n`;
    const env = { 'INPUT_BASE-URL': engine.url };
    const both = await runner.onPush(config(component(1000)), { 'INPUT_ARTIFACT-NAME': 'both' });
    const ran = await both.run(env);
    assert.equal(ran.code, 0, ran.log);
    const result = await resultOf(await both.written('output'));
    assert.deepEqual(
      result.series.map(({ id }) => id),
      ['chat', 'classification/batch_size_1'],
    );
    assert.equal(result.runs[0]?.values['classification/batch_size_1']?.['ns/op'], 1000);

    const failing = await runner.onPush(config(component(1000, '; exit 3')), { 'INPUT_ARTIFACT-NAME': 'failing' });
    const failed = await failing.run(env);
    assert.equal(failed.code, 4, failed.log);
    assert.match(failed.log, /::error.*component go-bench: .* exit status 3/);
    const kept = await resultOf(await failing.written('output'));
    assert.equal(kept.series.length, 2);
    assert.equal(kept.admissible, false);
  } finally {
    await engine.close();
  }
});
