import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { acceptLabel } from '../../../src/github/accept.ts';
import type { Profiles } from '../../../src/observe/profile/profiled.ts';
import { Repositories, type TestRepository } from '../../github/repositories.ts';
import { Runner } from '../action-runner.ts';

/** Base and head in turn, each as its own commit says: the embedded engine, slowed down by a file of the repository. */

let runner: Runner;
let repositories: Repositories;
before(async () => {
  runner = await Runner.start();
  repositories = await Repositories.open();
});
after(async () => {
  await repositories[Symbol.asyncDispose]();
  await runner[Symbol.asyncDispose]();
});

const engine = fileURLToPath(new URL('../../../src/cli/index.ts', import.meta.url));
const config = `
target:
  command: exec '${process.execPath}' '${engine}' mock --port \${PORT} --decode-step-ms 40 --natural-tokens 10 --slow-factor $(cat factor)
  model: m
scenario: { name: chat, request: { max_tokens: 10 }, load: { requests: 8, concurrency: 4 }, warmup: 2 }
profile: { duration: 1s }
`;

/** A repository as a pull request's job has it: main, and a merge of a change into it. */
async function checkedOut(name: string, factor: string): Promise<{ work: TestRepository; base: string; head: string; merge: string }> {
  const work = await repositories.create(name);
  await work.commit('llm-bench.yaml', config);
  const base = await work.commit('factor', '1');
  await work.git('checkout', '--quiet', '-b', 'change');
  const head = await work.commit('factor', factor);
  await work.git('checkout', '--quiet', '--detach', base);
  await work.git('merge', '--quiet', '--no-ff', '-m', 'merge', head);
  return { work, base, head, merge: await work.head() };
}

test('a planted slow-down is found by measuring base and head in turn, told with its cost, and judged again from its rounds', async () => {
  const { work, base, head, merge } = await checkedOut('slower', '1.6');
  const pull = { number: 7, headSha: head };
  const env = { GITHUB_WORKSPACE: work.path, GITHUB_SHA: merge, 'INPUT_ARTIFACT-NAME': 'paired', INPUT_COMMENT: 'never' };
  const job = await runner.onPull(pull, null, env);
  const { code, log } = await job.run({ INPUT_MODE: 'paired', INPUT_BUDGET: '240s' });
  assert.equal(code, 1, log);
  const outputs = await job.written('output');
  assert.equal(outputs['verdict'], 'regressed', log);
  assert.ok(
    (JSON.parse(outputs['regressed-metrics'] ?? '[]') as string[]).some((name) => name.startsWith('chat latency_s')),
    log,
  );
  const verdict = JSON.parse(await readFile((outputs['result-path'] ?? '').replace('.json', '.verdict.json'), 'utf8'));
  assert.deepEqual([verdict.mode, verdict.baseline.sha], ['paired', base]);
  const summary = await job.summary();
  assert.match(summary, /measuring base and head in turn took .* for \d+ rounds/);
  assert.match(summary, new RegExp(base.slice(0, 7)));
  const { profiles } = JSON.parse(await readFile(outputs['result-path'] ?? '', 'utf8')) as { profiles: Profiles };
  assert.equal(profiles.taken_by, 'node', JSON.stringify(profiles.problems));
  // Whether a function changed so much that it is named is for the machine to say: the engine hardly uses its core.
  assert.ok(profiles.changed, 'base and head are profiled');
  assert.match(summary, /<summary>Profile: /);
  const folder = join(outputs['result-path'] ?? '', '..', 'profiles');
  for (const file of ['cpu.cpuprofile', join('base', 'cpu.cpuprofile')]) assert.ok(existsSync(join(folder, file)), file);
  assert.equal((await work.git('worktree', 'list')).split('\n').length, 1, 'the base is cleaned up');

  const accepted = await runner.onPull(pull, null, env, { action: 'labeled', label: acceptLabel, labels: [acceptLabel], sender: 'octo' });
  const again = await accepted.run({ INPUT_MODE: 'paired' });
  assert.match(again.log, /is judged again/);
  const verdictAgain = JSON.parse(await readFile(join(accepted.folder, 'temp', 'llm-bench', 'bench', 'result.verdict.json'), 'utf8'));
  assert.deepEqual([verdictAgain.mode, verdictAgain.verdict, verdictAgain.baseline.sha], ['paired', 'regressed', base]);
  assert.deepEqual(
    verdictAgain.series.map((row: { change_percent: number }) => row.change_percent),
    verdict.series.map((row: { change_percent: number }) => row.change_percent),
  );
});

test('auto with a base-ref and no pool measures in turn, and the same code on both sides is no regression', async () => {
  const { work, head, merge } = await checkedOut('same', '1');
  const env = { GITHUB_WORKSPACE: work.path, GITHUB_SHA: merge, 'INPUT_ARTIFACT-NAME': 'paired-same', INPUT_COMMENT: 'never' };
  const job = await runner.onPull({ number: 8, headSha: head }, null, env);
  const { code, log } = await job.run({ 'INPUT_BASE-REF': 'main', INPUT_BUDGET: '20s' });
  assert.equal(code, 0, log);
  const { verdict } = await job.written('output');
  assert.ok(['ok', 'improved', 'warn', 'inconclusive'].includes(verdict ?? ''), log);
  assert.match(log, /measured in turn to be sure/);
});
