import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { parse } from 'yaml';
import { registerInit } from '../../src/cli/commands/init.ts';
import { UserError } from '../../src/config/errors.ts';
import { initProject } from '../../src/jobs/init.ts';
import { project } from '../config/project.ts';

const run = promisify(execFile);

test('writes a configuration that loads and a workflow with the permissions it needs', async () => {
  await using here = await project();
  const dir = join(here.dir, 'new/folder');
  const { files, defaultBranch } = await initProject({ dir, force: false });
  assert.deepEqual(files, ['llm-bench.yaml', '.github/workflows/llm-bench.yml']);
  assert.equal(defaultBranch, 'main');
  const config = await here.load({ cwd: dir });
  assert.deepEqual([config.embedded, config.scenarios[0]!.name, config.target.base_url], [false, 'quick_validation', 'http://127.0.0.1:${PORT}']);
  assert.deepEqual(config.warnings, []);
  const workflow = parse(await readFile(join(dir, '.github/workflows/llm-bench.yml'), 'utf8'));
  assert.deepEqual(workflow.on, {
    push: { branches: ['main'] },
    pull_request: { types: ['opened', 'synchronize', 'reopened', 'labeled', 'unlabeled'] },
    merge_group: null,
  });
  assert.deepEqual(workflow.permissions, { contents: 'read', actions: 'read', 'pull-requests': 'write' });
  assert.ok(workflow.concurrency.group);
  assert.deepEqual(
    workflow.jobs['llm-bench'].steps.map((step: { uses: string }) => step.uses),
    ['actions/checkout@v4', 'org/llm-bench-action@v1'],
  );
});

test('the commented-out settings are good too', async () => {
  await using here = await project();
  await initProject({ dir: here.dir, force: false });
  const path = join(here.dir, 'llm-bench.yaml');
  const text = (await readFile(path, 'utf8'))
    .replace('scenario: quick_validation\n', '')
    .replaceAll(/^(\s*)# (?=(setup|model|api_key_env|scenario|max_p95_latency_ms|min_tokens_per_sec):)/gm, '$1');
  assert.match(text, /^scenario:/m);
  await writeFile(path, text);
  const config = await here.load({ env: { MY_API_KEY: 'x' } });
  assert.equal(config.scenarios[0]!.name, 'chat');
  assert.equal(config.thresholds.series['*']!['latency_s.p95']!.max, 2);
  assert.equal(config.target.setup?.length, 2);
});

test('refuses to write over a file, and then writes nothing', async () => {
  await using here = await project({ 'llm-bench.yaml': 'mode: rules\n' });
  await assert.rejects(
    initProject({ dir: here.dir, force: false }),
    (error: Error) => error instanceof UserError && error.exitCode === 2 && /llm-bench\.yaml is there already/.test(error.message),
  );
  assert.equal(await readFile(join(here.dir, 'llm-bench.yaml'), 'utf8'), 'mode: rules\n');
  await assert.rejects(readFile(join(here.dir, '.github/workflows/llm-bench.yml')), { code: 'ENOENT' });
  await initProject({ dir: here.dir, force: true });
  assert.match(await readFile(join(here.dir, 'llm-bench.yaml'), 'utf8'), /my-service/);
});

test("measures the repository's own default branch", async () => {
  await using here = await project();
  await run('git', ['init', '-q', here.dir]);
  await run('git', ['-C', here.dir, 'symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk']);
  const { defaultBranch } = await initProject({ dir: here.dir, force: false });
  assert.equal(defaultBranch, 'trunk');
  assert.match(await readFile(join(here.dir, '.github/workflows/llm-bench.yml'), 'utf8'), /branches: \["trunk"\]/);
});

test('the command says what comes next', async (context) => {
  await using here = await project();
  const program = new Command();
  registerInit(program);
  const written: string[] = [];
  const write = context.mock.method(process.stdout, 'write', (text: string) => written.push(text) > 0);
  await program.parseAsync(['init', '--dir', here.dir], { from: 'user' });
  write.mock.restore();
  assert.match(written.join(''), /wrote llm-bench\.yaml\nwrote \.github\/workflows\/llm-bench\.yml\n\nNext:/);
});
