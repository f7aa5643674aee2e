import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startMock } from '../../src/mock/server.ts';
import { isAlive, until } from '../cli/harness.ts';
import { type GitHubEmulator, startGitHubEmulator } from '../fakes/github-emulator.ts';
import { runtimeToken } from '../fakes/results-service.ts';
import { type Scene, startScene } from '../fakes/scene.ts';

const script = fileURLToPath(new URL('./action-process.ts', import.meta.url));
let github: GitHubEmulator;
let scene: Scene;
let root = '';
let steps = 0;

before(async () => {
  github = await startGitHubEmulator();
  const { id } = await github.call<{ id: number }>('GET', '/repos/octo/service');
  scene = await startScene({ upstream: github.url, repositoryId: id });
  root = await mkdtemp(join(tmpdir(), 'llm-bench-gate-'));
});
after(async () => {
  await scene.close();
  await github.close();
  await rm(root, { recursive: true, force: true });
});

/** What the runner gives to one job: its directories, its event, and a run of its own. */
class Job {
  readonly folder = join(root, `job-${++steps}`);
  readonly env: Record<string, string>;

  private constructor(env: Record<string, string>) {
    const at = (name: string) => join(this.folder, name);
    this.env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.folder,
      TMPDIR: at('temp'),
      RUNNER_TEMP: at('temp'),
      GITHUB_WORKSPACE: at('work'),
      GITHUB_EVENT_PATH: at('event.json'),
      GITHUB_OUTPUT: at('output'),
      GITHUB_STATE: at('state'),
      GITHUB_STEP_SUMMARY: at('summary.md'),
      GITHUB_ACTIONS: 'true',
      GITHUB_REPOSITORY: 'octo/service',
      GITHUB_API_URL: scene.api.url,
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_JOB: 'bench',
      'INPUT_GITHUB-TOKEN': github.tokens.bot,
      ...env,
    };
  }

  private static async open(event: unknown, config: string, env: Record<string, string>): Promise<Job> {
    const job = new Job(env);
    await mkdir(join(job.folder, 'work'), { recursive: true });
    await mkdir(join(job.folder, 'temp'));
    await writeFile(
      join(job.folder, 'event.json'),
      JSON.stringify({ repository: { id: scene.store.repositoryId, default_branch: 'main' }, ...(event as object) }),
    );
    await writeFile(join(job.folder, 'work', 'llm-bench.yaml'), config);
    for (const name of ['output', 'state', 'summary.md']) await writeFile(join(job.folder, name), '');
    return job;
  }

  static onPush(config: string, env: Record<string, string> = {}): Promise<Job> {
    const run = scene.store.addRun();
    return Job.open({ after: run.headSha }, config, {
      GITHUB_EVENT_NAME: 'push',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: run.headSha,
      GITHUB_RUN_ID: String(run.id),
      ACTIONS_RUNTIME_TOKEN: runtimeToken({ runId: run.id, jobId: 'job-1' }),
      ACTIONS_RESULTS_URL: `${scene.results.url}/`,
      ...env,
    });
  }

  static onPull(pull: { number: number; headSha: string }, config: string, env: Record<string, string> = {}): Promise<Job> {
    const run = scene.store.addRun({ event: 'pull_request', headBranch: 'change', headSha: pull.headSha });
    const repo = { id: scene.store.repositoryId };
    const event = { pull_request: { number: pull.number, head: { sha: pull.headSha, ref: 'change', repo }, base: { ref: 'main', repo } } };
    return Job.open(event, config, {
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_REF: `refs/pull/${pull.number}/merge`,
      GITHUB_SHA: 'e'.repeat(40),
      GITHUB_RUN_ID: String(run.id),
      ACTIONS_RUNTIME_TOKEN: runtimeToken({ runId: run.id, jobId: 'job-1' }),
      ACTIONS_RESULTS_URL: `${scene.results.url}/`,
      ...env,
    });
  }

  start(entry: 'main' | 'post', env: Record<string, string> = {}): { child: ChildProcess; done: Promise<{ code: number | null; log: string }> } {
    const child = spawn(process.execPath, [script, entry], { cwd: join(this.folder, 'work'), env: { ...this.env, ...env } });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (log += text));
    return { child, done: once(child, 'close').then(([code]) => ({ code, log })) };
  }

  run(env: Record<string, string> = {}) {
    return this.start('main', env).done;
  }

  /** What a step wrote to a file of `name<<delimiter` blocks. */
  async written(file: 'output' | 'state'): Promise<Record<string, string>> {
    const text = await readFile(join(this.folder, file), 'utf8');
    return Object.fromEntries([...text.matchAll(/^(.+)<<(.+)\n([\s\S]*?)\n\2$/gm)].map(([, name, , value]) => [name, value]));
  }

  summary(): Promise<string> {
    return readFile(join(this.folder, 'summary.md'), 'utf8');
  }
}

const config = 'scenario: { name: chat, request: { max_tokens: 8 }, load: { requests: 24, concurrency: 12 } }\n';

/** An engine whose answers take about half a second times the factor: long against what a busy machine adds. */
async function engineAt<T>(factor: number, use: (env: Record<string, string>) => Promise<T>): Promise<T> {
  const engine = await startMock({ decodeStepMs: 60, naturalTokens: 100, jitterPercent: 0, slowFactor: factor, logEvery: 0 });
  try {
    return await use({ 'INPUT_BASE-URL': engine.url, INPUT_MODEL: 'm' });
  } finally {
    await engine.close();
  }
}

const commentsOf = (number: number) => github.call<{ body: string; html_url: string }[]>('GET', `/repos/octo/service/issues/${number}/comments`);

test('no baseline, a baseline by a push, the same again, and a slow-down: one comment that is kept up to date', async () => {
  const pull = await github.openPull('change-a');
  const inputs = { 'INPUT_COMMENT-KEY': 'a', 'INPUT_ARTIFACT-NAME': 'baseline-a' };

  const first = await Job.onPull(pull, config, inputs);
  const before = await engineAt(1, (env) => first.run(env));
  assert.equal(before.code, 0, before.log);
  const [comment, ...others] = await commentsOf(pull.number);
  assert.equal(others.length, 0);
  assert.match(comment?.body ?? '', /^<!-- llm-bench:a -->/);
  assert.equal((await first.written('output'))['comment-url'], comment?.html_url);
  assert.match(await first.summary(), /llm-bench/);

  const push = await Job.onPush(config, inputs);
  const pushed = await engineAt(1, (env) => push.run(env));
  assert.equal(pushed.code, 0, pushed.log);
  assert.equal((await push.written('output'))['comment-url'], '');
  assert.ok(
    [...scene.store.artifacts.values()].some(({ name, finalized }) => name === 'baseline-a' && finalized),
    pushed.log,
  );

  const same = await Job.onPull(pull, config, inputs);
  const unchanged = await engineAt(1, (env) => same.run(env));
  assert.equal(unchanged.code, 0, unchanged.log);
  const green = await same.written('output');
  assert.ok(['ok', 'warn', 'improved'].includes(green['verdict'] ?? ''), green['verdict']);
  assert.equal(green['baseline-sha'], push.env['GITHUB_SHA']);
  assert.deepEqual(JSON.parse(green['regressed-metrics'] ?? ''), []);
  const result = JSON.parse(await readFile(green['result-path'] ?? '', 'utf8'));
  assert.deepEqual([result.git.sha, result.git.base_sha, result.ci.event], [pull.headSha, push.env['GITHUB_SHA'], 'pull_request']);

  const slow = await Job.onPull(pull, config, inputs);
  const regressed = await engineAt(1.6, (env) => slow.run(env));
  assert.equal(regressed.code, 1, regressed.log);
  const red = await slow.written('output');
  assert.equal(red['verdict'], 'regressed');
  assert.ok((JSON.parse(red['regressed-metrics'] ?? '') as string[]).includes('chat latency_s.p95'), red['regressed-metrics']);
  assert.ok(existsSync(red['report-path'] ?? ''));
  assert.match(regressed.log, /::error.*[Ll]atency p95 regressed/);
  const comments = await commentsOf(pull.number);
  assert.equal(comments.length, 1, 'updated in place');
  assert.match(comments[0]?.body ?? '', /❌.*[Ll]atency p95 regressed/);
  assert.match(await slow.summary(), /regressed/);
});

test('a result that is not fit to be a baseline is not uploaded as one', async () => {
  const job = await Job.onPush(config, { 'INPUT_ARTIFACT-NAME': 'baseline-b' });
  const engine = await startMock({ faults: { '500': 0.5 }, logEvery: 0 });
  try {
    const { code, log } = await job.run({ 'INPUT_BASE-URL': engine.url });
    assert.equal(code, 1, log);
    assert.match(log, /not fit to be a baseline/);
  } finally {
    await engine.close();
  }
  const names = [...scene.store.artifacts.values()].map(({ name }) => name);
  assert.ok(names.includes('baseline-b-report') && !names.includes('baseline-b'), names.join(', '));
});

test('a service that is never ready fails the step with the end of its log', async () => {
  const job = await Job.onPush('target: { command: "echo loading; exec sleep 150", ready: { url: /health, timeout_seconds: 1 } }\n');
  const { code, log } = await job.run();
  assert.equal(code, 4, log);
  assert.match(log, /::error::.*loading/);
});

test('bad inputs and a bad configuration fail the step before anything is started', async () => {
  const job = await Job.onPush('target: { command: touch started, modle: m }\n');
  const bad = await job.run();
  assert.equal(bad.code, 2, bad.log);
  assert.match(bad.log, /::error::.*modle/);
  const input = await job.run({ INPUT_MODE: 'gess' });
  assert.equal(input.code, 2, input.log);
  assert.match(input.log, /input mode/);
  assert.ok(!existsSync(join(job.folder, 'work', 'started')));
});

test('a step that is killed leaves its service to the post step, which stops it', async () => {
  const job = await Job.onPush('target: { command: "echo $$ > service.pid; exec sleep 150" }\n');
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
  const job = await Job.onPush('target: { command: "echo $$ > service.pid; exec sleep 150" }\n');
  const { child, done } = job.start('main');
  const pidFile = join(job.folder, 'work', 'service.pid');
  await until('the service to start', async () => (await readFile(pidFile, 'utf8').catch(() => '')).trim() !== '');
  child.kill('SIGINT');
  const { code, log } = await done;
  assert.equal(code, 130, log);
  assert.match(log, /interrupted/);
  assert.ok(!isAlive(Number(await readFile(pidFile, 'utf8'))));
});
