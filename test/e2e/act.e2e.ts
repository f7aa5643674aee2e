import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sendJson } from '../fakes/http.ts';
import { startInterceptor } from '../fakes/intercept.ts';
import { unless } from './components.ts';
import { engineCommand, engineConfig, newMark, startPlatform } from './runner.ts';
import { marked, told } from './support.ts';
import { assertGone, keeping, pullRequest, push, runWorkflow, startWorkflow, type WorkflowRun } from './workflow-run.ts';

const skip = unless('act');

interface Workflow {
  /** Of the job; comments and artifacts are told apart by it. */
  job: string;
  command: string;
  /** More inputs, `name: value`. */
  inputs?: Record<string, string>;
  /** Values of `leg`, each a leg of the matrix. */
  legs?: string[];
}

/** A workflow as a user writes it, whose last step keeps what the action left. */
function workflowOf({ job, command, inputs = {}, legs }: Workflow, kept: string): string {
  return `name: bench
on: [push, pull_request]
permissions: { contents: read, actions: read, pull-requests: write }
jobs:
  ${job}:
    runs-on: ubuntu-latest
${legs ? `    strategy: { fail-fast: false, max-parallel: 1, matrix: { leg: ${JSON.stringify(legs)} } }\n` : ''}    steps:
      - uses: actions/checkout@v4
      - id: bench
        uses: org/llm-bench-action@v1
        with: ${JSON.stringify({ command, ...inputs })}
${keeping('bench', legs ? `${kept}/\${{ matrix.leg }}` : kept)}`;
}

interface Act extends Pick<WorkflowRun, 'platform' | 'event' | 'env'> {
  workflow: Workflow;
  config?: string;
}

const runOf = ({ workflow, config = engineConfig, ...run }: Act): WorkflowRun => ({
  ...run,
  files: (kept) => ({ 'llm-bench.yaml': config, '.github/workflows/bench.yml': workflowOf(workflow, kept) }),
});

const startAct = (t: TestContext, options: Act) => startWorkflow(t, runOf(options));
const act = (t: TestContext, options: Act) => runWorkflow(t, runOf(options));

test('a push leaves a baseline; an unchanged pull request is green, one slower by 30% is red, in one comment', { skip }, async (t) => {
  const platform = await startPlatform(t);
  const mark = newMark();
  const job = 'bench';

  await t.test('push to main', async (t) => {
    const ran = await act(t, { platform, event: push(platform), workflow: { job, command: engineCommand(mark) } });
    assert.equal(ran.code, 0, told(ran));
    const { outputs, outcome } = await ran.kept();
    assert.deepEqual([outcome, outputs['verdict'], outputs['comment-url'], outputs['baseline-sha']], ['success', 'ok', '', ''], told(ran));
    const names = platform.scene.store.list().map((artifact) => artifact.name);
    assert.deepEqual(names, ['llm-bench-baseline-bench'], told(ran));
    assert.deepEqual(platform.scene.blobs.leaks, []);
    await assertGone(mark, ran);
  });

  const { pull, event } = await pullRequest(platform, 'change');
  const baselineSha = [...platform.scene.store.runs.values()][0]?.headSha ?? '';
  let commentId = 0;

  await t.test('pull request without a change', async (t) => {
    const ran = await act(t, { platform, event, workflow: { job, command: engineCommand(mark) } });
    assert.equal(ran.code, 0, told(ran));
    const { outputs, outcome } = await ran.kept();
    assert.equal(outcome, 'success', told(ran));
    assert.match(outputs['verdict'] ?? '', /^(ok|warn|improved)$/, told(ran));
    assert.deepEqual([outputs['baseline-sha'], outputs['regressed-metrics']], [baselineSha, '[]'], told(ran));
    const comments = await platform.comments(pull);
    assert.equal(comments.length, 1, told(ran));
    const { body, user, id } = comments[0]!;
    commentId = id;
    assert.equal(user.login, 'github-actions[bot]');
    assert.match(body, /^<!-- llm-bench:bench -->\n### (✅|⚠️) llm-bench: /);
    assert.ok(body.includes(`this PR <code>${pull.headSha.slice(0, 7)}</code>`) || body.includes(`this PR \`${pull.headSha.slice(0, 7)}\``), body);
    assert.ok(body.includes(baselineSha.slice(0, 7)), body);
    assert.ok((outputs['comment-url'] ?? '') !== '', told(ran));
    await assertGone(mark, ran);
  });

  await t.test('pull request that slows the engine down by 30%', async (t) => {
    const ran = await act(t, { platform, event, workflow: { job, command: engineCommand(mark, '--slow-factor 1.3') } });
    assert.notEqual(ran.code, 0, told(ran));
    const { outputs, outcome, report } = await ran.kept();
    assert.deepEqual([outcome, outputs['verdict']], ['failure', 'regressed'], told(ran));
    assert.ok((JSON.parse(outputs['regressed-metrics'] ?? '') as string[]).includes('chat latency_s.p95'), told(ran));
    const comments = await platform.comments(pull);
    assert.deepEqual(
      comments.map(({ id }) => id),
      [commentId],
      'the comment is updated in place',
    );
    const [, headline = ''] = comments[0]!.body.split('\n');
    const [, percent] = headline.match(/^### ❌ llm-bench: Latency p95 regressed by (\d+)% \(limit 20%\)$/) ?? [];
    assert.ok(Number(percent) >= 21 && Number(percent) <= 45, `${headline}\n${told(ran)}`);
    assert.match(report, /❌ llm-bench: Latency p95 regressed by/);
    assert.match(ran.log, /::error.*Latency p95 regressed by/, 'an annotation at the check');
    // Only a run of main leaves a baseline; the others keep their report under another name.
    const names = platform.scene.store.list().map((artifact) => artifact.name);
    assert.deepEqual(names.sort(), ['llm-bench-baseline-bench', 'llm-bench-baseline-bench-report', 'llm-bench-baseline-bench-report']);
    await assertGone(mark, ran);
  });
});

test('a first run without any baseline is green and says what comes next; each leg of a matrix has its own comment', { skip }, async (t) => {
  const platform = await startPlatform(t);
  const mark = newMark();
  const { pull, event } = await pullRequest(platform, 'change');
  const ran = await act(t, { platform, event, workflow: { job: 'bench', command: engineCommand(mark), legs: ['small', 'large'] } });
  assert.equal(ran.code, 0, told(ran));
  const comments = await platform.comments(pull);
  const markers = comments.map(({ body }) => decodeURIComponent(body.split('\n')[0] ?? ''));
  assert.deepEqual(markers.sort(), ['<!-- llm-bench:bench,leg=large -->', '<!-- llm-bench:bench,leg=small -->']);
  for (const { body } of comments) {
    assert.match(body, /\n### 🆕 llm-bench: first measurement, nothing to compare with yet/);
    assert.match(body, /No baseline yet: no run of main has stored an artifact named llm-bench-baseline-bench,leg=(small|large)/);
    assert.equal(body.match(/next run on main/g)?.length, 1, `what comes next is said once: ${body}`);
  }
  for (const leg of ['small', 'large']) {
    const { outcome, outputs } = await ran.kept(leg);
    assert.deepEqual([outcome, outputs['baseline-sha']], ['success', ''], told(ran));
  }
  await assertGone(mark, ran);
});

test('no permission to comment is a warning with the reason, and the check is green', { skip }, async (t) => {
  const platform = await startPlatform(t);
  const mark = newMark();
  const { pull, event } = await pullRequest(platform, 'change');
  await using readOnly = await startInterceptor(platform.scene.api.url, (request, response) => {
    if (request.method === 'GET' || !/\/comments/.test(request.url ?? '')) return false;
    sendJson(response, 403, { message: 'Resource not accessible by integration' });
    return true;
  });
  const ran = await act(t, {
    platform,
    event,
    workflow: { job: 'bench', command: engineCommand(mark) },
    env: { GITHUB_API_URL: readOnly.url, GITHUB_GRAPHQL_URL: `${readOnly.url}/graphql` },
  });
  assert.equal(ran.code, 0, told(ran));
  const { outcome, outputs } = await ran.kept();
  assert.deepEqual([outcome, outputs['comment-url']], ['success', ''], told(ran));
  assert.match(ran.log, /::warning.*pull-requests: write/, told(ran));
  assert.deepEqual(await platform.comments(pull), []);
  assert.ok(
    readOnly.requests.some((request) => request.startsWith('POST') && request.endsWith('/comments')),
    'it has tried',
  );
  await assertGone(mark, ran);
});

test('a cancelled run leaves no service: the step is killed without a word, the post step stops what it started', { skip }, async (t) => {
  const platform = await startPlatform(t);
  const mark = newMark();
  const config = 'scenario: { name: long, extends: default, load: { requests: 100000, concurrency: 4 } }\n';
  const started = await startAct(t, { platform, event: push(platform), config, workflow: { job: 'bench', command: engineCommand(mark) } });
  await started.printed(/100000 requests/);
  assert.notDeepEqual(marked(mark), []);
  started.child.kill('SIGINT');
  const ran = await started.done;
  assert.notEqual(ran.code, 0, told(ran));
  assert.match(ran.stdout, /Run Post org\/llm-bench-action@v1/, told(ran));
  await assertGone(mark, ran);
});
