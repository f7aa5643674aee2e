/** The sub-actions, the reusable workflows and the paired path as a workflow runs them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { jobMembers, resultText } from '../baseline/documents.ts';
import { sendJson } from '../fakes/http.ts';
import { startInterceptor } from '../fakes/intercept.ts';
import { zip } from '../fakes/zip.ts';
import { unless } from './components.ts';
import { engineCommand, engineConfig, newMark, startPlatform } from './runner.ts';
import { told } from './support.ts';
import { assertGone, keeping, pullRequest, push, runWorkflow } from './workflow-run.ts';

const skip = unless('act');
const action = 'org/llm-bench-action';

/** A workflow of one job, each step with what it is given; those named in `fails` may fail. */
function stepsOf(kept: string, steps: Array<{ id: string; uses: string; with: Record<string, string>; fails?: boolean }>): string {
  const written = steps.map(
    ({ id, uses, with: given, fails }) =>
      `      - id: ${id}\n        uses: ${action}/${uses}@v1\n${fails ? '        continue-on-error: true\n' : ''}        with: ${JSON.stringify(given)}\n${keeping(id, `${kept}/${id}`)}`,
  );
  return `name: bench
on: [push, pull_request, workflow_run]
permissions: { contents: read, actions: read, pull-requests: write }
jobs:
  files:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
${written.join('')}`;
}

/** A caller of a reusable workflow of this repository. */
const callerOf = (on: string, name: string, given: Record<string, string>) => `name: bench
on: [${on}]
permissions: { contents: read, actions: read, pull-requests: write }
jobs:
  llm-bench:
    uses: ${action}/.github/workflows/${name}@v1
    with: ${JSON.stringify(given)}
`;

const pytest = JSON.parse(readFileSync(fileURLToPath(new URL('../fixtures/import/pytest-benchmark.json', import.meta.url)), 'utf8')) as {
  benchmarks: Array<{ name: string; stats: Record<string, number> }>;
};

/** What pytest-benchmark writes, with test_a slower by a factor. */
function pytestFile(factor: number): string {
  const timed = ['min', 'max', 'mean', 'median', 'q1', 'q3', 'iqr', 'stddev', 'total'];
  const benchmarks = pytest.benchmarks.map((one) =>
    one.name === 'test_a'
      ? { ...one, stats: Object.fromEntries(Object.entries(one.stats).map(([key, value]) => [key, timed.includes(key) ? value * factor : value])) }
      : one,
  );
  return JSON.stringify({ ...pytest, benchmarks });
}

const points = (value: number) => JSON.stringify([{ name: 'Quality', unit: 'points', value }]);

test('compare/ judges files of pytest-benchmark and comments; merge/ joins legs; baseline/ stores, lists, pins and unpins', { skip }, async (t) => {
  const platform = await startPlatform(t);
  const { pull, event } = await pullRequest(platform, 'change');
  const store = 'folder:stored';
  const ran = await runWorkflow(t, {
    platform,
    event,
    files: (kept) => ({
      'before.json': pytestFile(1),
      'after.json': pytestFile(1.4),
      'points-before.json': points(100),
      'points-after.json': points(50),
      'legs/model=small.json': resultText(jobMembers(1)),
      'legs/model=large.json': resultText(jobMembers(2)),
      '.github/workflows/bench.yml': stepsOf(kept, [
        { id: 'slower', uses: 'compare', with: { current: 'after.json', baseline: 'before.json', 'comment-key': 'micro' }, fails: true },
        { id: 'same', uses: 'compare', with: { current: 'before.json', baseline: 'before.json', comment: 'never' } },
        { id: 'silent', uses: 'compare', with: { current: 'points-after.json', baseline: 'points-before.json', comment: 'never' } },
        {
          id: 'points',
          uses: 'compare',
          with: { current: 'points-after.json', baseline: 'points-before.json', comment: 'never', direction: 'bigger' },
          fails: true,
        },
        { id: 'merged', uses: 'merge', with: { files: 'legs/*.json', 'comment-key': 'legs' } },
        { id: 'pushed', uses: 'baseline', with: { command: 'push', store, file: 'legs/model=small.json', tag: 'v1', pin: 'true' } },
        { id: 'listed', uses: 'baseline', with: { command: 'list', store, tag: 'v1' } },
        { id: 'unpinned', uses: 'baseline', with: { command: 'unpin', store, result: 'v1' } },
        { id: 'again', uses: 'baseline', with: { command: 'list', store } },
        { id: 'unknown', uses: 'baseline', with: { command: 'puhs', store }, fails: true },
      ]),
    }),
  });
  assert.equal(ran.code, 0, told(ran));
  const found = async (id: string) => {
    const { outcome, outputs } = await ran.kept(id);
    return [outcome, outputs['verdict']];
  };
  assert.deepEqual(await found('slower'), ['failure', 'regressed'], told(ran));
  const slower = await ran.kept('slower');
  assert.deepEqual(JSON.parse(slower.outputs['regressed-metrics'] ?? ''), ['test_x.py::test_a time_s']);
  assert.match(slower.report, /40/);
  assert.deepEqual(await found('same'), ['success', 'ok'], told(ran));
  assert.equal((await found('silent'))[0], 'success', 'which way points are good is not guessed');
  assert.deepEqual(await found('points'), ['failure', 'regressed'], told(ran));
  assert.equal((await found('merged'))[0], 'success', told(ran));
  const comments = await platform.comments(pull);
  const bodies = Object.fromEntries(comments.map(({ body }) => [body.split('\n')[0], body]));
  assert.deepEqual(Object.keys(bodies).sort(), ['<!-- llm-bench:legs -->', '<!-- llm-bench:micro -->'], told(ran));
  assert.match(bodies['<!-- llm-bench:micro -->'] ?? '', /### ❌ llm-bench: .*regressed by 40%/);
  assert.match(bodies['<!-- llm-bench:legs -->'] ?? '', /model=large/);

  const pinned = async (id: string) => {
    const rows = JSON.parse((await ran.kept(id)).outputs['results'] ?? '[]') as Array<{ tag: string; pinned: boolean }>;
    return rows.map(({ tag, pinned }) => [tag, pinned]);
  };
  assert.deepEqual(await pinned('listed'), [['v1', true]]);
  assert.deepEqual(await pinned('again'), [['v1', false]]);
  assert.equal((await found('unknown'))[0], 'failure');
  assert.match(ran.log, /expected one of nightly, drift, compact, list, push, pin, unpin, found "puhs"/);
});

test('the legs of a matrix measure, merge/ tells them once: a leg that slowed down is red by its name', { skip }, async (t) => {
  const platform = await startPlatform(t);
  const mark = newMark();
  const workflow = (kept: string, slow: string) => `name: bench
on: [push, pull_request]
permissions: { contents: read, actions: read, pull-requests: write }
jobs:
  legs:
    runs-on: ubuntu-latest
    strategy: { fail-fast: false, max-parallel: 1, matrix: { model: [small, large] } }
    steps:
      - uses: actions/checkout@v4
      - uses: ${action}@v1
        with: ${JSON.stringify({ command: engineCommand(mark, '$FLAGS'), comment: 'never', 'fail-on': 'never' })}
        env: { FLAGS: "\${{ matrix.model == 'large' && '${slow}' || '' }}" }
  told:
    needs: legs
    if: always()
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: merged
        uses: ${action}/merge@v1
${keeping('merged', kept)}`;
  const files = (slow: string) => (kept: string) => ({
    'llm-bench.yaml': `target: { env: { FLAGS: "\${FLAGS}" } }\n${engineConfig}`,
    '.github/workflows/bench.yml': workflow(kept, slow),
  });

  const main = await runWorkflow(t, { platform, event: push(platform), files: files('') });
  assert.equal(main.code, 0, told(main));
  assert.ok(
    platform.scene.store.list().some(({ name }) => name === 'llm-bench-baseline-told'),
    told(main),
  );

  const { pull, event } = await pullRequest(platform, 'change');
  const ran = await runWorkflow(t, { platform, event, files: files('--slow-factor 2.2') });
  assert.notEqual(ran.code, 0, told(ran));
  const { outcome, outputs } = await ran.kept();
  assert.deepEqual([outcome, outputs['verdict']], ['failure', 'regressed'], told(ran));
  const regressed = JSON.parse(outputs['regressed-metrics'] ?? '[]') as string[];
  assert.ok(
    regressed.some((name) => name.startsWith('chat/model=large ')),
    `${regressed.join()}\n${told(ran)}`,
  );
  const comments = await platform.comments(pull);
  assert.equal(comments.length, 1, told(ran));
  assert.match(comments[0]?.body ?? '', /^<!-- llm-bench:told -->\n### ❌ llm-bench: /);
  await assertGone(mark, ran);
});

test("a fork's run is red without a comment; fork-comment.yml and comment/ judge its result again in the base repository and comment", {
  skip,
}, async (t) => {
  const platform = await startPlatform(t);
  const mark = newMark();
  const fork = 777;
  const measuring = (flags: string) => () => ({
    'llm-bench.yaml': engineConfig,
    '.github/workflows/bench.yml': callerOf('push, pull_request', 'pull-request.yml', { command: engineCommand(mark, flags) }),
  });
  const main = await runWorkflow(t, { platform, event: push(platform), files: measuring('') });
  assert.equal(main.code, 0, told(main));

  const { pull, event } = await pullRequest(platform, 'change');
  const head = { sha: pull.headSha, ref: 'change', repo: { id: fork } };
  const base = { ref: 'main', repo: { id: platform.repositoryId } };
  const foreign = {
    ...event,
    payload: { ...event.payload, pull_request: { number: pull.number, head, base, user: { login: 'stranger' } } },
    run: { ...event.run, headRepositoryId: fork },
  };
  // The token of a fork's run may read alone.
  await using readOnly = await startInterceptor(platform.scene.api.url, (request, response) => {
    if (request.method === 'GET') return false;
    sendJson(response, 403, { message: 'Resource not accessible by integration' });
    return true;
  });
  const theirEnv = { GITHUB_API_URL: readOnly.url, GITHUB_GRAPHQL_URL: `${readOnly.url}/graphql` };
  const theirs = await runWorkflow(t, { platform, event: foreign, env: theirEnv, files: measuring('--slow-factor 2.2') });
  assert.notEqual(theirs.code, 0, told(theirs));
  assert.deepEqual(await platform.comments(pull), [], told(theirs));
  const report = platform.scene.store.list({ name: 'llm-bench-baseline-shared-report' })[0];
  assert.ok(report, told(theirs));

  await using api = await startInterceptor(platform.scene.api.url, (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const body = { number: pull.number, labels: [], head, base };
    if (request.method !== 'GET' || !/\/pulls(\/\d+)?$/.test(path)) return false;
    sendJson(response, 200, path.endsWith('/pulls') ? [body] : body);
    return true;
  });
  const ended = {
    name: 'workflow_run',
    payload: {
      action: 'completed',
      workflow_run: {
        id: report.runId,
        run_attempt: 1,
        event: 'pull_request',
        head_sha: pull.headSha,
        head_branch: 'change',
        pull_requests: [],
        repository: { id: platform.repositoryId },
        head_repository: { id: fork, owner: { login: 'stranger' } },
      },
      repository: { id: platform.repositoryId, default_branch: 'main' },
    },
    run: { event: 'workflow_run' },
  };
  const ours = { platform, event: ended, env: { GITHUB_API_URL: api.url, GITHUB_GRAPHQL_URL: `${api.url}/graphql` } };
  // Whatever branch is there: the workflow goes to the default branch, where the configuration is.
  const reusable = await runWorkflow(t, {
    ...ours,
    checkout: true,
    files: () => ({ 'llm-bench.yaml': engineConfig, '.github/workflows/bench.yml': callerOf('workflow_run', 'fork-comment.yml', {}) }),
    change: { 'llm-bench.yaml': 'scenario: { name: planted by the pull request }\n' },
  });
  assert.equal(reusable.code, 0, told(reusable));
  const [first, ...more] = await platform.comments(pull);
  assert.deepEqual(more, [], told(reusable));
  assert.match(first?.body ?? '', /^<!-- llm-bench:shared -->\n### ❌ llm-bench: .*regressed by/, told(reusable));

  const ran = await runWorkflow(t, {
    ...ours,
    files: (kept) => ({
      'llm-bench.yaml': engineConfig,
      '.github/workflows/bench.yml': stepsOf(kept, [{ id: 'told', uses: 'comment', with: {} }]),
    }),
  });
  assert.equal(ran.code, 0, told(ran));
  const { outcome, outputs } = await ran.kept('told');
  assert.equal(outcome, 'success', told(ran));
  const comments = await platform.comments(pull);
  assert.equal(comments.length, 1, told(ran));
  assert.ok((outputs['comment-url'] ?? '') !== '', told(ran));
  assert.match(comments[0]?.body ?? '', /^<!-- llm-bench:shared -->\n### ❌ llm-bench: .*regressed by/);
  assert.match(comments[0]?.body ?? '', /Measured by the pull request&#39;s own run/);
  await assertGone(mark, ran);
});

test('the nightly workflow measures, tells a change of level with its commits, and compacts', { skip }, async (t) => {
  const platform = await startPlatform(t);
  const mark = newMark();
  const name = 'llm-bench-baseline-shared';
  const { store } = platform.scene;
  const commitOf = (n: number) => n.toString(16).padStart(2, '0').repeat(20);
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  for (let n = 1; n <= 14; n++) {
    // A fifth slower in the last hours, which is news: the job looks back a day where none came before it.
    const started = n > 8 ? hoursAgo(16 - n) : hoursAgo(24 * (20 - n));
    const values = { quick_validation: { tokens_per_sec: (n > 8 ? 80 : 100) + ((n * 7) % 5) / 5, error_rate: 0 } };
    const members = jobMembers(n, {
      timestamp: started,
      git: { sha: commitOf(n), ref: 'refs/heads/main', base_sha: null },
      runs: [{ round: 0, order: 0, started, duration_seconds: 20, values }],
    });
    store.addRun({ id: n, headSha: commitOf(n), event: 'schedule' });
    store.plant({ id: 50_000 + n, name, runId: n, archive: zip([{ name: 'result.json', content: resultText(members) }]), createdAt: started });
  }
  const ran = await runWorkflow(t, {
    platform,
    event: { name: 'schedule', payload: { repository: { id: platform.repositoryId, default_branch: 'main' } }, run: { event: 'schedule' } },
    files: () => ({
      'llm-bench.yaml': engineConfig,
      '.github/workflows/bench.yml': callerOf('schedule', 'nightly.yml', { command: engineCommand(mark) }),
    }),
  });
  assert.equal(ran.code, 0, told(ran));
  assert.match(ran.log, /::warning.*changed its level by .*between the commits/, told(ran));
  assert.match(ran.log, new RegExp(`${commitOf(8).slice(0, 12)}\\.\\.${commitOf(9).slice(0, 12)}`));
  assert.equal(store.list({ name }).length, 15, 'the night itself is stored');
  assert.equal(store.list({ name: `${name}-pool` }).length, 1, told(ran));
  assert.match(ran.log, /15 runs in/, told(ran));
  await assertGone(mark, ran);
});

test('base and head are measured in turn: a slow-down in the change is red in the comment, the same code is not', { skip }, async (t) => {
  const platform = await startPlatform(t);
  const mark = newMark();
  const measuring = (budget: string) => () => ({
    factor: '1',
    'llm-bench.yaml': `target: { command: ${JSON.stringify(engineCommand(mark, '--slow-factor $(cat factor)'))} }\n${engineConfig}`,
    '.github/workflows/bench.yml': callerOf('pull_request', 'pull-request.yml', { 'base-ref': 'main', budget }),
  });
  const { pull, event } = await pullRequest(platform, 'change');

  await t.test('a change that is slower by 60%', async (t) => {
    const ran = await runWorkflow(t, { platform, event, files: measuring('90s'), change: { factor: '1.6' } });
    assert.notEqual(ran.code, 0, told(ran));
    const [comment, ...others] = await platform.comments(pull);
    assert.equal(others.length, 0);
    const body = comment?.body ?? '';
    assert.match(body, /\n### ❌ llm-bench: .* regressed by \d+% \(limit 5%\)/, told(ran));
    assert.match(body, /paired, \d+ rounds/, told(ran));
    assert.ok(body.includes(ran.base.slice(0, 7)), `${ran.base}\n${body}`);
    await assertGone(mark, ran);
  });

  await t.test('a change that is none', async (t) => {
    const ran = await runWorkflow(t, { platform, event, files: measuring('20s'), change: { 'README.md': 'words\n' } });
    assert.equal(ran.code, 0, told(ran));
    const [comment] = await platform.comments(pull);
    assert.match(comment?.body ?? '', /\n### (✅|⚠️|❔) llm-bench: /, `${comment?.body}\n${told(ran)}`);
    assert.doesNotMatch(comment?.body ?? '', /regressed by/);
    await assertGone(mark, ran);
  });
});
