import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { parseResult } from '../../../src/result/read.ts';
import { jobArchive, jobMembers, resultText, shaOf } from '../../baseline/documents.ts';
import { sendJson } from '../../fakes/http.ts';
import { startInterceptor } from '../../fakes/intercept.ts';
import { zip } from '../../fakes/zip.ts';
import { type Job, Runner } from '../action-runner.ts';

/** The sub-actions as steps of their own, on results that were measured before: no load is generated. */

let runner: Runner;
before(async () => {
  runner = await Runner.start();
});
after(() => runner[Symbol.asyncDispose]());
beforeEach(() => {
  runner.scene.store.artifacts.clear();
  runner.scene.store.runs.clear();
});

/** As `jobMembers`, with everything slower by a factor. */
function slower(n: number, factor: number, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const members = jobMembers(n, changes) as {
    series: { metrics: Record<string, Record<string, unknown>> }[];
    runs: { values: Record<string, Record<string, number | null>> }[];
  };
  for (const metric of Object.values(members.series[0]?.metrics ?? {})) {
    if ('value' in metric) continue;
    delete metric['hdr'];
    for (const [key, value] of Object.entries(metric)) if (typeof value === 'number' && key !== 'count') metric[key] = value * factor;
  }
  for (const values of Object.values(members.runs[0]?.values ?? {}))
    for (const [key, value] of Object.entries(values)) if (key.includes('.') && value !== null) values[key] = value * factor;
  return members as unknown as Record<string, unknown>;
}

/** Baselines of main: the runs 1 to `count`. */
function plantMain(name: string, count: number, text = (n: number): Buffer => jobArchive(n)): void {
  for (let n = 1; n <= count; n++) {
    runner.scene.store.addRun({ id: n, headSha: shaOf(n) });
    runner.scene.store.plant({ id: 50_000 + n, name, runId: n, archive: text(n), createdAt: new Date(Date.UTC(2026, 0, 1, 1, n)).toISOString() });
  }
}

const outputs = (job: Job) => job.written('output');

test('compare/: judges named files, and without names the stored baseline; on main the file becomes one', async () => {
  const pull = await runner.github.openPull('compare');
  const job = await runner.onPull(pull, null, { INPUT_CURRENT: 'now.json', INPUT_BASELINE: 'a.json, b.json' });
  await writeFile(join(job.workspace, 'now.json'), resultText(slower(3, 2)));
  await writeFile(join(job.workspace, 'a.json'), resultText(jobMembers(1)));
  await writeFile(join(job.workspace, 'b.json'), '{ not json');
  const named = await job.run({}, 'compare');
  assert.equal(named.code, 1, named.log);
  assert.match(named.log, /::warning::a baseline was skipped: .*b\.json/);
  assert.equal((await outputs(job))['verdict'], 'regressed');
  assert.match((await runner.commentsOf(pull.number))[0]?.body ?? '', /❌ llm-bench: .*regressed/);

  const push = await runner.onPush(null, { 'INPUT_ARTIFACT-NAME': 'from-elsewhere' });
  await writeFile(join(push.workspace, 'bench_results.json'), resultText(jobMembers(1)));
  const pushed = await push.run({}, 'compare');
  assert.equal(pushed.code, 0, pushed.log);
  assert.deepEqual(
    runner.scene.store.list().map(({ name }) => name),
    ['from-elsewhere', 'llm-bench-baseline-bench-report'],
  );
  const next = await runner.onPull(pull, null, { 'INPUT_ARTIFACT-NAME': 'from-elsewhere', 'INPUT_FAIL-ON': 'never' });
  await writeFile(join(next.workspace, 'bench_results.json'), resultText(slower(4, 2)));
  const judged = await next.run({}, 'compare');
  assert.equal(judged.code, 0, judged.log);
  const found = await outputs(next);
  assert.deepEqual([found['verdict'], found['baseline-sha']], ['regressed', push.ofRun.headSha]);

  const bad = await next.run({ INPUT_CURRENT: 'missing.json' }, 'compare');
  assert.equal(bad.code, 2, bad.log);
  assert.match(bad.log, /missing\.json does not exist/);
});

test('compare/: direction says which values are better, mode how files are judged', async () => {
  const job = await runner.onPull({ number: 1, headSha: 'a'.repeat(40) }, 'mode: paired\n', {
    INPUT_CURRENT: 'now.json',
    INPUT_BASELINE: 'before.json',
    INPUT_COMMENT: 'never',
  });
  const points = (value: number) => JSON.stringify([{ name: 'Quality', unit: 'points', value }]);
  await writeFile(join(job.workspace, 'before.json'), points(100));
  await writeFile(join(job.workspace, 'now.json'), points(50));
  for (const [env, code] of [
    [{}, 0],
    [{ INPUT_DIRECTION: 'smaller' }, 0],
    [{ INPUT_DIRECTION: 'bigger' }, 1],
    [{ INPUT_DIRECTION: 'bigger', INPUT_MODE: 'rules' }, 1],
  ] as [Record<string, string>, number][]) {
    const ran = await job.run(env, 'compare');
    assert.equal(ran.code, code, ran.log);
  }
  for (const [env, expected] of [
    [{ INPUT_DIRECTION: 'up' }, /input direction: expected one of smaller, bigger, found "up"/],
    [{ INPUT_MODE: 'paired' }, /expected one of auto, rules, screen, found "paired"/],
    [{ INPUT_MODE: 'screen' }, /mode screen: .*4/],
  ] as [Record<string, string>, RegExp][]) {
    const ran = await job.run(env, 'compare');
    assert.equal(ran.code, 2, ran.log);
    assert.match(ran.log, expected);
  }
});

test('merge/: the legs of a matrix are one comment with a series each, and on main one baseline', async () => {
  const pull = await runner.github.openPull('merge');
  const job = await runner.onPull(pull, 'thresholds: { series: { quick_validation: { ttft_ms.p95: { max: 10000 } } } }\n');
  for (const [model, n] of [
    ['small', 1],
    ['large', 2],
  ] as const)
    runner.scene.store.plant({
      name: `llm-bench-baseline-legs,model=${model}-report`,
      runId: job.ofRun.id,
      archive: zip([{ name: 'result.json', content: resultText(jobMembers(n, { model })) }]),
    });
  const { code, log } = await job.run({}, 'merge');
  assert.equal(code, 0, log);
  const result = parseResult(await readFile((await outputs(job))['result-path'] ?? '', 'utf8'), 'merged');
  assert.deepEqual(
    result.series.map(({ id }) => id),
    ['quick_validation/model=small', 'quick_validation/model=large'],
  );
  const comments = await runner.commentsOf(pull.number);
  assert.equal(comments.length, 1);
  assert.match(comments[0]?.body ?? '', /model=small/);

  const twice = await runner.onPull(pull, null, { INPUT_FILES: 'runs/*.json', INPUT_AS: 'add' });
  await mkdir(join(twice.workspace, 'runs'));
  for (const n of [1, 2]) await writeFile(join(twice.workspace, 'runs', `${n}.json`), resultText(jobMembers(n)));
  const added = await twice.run({}, 'merge');
  assert.equal(added.code, 0, added.log);
  const sum = parseResult(await readFile((await outputs(twice))['result-path'] ?? '', 'utf8'), 'added');
  assert.deepEqual([sum.series.length, sum.runs.length, sum.results.total_requests], [1, 2, 400]);

  const none = await runner.onPull(pull, null);
  const nothing = await none.run({}, 'merge');
  assert.equal(nothing.code, 2, nothing.log);
  assert.match(nothing.log, /no artifact of run \d+ begins with llm-bench-baseline/);
});

/** What the fork's run left, and the event of its end. */
async function forkEnded(options: {
  pull: { number: number; headSha: string };
  archive: Buffer;
  name?: string;
  fork?: number;
  env?: Record<string, string>;
  config?: string;
}): Promise<Job> {
  const { pull, archive, name = 'llm-bench-baseline-bench-report', fork = 777, env = {}, config = '' } = options;
  const run = runner.scene.store.addRun({ event: 'pull_request', headBranch: 'change', headSha: pull.headSha, headRepositoryId: fork });
  runner.scene.store.plant({ name, runId: run.id, archive });
  return runner.job({
    event: 'workflow_run',
    payload: () => ({
      action: 'completed',
      workflow_run: {
        id: run.id,
        run_attempt: 1,
        event: 'pull_request',
        head_sha: pull.headSha,
        head_branch: 'change',
        pull_requests: [],
        repository: { id: runner.scene.store.repositoryId },
        head_repository: { id: fork, owner: { login: 'stranger' } },
      },
    }),
    config: `${config}\n`,
    env: { GITHUB_REF: 'refs/heads/main', ...env },
  });
}

test("comment/: a fork's result is judged again by the base's rules; what the fork claims of itself counts for nothing", async () => {
  const pull = await runner.github.openPull('from-fork');
  plantMain('llm-bench-baseline-bench', 1);
  await using api = await startInterceptor(runner.scene.api.url, (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const body = {
      number: pull.number,
      labels: [],
      head: { sha: pull.headSha, ref: 'change', repo: { id: 777 } },
      base: { ref: 'main', repo: { id: runner.scene.store.repositoryId } },
    };
    if (request.method === 'GET' && path.endsWith('/pulls')) sendJson(response, 200, [body]);
    else if (request.method === 'GET' && path.endsWith(`/pulls/${pull.number}`)) sendJson(response, 200, body);
    else return false;
    return true;
  });
  const hostile = slower(9, 2, {
    git: { sha: pull.headSha, ref: 'refs/heads/main' },
    target: '<img src=x onerror=alert(1)> @octo',
    note: '[click](https://evil.example) <!-- llm-bench:other -->',
  });
  const runs = (hostile['runs'] as object[]).map((run) => ({ ...run, accepted: { by: 'octo', sha: pull.headSha } }));
  const archive = zip([
    { name: 'result.json', content: resultText({ ...hostile, runs }) },
    { name: 'result.verdict.json', content: '{"verdict":"ok"}' },
    { name: 'result.md', content: '# all is well' },
  ]);
  const env = { GITHUB_API_URL: api.url };
  const job = await forkEnded({ pull, archive, env });
  const { code, log } = await job.run({}, 'comment');
  assert.equal(code, 0, log);
  const [comment, ...others] = await runner.commentsOf(pull.number);
  assert.equal(others.length, 0);
  assert.equal((await outputs(job))['comment-url'], comment?.html_url, log);
  const body = comment?.body ?? '';
  assert.match(body, /^<!-- llm-bench:bench -->\n### ❌ llm-bench: .*regressed/);
  assert.match(body, /Measured by the pull request&#39;s own run/);
  assert.doesNotMatch(body, /accepted by|<img|all is well|\]\(https:\/\/evil|<!-- llm-bench:other/);
  assert.doesNotMatch(body, /@octo/);

  for (const [what, planted, expected] of [
    ['another commit', { archive: zip([{ name: 'result.json', content: resultText(jobMembers(9)) }]) }, /not of the head/],
    ['no zip', { archive: Buffer.from('PK nothing') }, /cannot be read/],
    ['a name of its own', { name: 'llm-bench-baseline-../../x-report', archive }, /none that this action gives/],
  ] as const) {
    runner.scene.store.artifacts.clear();
    const refused = await forkEnded({ pull, env, ...planted });
    const ran = await refused.run({}, 'comment');
    assert.equal(ran.code, 0, ran.log);
    assert.match(ran.log, expected, what);
    assert.equal((await outputs(refused))['comment-url'], '', what);
  }
  runner.scene.store.artifacts.clear();
  const own = await forkEnded({ pull, archive, env, fork: runner.scene.store.repositoryId });
  assert.match((await own.run({}, 'comment')).log, /it has commented itself/);
  const wrong = await (await runner.onPush(null)).run({}, 'comment');
  assert.equal(wrong.code, 2, wrong.log);
  assert.equal((await runner.commentsOf(pull.number)).length, 1);
});

test('baseline/: nightly tells a new change of level once with its commits, and how far it is from an anchor; then it compacts', async () => {
  const change = (n: number) => (n > 8 ? 1.3 : 1);
  const commitOf = (n: number) => n.toString(16).padStart(2, '0').repeat(20);
  const wobble = (n: number) => 1 + ((n * 7) % 5) / 500;
  plantMain('llm-bench-baseline-bench', 18, (n) =>
    zip([
      {
        name: 'result.json',
        content: resultText(
          slower(1, change(n) * wobble(n), {
            ...(n === 1 ? { tag: 'v1', mark: { tag: 'v1', pinned: true, at: '2026-01-01T00:00:00.000Z' } } : {}),
            timestamp: new Date(Date.UTC(2026, 0, n)).toISOString(),
            git: { sha: commitOf(n), ref: 'refs/heads/main', base_sha: null },
            ci: { run_id: String(n), attempt: 1, event: 'push', workflow: 'bench' },
          }),
        ),
      },
    ]),
  );
  // The last night knew eight runs.
  const night = (day: number) =>
    runner.scene.store.plant({
      name: 'llm-bench-baseline-bench-pool',
      runId: runner.scene.store.addRun({ event: 'schedule' }).id,
      archive: zip([
        {
          name: 'result.json',
          content: resultText({ ...jobMembers(1), runs: [], pool: { compacted: new Date(Date.UTC(2026, 0, day, 12)).toISOString(), cohorts: {} } }),
        },
      ]),
    });
  night(8);
  const job = await runner.job({ event: 'schedule', payload: () => ({}), config: '', env: { GITHUB_REF: 'refs/heads/main' } });
  const { code, log } = await job.run({}, 'baseline');
  assert.equal(code, 0, log);
  const range = `${commitOf(8).slice(0, 12)}..${commitOf(9).slice(0, 12)}`;
  assert.match(log, new RegExp(`::warning.*changed its level by .*between the commits ${range.replaceAll('.', '\\.')}`));
  assert.match(log, /::warning.*has moved away from the anchor v1 by/);
  const summary = await job.summary();
  assert.match(summary, /⚠️ llm-bench drift/);
  assert.match(summary, /\*\*new\*\*/);
  assert.ok((JSON.parse((await outputs(job))['new-drift'] ?? '[]') as unknown[]).length > 0);
  const pool = runner.scene.store.list({ name: 'llm-bench-baseline-bench-pool' });
  assert.equal(pool.length, 2, log);

  const again = await runner.job({ event: 'schedule', payload: () => ({}), config: '', env: { GITHUB_REF: 'refs/heads/main' } });
  const second = await again.run({ INPUT_COMMAND: 'drift' }, 'baseline');
  assert.equal(second.code, 0, second.log);
  assert.doesNotMatch(second.log, /::warning/, 'told once');
  assert.equal((await outputs(again))['new-drift'], '[]');
});

test('baseline/: list, push and pin; main pushes to the folder that the configuration names', async () => {
  const job = await runner.onPush('baseline: { folder: kept }\n');
  await writeFile(join(job.workspace, 'bench_results.json'), resultText(jobMembers(5)));
  const pushed = await job.run({ INPUT_COMMAND: 'push', INPUT_TAG: 'v2', INPUT_PIN: 'true' }, 'baseline');
  assert.equal(pushed.code, 0, pushed.log);
  await writeFile(join(job.workspace, 'bench_results.json'), resultText(jobMembers(6)));
  const compared = await job.run({}, 'compare');
  assert.equal(compared.code, 0, compared.log);
  assert.match(compared.log, /stored as kept\//);
  assert.match(await readFile((await outputs(job))['report-path'] ?? '', 'utf8'), /tagged `v2`/);
  const pin = await job.run({ INPUT_COMMAND: 'pin', INPUT_TAG: 'v3' }, 'baseline');
  assert.equal(pin.code, 0, pin.log);
  const listed = await job.run({ INPUT_COMMAND: 'list' }, 'baseline');
  assert.equal(listed.code, 0, listed.log);
  const rows = JSON.parse((await outputs(job))['results'] ?? '[]') as { tag: string | null; pinned: boolean; measured: string }[];
  assert.deepEqual(
    rows.map(({ tag, pinned }) => [tag, pinned]),
    [
      ['v3', true],
      ['v2', true],
    ],
  );
  const bad = await job.run({ INPUT_COMMAND: 'puhs' }, 'baseline');
  assert.equal(bad.code, 2, bad.log);
});
