import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { startMock } from '../../src/mock/server.ts';
import type { SideBySide } from '../../src/report/side-by-side.ts';
import { told, Workspace } from './harness.ts';

const few = ['--no-selftest', '-n', '6', '--max-tokens', '8', '--prompts', 'p.jsonl', '--scenario', 'quick_validation', '--warmup', '0'];

async function write(workspace: Workspace, name: string, text: string): Promise<void> {
  await mkdir(dirname(workspace.file(name)), { recursive: true });
  await writeFile(workspace.file(name), text);
}

async function folderOf(workspace: Workspace): Promise<string> {
  const [name = ''] = await readdir(workspace.file('results'));
  assert.match(name, /^comparison_\d{8}_\d{6}$/);
  return workspace.file('results', name);
}

test('two targets side by side, an address overridden: a result each, the comparison in four forms', async () => {
  await using workspace = await Workspace.open();
  await write(workspace, 'p.jsonl', '{"prompt": "one"}\n');
  const [quick, slow] = await Promise.all([startMock({ logEvery: 0 }), startMock({ logEvery: 0, decodeStepMs: 20 })]);
  try {
    await write(
      workspace,
      'config/targets.yaml',
      `quick: { base_url: "${quick.url}", model: mock-model }\nslow: { base_url: "http://127.0.0.1:9", model: mock-model }\n`,
    );
    const finished = await workspace.run(['compare-targets', 'quick', `slow=${slow.url}`, ...few]);
    assert.equal(finished.code, 0, told(finished));
    assert.match(finished.stdout, /TTFT p50/);
    const folder = await folderOf(workspace);
    assert.deepEqual((await readdir(folder)).sort(), [
      'comparison_report.csv',
      'comparison_report.html',
      'comparison_report.json',
      'comparison_report.md',
      'quick_results.json',
      'slow_results.json',
    ]);
    const compared = JSON.parse(await readFile(`${folder}/comparison_report.json`, 'utf8')) as SideBySide;
    const latency = compared.rows.find(({ metric }) => metric === 'latency_s.p50');
    assert.equal(latency?.best, 0);
    assert.ok((latency?.changes[1] ?? 0) > 50);
    assert.ok(compared.largest.length > 0);
    assert.match(await readFile(`${folder}/comparison_report.html`, 'utf8'), /Largest differences/);
  } finally {
    await Promise.all([quick.close(), slow.close()]);
  }
});

test('a target that is not there is named, the other is measured, and the exit code says so', async () => {
  await using workspace = await Workspace.open();
  await write(workspace, 'p.jsonl', '{"prompt": "one"}\n');
  const engine = await startMock({ logEvery: 0 });
  try {
    const targets = `here: { base_url: "${engine.url}", model: m }\ngone: { base_url: "http://127.0.0.1:1", ready: { timeout_seconds: 1 } }\n`;
    await write(workspace, 'config/targets.yaml', targets);
    const finished = await workspace.run(['compare-targets', 'gone', 'here', ...few]);
    assert.equal(finished.code, 4, told(finished));
    assert.match(finished.stdout, /gone could not be measured/);
    assert.ok((await readdir(await folderOf(workspace))).includes('here_results.json'));
  } finally {
    await engine.close();
  }
});

test('the models of one target; too few are told', async () => {
  await using workspace = await Workspace.open();
  await write(workspace, 'p.jsonl', '{"prompt": "one"}\n');
  const engine = await startMock({ logEvery: 0, models: ['a', 'b'] });
  try {
    await write(workspace, 'config/targets.yaml', `both: { base_url: "${engine.url}", model: a, supported_models: [a, b] }\n`);
    const finished = await workspace.run(['compare-models', 'both', ...few]);
    assert.equal(finished.code, 0, told(finished));
    assert.ok((await readdir(await folderOf(workspace))).includes('b_results.json'));
    const one = await workspace.run(['compare-models', 'both', '--models', 'a', ...few]);
    assert.equal(one.code, 2, told(one));
    assert.match(one.stderr, /expected at least two models, found 1/);
  } finally {
    await engine.close();
  }
});
