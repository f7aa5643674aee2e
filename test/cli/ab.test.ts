import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Verdict } from '../../src/verdict/verdict.ts';
import { Repositories, type TestRepository } from '../github/repositories.ts';
import { chatServer, Workspace } from './harness.ts';

/** `llm-bench ab` as a user starts it, in a repository whose file says how slow the embedded engine is. */

let workspace: Workspace;
let repositories: Repositories;
beforeEach(async () => {
  [workspace, repositories] = await Promise.all([Workspace.open(), Repositories.open()]);
});
afterEach(async () => {
  await workspace[Symbol.asyncDispose]();
  await repositories[Symbol.asyncDispose]();
});

const engine = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url));
const config = `
target:
  command: exec '${process.execPath}' '${engine}' mock --port \${PORT} --decode-step-ms 40 --natural-tokens 10 --slow-factor $(cat factor)
  model: m
scenario: { name: chat, request: { max_tokens: 10 }, load: { requests: 8, concurrency: 4 }, warmup: 2 }
`;

/** A repository at a commit of its own beside main, with this factor. */
async function repositoryAt(factor: string): Promise<{ work: TestRepository; base: string }> {
  const work = await repositories.create('service');
  await work.commit('llm-bench.yaml', config);
  const base = await work.commit('factor', '1');
  await work.git('checkout', '--quiet', '-b', 'change');
  await work.commit('factor', factor);
  return { work, base };
}

/** Runs it in the repository and reads the verdict. */
async function ab(work: TestRepository, ...args: string[]): Promise<{ code: number | null; verdict: Verdict; told: string }> {
  const line = ['ab', '--no-selftest', '--format', 'json', ...args];
  const { code, stdout, stderr } = await workspace.startIn(work.path, line).done;
  return { code, verdict: JSON.parse(stdout || '{}') as Verdict, told: `${stderr}\n${stdout}` };
}

test('a planted slow-down of 10% ends regressed, names the metric, says how the base lies, and exits 1', async () => {
  const { work, base } = await repositoryAt('1.1');
  const { code, verdict, told } = await ab(work, '--baseline-ref', 'main', '--budget', '90s', '-o', workspace.file('out.json'));
  assert.equal(code, 1, told);
  assert.equal(verdict.verdict, 'regressed', told);
  const regressed = verdict.series.filter((row) => row.verdict === 'regressed').map(({ metric }) => metric);
  assert.ok(regressed.includes('ttft_ms.p50') || regressed.includes('tokens_per_sec'), told);
  assert.deepEqual([verdict.baseline?.sha, verdict.baseline?.distance, verdict.baseline?.relation], [base, 1, 'this commit']);
  assert.equal((await work.git('worktree', 'list')).split('\n').length, 1, 'the base is cleaned up');
  assert.match(await readFile(workspace.file('out.md'), 'utf8'), /against baseline `[0-9a-f]{7}` \(1 commit before it\)/);
});

test('the same code on both sides is never regressed', async () => {
  const { work } = await repositoryAt('1');
  const { code, verdict, told } = await ab(work, '--baseline-ref', 'main', '--budget', '25s', '--limit', '10');
  assert.equal(code, 0, told);
  assert.ok(['ok', 'improved', 'warn', 'inconclusive'].includes(verdict.verdict), told);
});

test('two addresses have no commits: the report claims no merge base', async () => {
  await using server = await chatServer();
  const sides = ['--baseline-url', server.url, '--head-url', server.url, '-n', '4', '--budget', '1s', '-o', workspace.file('out.json')];
  const { code, stderr } = await workspace.start(['ab', '--no-selftest', ...sides]).done;
  assert.ok(code === 0 || code === 1, stderr);
  assert.doesNotMatch(await readFile(workspace.file('out.md'), 'utf8'), /merge base/);
});

test('what is wrong with the two sides is said before anything is measured', async () => {
  const { work } = await repositoryAt('1');
  const failed = async (...args: string[]) => {
    const { code, told } = await ab(work, ...args);
    assert.equal(code, 2, told);
    return told;
  };
  assert.match(await failed('--baseline-ref', 'nowhere'), /no commit "nowhere"/);
  assert.match(await failed(), /expected a baseline to compare with/);
  assert.match(await failed('--baseline-ref', 'main', '--baseline-url', 'http://127.0.0.1:1'), /leave out --baseline-url/);
});

test('a scenario of a file that --scenarios names is found', async () => {
  await using server = await chatServer();
  await writeFile(workspace.file('mine.yaml'), 'scenarios: { mine: { request: { max_tokens: 5 } } }\n');
  const file = ['--scenarios', 'mine.yaml', '--scenario', 'mine', '-o', workspace.file('out.json')];
  const { stderr } = await workspace.start(['ab', '--no-selftest', '--baseline-url', server.url, '--head-url', server.url, '--budget', '1s', ...file])
    .done;
  assert.equal(JSON.parse(await readFile(workspace.file('out.json'), 'utf8')).scenario, 'mine', stderr);
});
