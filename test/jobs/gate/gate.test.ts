import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startMock } from '../../../src/mock/server.ts';
import { isAlive, until } from '../../cli/harness.ts';
import { engineAt, Runner } from '../action-runner.ts';

let runner: Runner;
before(async () => {
  runner = await Runner.start();
});
after(() => runner[Symbol.asyncDispose]());

const config = 'scenario: { name: chat, request: { max_tokens: 8 }, load: { requests: 24, concurrency: 12 } }\n';

test('no baseline, a baseline by a push, the same again, and a slow-down: one comment that is kept up to date', async () => {
  const pull = await runner.github.openPull('change-a');
  const inputs = { 'INPUT_COMMENT-KEY': 'a', 'INPUT_ARTIFACT-NAME': 'baseline-a' };

  const first = await runner.onPull(pull, config, inputs);
  const before = await engineAt(1, (env) => first.run(env));
  assert.equal(before.code, 0, before.log);
  const [comment, ...others] = await runner.commentsOf(pull.number);
  assert.equal(others.length, 0);
  assert.match(comment?.body ?? '', /^<!-- llm-bench:a -->/);
  assert.equal((await first.written('output'))['comment-url'], comment?.html_url);
  assert.match(await first.summary(), /llm-bench/);

  const push = await runner.onPush(config, inputs);
  const pushed = await engineAt(1, (env) => push.run(env));
  assert.equal(pushed.code, 0, pushed.log);
  assert.equal((await push.written('output'))['comment-url'], '');
  assert.ok(
    [...runner.scene.store.artifacts.values()].some(({ name, finalized }) => name === 'baseline-a' && finalized),
    pushed.log,
  );

  const same = await runner.onPull(pull, config, inputs);
  const unchanged = await engineAt(1, (env) => same.run(env));
  assert.equal(unchanged.code, 0, unchanged.log);
  const green = await same.written('output');
  assert.ok(['ok', 'warn', 'improved'].includes(green['verdict'] ?? ''), green['verdict']);
  assert.equal(green['baseline-sha'], push.env['GITHUB_SHA']);
  assert.deepEqual(JSON.parse(green['regressed-metrics'] ?? ''), []);
  const result = JSON.parse(await readFile(green['result-path'] ?? '', 'utf8'));
  assert.deepEqual([result.git.sha, result.git.base_sha, result.ci.event], [pull.headSha, push.env['GITHUB_SHA'], 'pull_request']);

  const slow = await runner.onPull(pull, config, inputs);
  const regressed = await engineAt(1.6, (env) => slow.run(env));
  assert.equal(regressed.code, 1, regressed.log);
  const red = await slow.written('output');
  assert.equal(red['verdict'], 'regressed');
  assert.ok((JSON.parse(red['regressed-metrics'] ?? '') as string[]).includes('chat latency_s.p95'), red['regressed-metrics']);
  assert.ok(existsSync(red['report-path'] ?? ''));
  assert.match(regressed.log, /::error.*[Ll]atency p95 regressed/);
  const comments = await runner.commentsOf(pull.number);
  assert.equal(comments.length, 1, 'updated in place');
  assert.match(comments[0]?.body ?? '', /❌.*[Ll]atency p95 regressed/);
  assert.match(await slow.summary(), /regressed/);
});

test('a result that is not fit to be a baseline is not uploaded as one', async () => {
  const job = await runner.onPush(config, { 'INPUT_ARTIFACT-NAME': 'baseline-b' });
  const engine = await startMock({ faults: { '500': 0.5 }, logEvery: 0 });
  try {
    const { code, log } = await job.run({ 'INPUT_BASE-URL': engine.url });
    assert.equal(code, 1, log);
    assert.match(log, /not fit to be a baseline/);
  } finally {
    await engine.close();
  }
  const names = [...runner.scene.store.artifacts.values()].map(({ name }) => name);
  assert.ok(names.includes('baseline-b-report') && !names.includes('baseline-b'), names.join(', '));
});

test('a service that is never ready fails the step with the end of its log', async () => {
  const job = await runner.onPush('target: { command: "echo loading; exec sleep 150", ready: { url: /health, timeout_seconds: 1 } }\n');
  const { code, log } = await job.run();
  assert.equal(code, 4, log);
  assert.match(log, /::error::.*loading/);
});

test('bad inputs and a bad configuration fail the step before anything is started', async () => {
  const job = await runner.onPush('target: { command: touch started, modle: m }\n');
  const bad = await job.run();
  assert.equal(bad.code, 2, bad.log);
  assert.match(bad.log, /::error::.*modle/);
  const input = await job.run({ INPUT_MODE: 'gess' });
  assert.equal(input.code, 2, input.log);
  assert.match(input.log, /input mode/);
  assert.ok(!existsSync(join(job.folder, 'work', 'started')));
});

test('a step that is killed leaves its service to the post step, which stops it', async () => {
  const job = await runner.onPush('target: { command: "echo $$ > service.pid; exec sleep 150" }\n');
  const { child, done } = job.start('main');
  const pidFile = join(job.folder, 'work', 'service.pid');
  await until('the service to start', async () => (await readFile(pidFile, 'utf8').catch(() => '')).trim() !== '');
  const pid = Number(await readFile(pidFile, 'utf8'));
  child.kill('SIGKILL');
  await done;
  assert.ok(isAlive(pid), 'nobody stopped it yet');
  const state = await job.written('state');
  const post = await job.start('post', Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]))).done;
  assert.equal(post.code, 0, post.log);
  await until('the service to be gone', () => !isAlive(pid));
});

test('a cancelled step stops its service and says that it was interrupted', async () => {
  const job = await runner.onPush('target: { command: "echo $$ > service.pid; exec sleep 150" }\n');
  const { child, done } = job.start('main');
  const pidFile = join(job.folder, 'work', 'service.pid');
  await until('the service to start', async () => (await readFile(pidFile, 'utf8').catch(() => '')).trim() !== '');
  child.kill('SIGINT');
  const { code, log } = await done;
  assert.equal(code, 130, log);
  assert.match(log, /interrupted/);
  assert.ok(!isAlive(Number(await readFile(pidFile, 'utf8'))));
});
