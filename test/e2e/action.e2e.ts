/** The action's steps as the runner starts them: dist/main and dist/post with the runner's variables, files and signals. For what `act` cannot do. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkOut, engineCommand, engineConfig, newMark, type Platform, pullEvent, pushEvent, startPlatform } from './runner.ts';
import { built } from './staged.ts';
import { type Finished, marked, markOf, readResult, scratch, start, told, until } from './support.ts';

interface Step {
  platform: Platform;
  inputs: Record<string, string>;
  files: Record<string, string>;
  event?: { name: string; payload: Record<string, unknown> };
  env?: Record<string, string>;
}

/** A job with one step of ours. */
class Job {
  readonly folder: string;
  readonly env: Record<string, string>;
  private readonly t: TestContext;

  private constructor(t: TestContext, folder: string, env: Record<string, string>) {
    this.t = t;
    this.folder = folder;
    this.env = env;
  }

  static async open(t: TestContext, { platform, inputs, files, event, env = {} }: Step): Promise<Job> {
    const folder = await scratch(t);
    const workspace = join(folder, 'workspace');
    const sha = await checkOut(workspace, files);
    const { name, payload } = event ?? { name: 'push', payload: pushEvent(platform, sha) };
    await mkdir(join(folder, 'temp'));
    for (const file of ['output', 'state', 'summary', 'env', 'path']) await writeFile(join(folder, file), '');
    await writeFile(join(folder, 'event.json'), JSON.stringify(payload));
    return new Job(t, folder, {
      ...platform.addRun({ event: name, headSha: sha }).env,
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTOR: 'reviewer',
      GITHUB_ENV: join(folder, 'env'),
      GITHUB_EVENT_NAME: name,
      GITHUB_EVENT_PATH: join(folder, 'event.json'),
      GITHUB_JOB: 'bench',
      GITHUB_OUTPUT: join(folder, 'output'),
      GITHUB_PATH: join(folder, 'path'),
      GITHUB_REF: name === 'push' ? 'refs/heads/main' : 'refs/pull/1/merge',
      GITHUB_REPOSITORY: 'octo/service',
      GITHUB_REPOSITORY_ID: String(platform.repositoryId),
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_SHA: sha,
      GITHUB_STATE: join(folder, 'state'),
      GITHUB_STEP_SUMMARY: join(folder, 'summary'),
      GITHUB_WORKFLOW: 'bench',
      GITHUB_WORKSPACE: workspace,
      RUNNER_ARCH: 'X64',
      RUNNER_OS: 'Linux',
      RUNNER_TEMP: join(folder, 'temp'),
      RUNNER_TRACKING_ID: 'github_tracking',
      'INPUT_GITHUB-TOKEN': platform.github.tokens.bot,
      INPUT_MATRIX: 'null',
      ...Object.fromEntries(Object.entries(inputs).map(([input, value]) => [`INPUT_${input.toUpperCase()}`, value])),
      ...env,
    });
  }

  main() {
    return start(this.t, process.execPath, [built('main')], { cwd: join(this.folder, 'workspace'), env: this.env });
  }

  /** The post step, with the state that the main step kept. */
  async post(): Promise<Finished> {
    const state = Object.fromEntries(Object.entries(await this.values('state')).map(([name, value]) => [`STATE_${name}`, value]));
    return start(this.t, process.execPath, [built('post')], { cwd: join(this.folder, 'workspace'), env: { ...this.env, ...state } }).done;
  }

  read(name: string): Promise<string> {
    return readFile(join(this.folder, name), 'utf8');
  }

  /** What was written for the runner: `NAME<<END`, lines of the value, `END`; the last of a name counts. */
  async values(name: 'output' | 'state'): Promise<Record<string, string>> {
    const values: Record<string, string> = {};
    for (const [, key = '', , value = ''] of (await this.read(name)).matchAll(/^([\w-]+)<<(\S+)\n([\s\S]*?)\n?\2$/gm)) values[key] = value;
    return values;
  }
}

test('the step writes its outputs, the job summary and the state; a key is masked before it is used, and never shown', async (t) => {
  const platform = await startPlatform(t);
  const mark = newMark();
  const key = `key-${randomBytes(12).toString('hex')}`;
  const seen = join(await scratch(t), 'environment');
  const config = `target:
  name: guarded
  command: env > ${seen}; ${engineCommand(mark)}
  env: { LLM_BENCH_MOCK_API_KEY: "\${SERVICE_KEY}", PURPOSE: bench }
  api_key_env: SERVICE_KEY
${engineConfig}report: { html: true }
`;
  await platform.github.commit('main', 'README.md', 'changed\n').catch(() => '');
  const pull = await platform.github.openPull('change');
  const job = await Job.open(t, {
    platform,
    inputs: { config: '', scenario: '' },
    files: { 'llm-bench.yaml': config },
    event: { name: 'pull_request', payload: pullEvent(platform, pull) },
    env: {
      SERVICE_KEY: key,
      GITHUB_TOKEN: 'a-token-of-the-job',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'an-id-token',
      ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1/id',
    },
  });
  const ran = await job.main().done;
  assert.equal(ran.code, 0, told(ran));

  const outputs = await job.values('output');
  const expected = ['baseline-sha', 'comment-url', 'duration-seconds', 'regressed-metrics', 'report-path', 'result-path', 'verdict'];
  assert.deepEqual(Object.keys(outputs).sort(), expected);
  assert.deepEqual([outputs['verdict'], outputs['regressed-metrics'], outputs['baseline-sha']], ['ok', '[]', '']);
  assert.ok(Number(outputs['duration-seconds']) > 0);
  const result = await readResult(outputs['result-path'] ?? '');
  assert.deepEqual([result.results.successful, result.results.failed], [80, 0], told(ran));
  assert.equal(result.git.sha, pull.headSha);
  const summary = await job.read('summary');
  assert.match(summary, /^### 🆕 llm-bench: first measurement/);
  const [comment] = await platform.comments(pull);
  assert.ok(comment, told(ran));

  // The key went to the service, which refuses whoever does not send it; and nowhere else.
  const masked = `::add-mask::${key}`;
  const at = ran.stdout.indexOf(key);
  assert.equal(at, ran.stdout.indexOf(masked) + '::add-mask::'.length, 'the first time that the key is seen, it is being masked');
  const rest = ran.stdout.split('\n').filter((line) => line !== masked);
  const report = outputs['report-path'] ?? '';
  const written = [await readFile(report, 'utf8'), await readFile(report.replace(/\.md$/, '.html'), 'utf8'), JSON.stringify(result), summary];
  for (const text of [...rest, ran.stderr, ...written, comment.body, await job.read('output'), await job.read('state')]) {
    assert.ok(!text.includes(key), `the key is shown: ${text.slice(0, 300)}`);
  }

  const names = new Map((await readFile(seen, 'utf8')).split('\n').map((line) => [line.split('=')[0] ?? '', line]));
  const secret = /^(ACTIONS_(RUNTIME_TOKEN|RESULTS_URL|ID_TOKEN_.*)|GITHUB_TOKEN|INPUT_.*|GITHUB_(OUTPUT|STATE|ENV|PATH|STEP_SUMMARY))$/;
  assert.deepEqual(
    [...names.keys()].filter((name) => secret.test(name)),
    [],
    'the service is given none of what the runner trusts the step with',
  );
  assert.equal(names.get('RUNNER_TRACKING_ID'), 'RUNNER_TRACKING_ID=github_tracking', 'by which the runner finds orphans');
  assert.deepEqual([names.get('PURPOSE'), names.get('LLM_BENCH_MOCK_API_KEY')], ['PURPOSE=bench', `LLM_BENCH_MOCK_API_KEY=${key}`]);
  assert.deepEqual(marked(mark), []);
  const post = await job.post();
  assert.equal(post.code, 0, told(post));
});

/** A service with a child that left its group and session, and more requests than anybody waits for. */
function longRun(mark: string) {
  return {
    inputs: { command: `setsid env ${markOf(mark)} sleep 1000 & ${engineCommand(mark, '--log-every 20')}` },
    files: { 'llm-bench.yaml': 'scenario: { name: long, extends: default, load: { requests: 100000, concurrency: 4 } }\n' },
  };
}

/** Under way: requests are being answered, as the service's own log tells. */
async function underWay(job: Job, started: ReturnType<Job['main']>): Promise<void> {
  const log = join(job.folder, 'temp', 'llm-bench', 'bench', 'logs', 'service.log');
  const answered = async () => /\b\d{2,} requests/.test(await readFile(log, 'utf8').catch(() => ''));
  await until('requests to be answered', async () => started.child.exitCode !== null || (await answered()), started.output);
  assert.equal(started.child.exitCode, null, started.output());
}

test('a cancelled step stops the service and keeps what was measured until then, within the 10 s that the runner gives it', async (t) => {
  const platform = await startPlatform(t);
  const mark = newMark();
  const job = await Job.open(t, { platform, ...longRun(mark) });
  const started = job.main();
  await underWay(job, started);
  assert.ok(marked(mark).length >= 2, 'the service and its child run');
  const cancelledMs = performance.now();
  started.child.kill('SIGINT');
  const ran = await started.done;
  const seconds = (performance.now() - cancelledMs) / 1000;
  assert.equal(ran.code, 130, told(ran));
  t.diagnostic(`the step ended ${seconds.toFixed(1)} s after its first signal`);
  assert.ok(seconds < 10, `it took ${seconds} s`);
  assert.deepEqual(marked(mark), [], told(ran));
  const outputs = await job.values('output');
  const result = await readResult(outputs['result-path'] ?? '');
  assert.deepEqual([result.partial, result.stop_reason, result.admissible], [true, 'interrupted', false]);
  assert.ok(result.results.successful > 0 && result.results.successful < 100_000);
  assert.match(ran.stdout, /::error::interrupted/);
  // A part of a measurement is no baseline, though it is of a push to main.
  assert.ok(
    platform.scene.store.list().every(({ name }) => name !== 'llm-bench-baseline-bench'),
    told(ran),
  );
  const post = await job.post();
  assert.equal(post.code, 0, told(post));
});

test('the post step stops the service of a main step that was killed', async (t) => {
  const platform = await startPlatform(t);
  const mark = newMark();
  const job = await Job.open(t, { platform, ...longRun(mark) });
  const started = job.main();
  await underWay(job, started);
  started.child.kill('SIGKILL');
  const ran = await started.done;
  assert.equal(ran.signal, 'SIGKILL');
  assert.ok(marked(mark).length >= 2, 'nobody has stopped the service yet');
  const post = await job.post();
  assert.equal(post.code, 0, told(post));
  assert.deepEqual(marked(mark), [], told(post));
  const again = await job.post();
  assert.equal(again.code, 0, told(again));
});

test('a service that ends before it is ready fails the step with its last lines, and is told as its fault', async (t) => {
  const platform = await startPlatform(t);
  const job = await Job.open(t, {
    platform,
    inputs: { command: 'for i in $(seq 60); do echo "line $i"; done; echo "no such model" >&2; exit 3' },
    files: { 'llm-bench.yaml': engineConfig },
  });
  const ran = await job.main().done;
  assert.equal(ran.code, 4, told(ran));
  const [error = ''] = ran.stdout.match(/::error.*/) ?? [];
  assert.match(error, /ended before it was ready/);
  assert.match(ran.stdout, /no such model/);
  assert.match(ran.stdout, /line 60/);
  assert.doesNotMatch(ran.stdout, /line 5\b/, 'only the last 50 lines');
});

test('a service that ends under load fails the step as a service fault, after the report of what was measured', async (t) => {
  const platform = await startPlatform(t);
  const mark = newMark();
  const job = await Job.open(t, { platform, ...longRun(mark) });
  const started = job.main();
  await underWay(job, started);
  for (const pid of marked(mark)) process.kill(pid, 'SIGKILL');
  const ran = await started.done;
  assert.equal(ran.code, 4, told(ran));
  assert.match(ran.stdout, /::error/);
  const result = await readResult((await job.values('output'))['result-path'] ?? '');
  assert.deepEqual([result.partial, result.admissible], [true, false]);
  assert.ok(result.results.successful > 0);
  assert.notEqual(await job.read('summary'), '');
  assert.deepEqual(marked(mark), []);
});

test('every bad input and setting is told at once, before anything is started', async (t) => {
  const platform = await startPlatform(t);
  const started = join(await scratch(t), 'started');
  const inputs = await Job.open(t, {
    platform,
    inputs: { command: `touch ${started}`, mode: 'ruls', 'fail-on': 'always', comment: 'sometimes' },
    files: { 'README.md': 'No configuration yet.\n' },
  });
  const first = await inputs.main().done;
  assert.equal(first.code, 2, told(first));
  for (const part of ['input mode', 'did you mean \\"?rules', 'input fail-on', 'input comment'])
    assert.match(first.stdout, new RegExp(part), told(first));

  const config = await Job.open(t, {
    platform,
    inputs: { command: `touch ${started}` },
    files: { 'llm-bench.yaml': 'scenaro: default\ntarget: { ready: { timeout_seconds: soon } }\nmode: 7\n' },
  });
  const second = await config.main().done;
  assert.equal(second.code, 2, told(second));
  for (const place of ['llm-bench.yaml:1:1', 'llm-bench.yaml:2:', 'llm-bench.yaml:3:']) assert.ok(second.stdout.includes(place), told(second));
  assert.ok(!existsSync(started), 'the command was started');
});

test('a broken limit fails the check after everything is written; fail-on: never lets it pass and still tells', async (t) => {
  const platform = await startPlatform(t);
  const mark = newMark();
  const files = { 'llm-bench.yaml': `${engineConfig.replace('requests: 80', 'requests: 20')}thresholds: { max_p95_latency_ms: 20 }\n` };
  const strict = await Job.open(t, { platform, inputs: { command: engineCommand(mark) }, files });
  const ran = await strict.main().done;
  assert.equal(ran.code, 1, told(ran));
  const outputs = await strict.values('output');
  assert.deepEqual([outputs['verdict'], JSON.parse(outputs['regressed-metrics'] ?? '')], ['regressed', ['chat latency_s.p95']]);
  assert.match(await strict.read('summary'), /❌ llm-bench: Latency p95 is .*above its limit of 20 ms/);
  assert.match(ran.stdout, /::error.*above its limit of 20 ms/);

  const lenient = await Job.open(t, { platform, inputs: { command: engineCommand(mark), 'fail-on': 'never' }, files });
  const passed = await lenient.main().done;
  assert.equal(passed.code, 0, told(passed));
  assert.equal((await lenient.values('output'))['verdict'], 'regressed');
  assert.deepEqual(marked(mark), []);
});
