import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { chatServer, told, Workspace } from './harness.ts';

test('--type, --iterations, --baseline-file and --output-dir: one command that measures, compares and writes into one folder', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  const flags = ['run', '--type', 'light', '--iterations', '6', '--base-url', server.url];
  await writeFile(
    workspace.file('scenarios.yaml'),
    'light:\n  request: { api: chat, stream: true, prompt: hello, max_tokens: 4 }\n  load: { executor: closed, requests: 40, concurrency: 1 }\n',
  );
  const first = await workspace.run([...flags, '--scenarios', 'scenarios.yaml', '--output-dir', 'mine', '--html', '--log-requests', 'log.jsonl']);
  assert.equal(first.code, 0, told(first));
  assert.deepEqual((await readdir(workspace.file('mine'))).toSorted(), ['bench_results.html', 'bench_results.json', 'log.jsonl']);
  assert.ok(!existsSync(workspace.file('bench_results.json')));
  assert.equal((await workspace.result('mine/bench_results.json')).results.total_requests, 6);
  await copyFile(workspace.file('mine', 'bench_results.json'), workspace.file('base.json'));
  const second = await workspace.run([...flags, '--scenarios', 'scenarios.yaml', '--output-dir', 'other', '--baseline-file', 'base.json']);
  assert.ok([0, 1].includes(second.code ?? -1), told(second));
  const verdict = JSON.parse(await readFile(workspace.file('other', 'bench_results.verdict.json'), 'utf8'));
  assert.equal(verdict.baseline.runs, 1);
  assert.match(second.stdout, /Baseline/);
  const missing = await workspace.run([...flags, '--scenarios', 'scenarios.yaml', '--baseline-file', 'nowhere.json']);
  assert.match(missing.stderr, /nowhere\.json/);
  const both = await workspace.run([...flags, '-n', '7']);
  assert.equal(both.code, 2, told(both));
  assert.match(both.stderr, /--iterations \(6\) and --num-requests \(7\)|--num-requests \(7\) and --iterations \(6\)/);
});

test('--iterations is the total where a scenario shares a total over its levels', async () => {
  await using workspace = await Workspace.open();
  const printed = await workspace.run(['run', '--type', 'quick', '--iterations', '50', '--print-config']);
  assert.match(printed.stdout, /total_requests: 50/, told(printed));
  assert.match(printed.stdout, /duration: 60/);
});
