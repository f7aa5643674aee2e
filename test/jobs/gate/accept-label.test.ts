import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { acceptLabel } from '../../../src/github/accept.ts';
import { unzipOne } from '../../../src/github/unzip.ts';
import { sendJson } from '../../fakes/http.ts';
import { startInterceptor } from '../../fakes/intercept.ts';
import { engineAt, Runner } from '../action-runner.ts';

/** The label from its being put on to the pool: every step a real one, the platform's answers on people and labels planted. */

let runner: Runner;
before(async () => {
  runner = await Runner.start();
});
after(() => runner[Symbol.asyncDispose]());

const config = 'scenario: { name: chat, request: { max_tokens: 8 }, load: { requests: 24, concurrency: 12 } }\n';
const nowhere = { 'INPUT_BASE-URL': 'http://127.0.0.1:9', INPUT_MODEL: 'm' };
const inputs = { 'INPUT_COMMENT-KEY': 'label', 'INPUT_ARTIFACT-NAME': 'baseline-label' };

test('a slow-down is accepted by its label without measuring again, by writers alone, for this head alone; the pool learns of it', async () => {
  const pull = await runner.github.openPull('slower');
  const merged = 'c'.repeat(40);
  const labelledAt = new Date(Date.now() + 3_600_000).toISOString();
  await using api = await startInterceptor(runner.scene.api.url, (request, response) => {
    const path = decodeURIComponent((request.url ?? '').split('?', 1)[0] as string);
    const who = path.match(/collaborators\/(\w+)\/permission$/)?.[1];
    const planted = {
      number: pull.number,
      labels: [{ name: acceptLabel }],
      head: { sha: pull.headSha, ref: 'change', repo: { id: runner.scene.store.repositoryId } },
      merged_at: labelledAt,
      merge_commit_sha: merged,
    };
    if (who !== undefined) sendJson(response, 200, { permission: who === 'alice' ? 'write' : 'read' });
    else if (path.endsWith('/timeline'))
      sendJson(response, 200, [{ event: 'labeled', label: { name: acceptLabel }, actor: { login: 'alice' }, created_at: labelledAt }]);
    else if (path.endsWith(`/commits/${merged}/pulls`)) sendJson(response, 200, [planted]);
    else if (path.endsWith(`/pulls/${pull.number}`)) sendJson(response, 200, planted);
    else return false;
    return true;
  });
  const env = { ...inputs, GITHUB_API_URL: api.url };

  const push = await runner.onPush(config, env);
  const pushed = await engineAt(1, (at) => push.run(at));
  assert.equal(pushed.code, 0, pushed.log);
  const slow = await runner.onPull(pull, config, env);
  const red = await engineAt(1.6, (at) => slow.run(at));
  assert.equal(red.code, 1, red.log);

  const onLabel = async (sender: string, more: { action?: string; label?: string; labels?: string[]; input?: string } = {}) => {
    const { action = 'labeled', label = acceptLabel, labels = [acceptLabel], input = config } = more;
    const job = await runner.onPull(pull, input, env, { action, label, labels, sender });
    // Nothing listens there: what does not measure does not notice.
    const { code, log } = await job.run(nowhere);
    assert.match(log, /is judged again/, log);
    const comments = await runner.commentsOf(pull.number);
    assert.equal(comments.length, 1);
    return { code, log, body: comments[0]?.body ?? '', outputs: await job.written('output') };
  };
  const accepted = await onLabel('alice');
  assert.equal(accepted.code, 0, accepted.log);
  assert.match(accepted.body, /⚠️ llm-bench: .*regressed by .*; accepted by alice/);
  assert.match(accepted.body, new RegExp(`alice accepted the slow-down of ${pull.headSha.slice(0, 7)}`));
  assert.equal(accepted.outputs['verdict'], 'regressed', 'it stays what it is');

  const budget = await onLabel('alice', { input: `${config}thresholds: { max_p95_latency_ms: 20 }\n` });
  assert.equal(budget.code, 1, budget.log);
  assert.match(budget.body, /limit on a value is no slow-down and stays broken: Latency p95/);

  const reader = await onLabel('mallory');
  assert.equal(reader.code, 1, reader.log);
  assert.match(reader.body, /mallory put it on and has no write permission/);
  const other = await onLabel('mallory', { label: 'bug', labels: ['bug'] });
  assert.equal(other.code, 1, other.log);
  const removed = await onLabel('alice', { action: 'unlabeled', labels: [] });
  assert.equal(removed.code, 1, removed.log);
  assert.doesNotMatch(removed.body, /accepted/);

  const queue = await runner.job({
    event: 'merge_group',
    payload: ({ headSha }) => ({
      merge_group: {
        head_sha: headSha,
        head_ref: `refs/heads/gh-readonly-queue/main/pr-${pull.number}-${'d'.repeat(40)}`,
        base_ref: 'refs/heads/main',
      },
    }),
    config,
    env: { ...env, GITHUB_REF: `refs/heads/gh-readonly-queue/main/pr-${pull.number}-${'d'.repeat(40)}` },
  });
  const queued = await engineAt(1.6, (at) => queue.run(at));
  assert.equal(queued.code, 0, queued.log);
  assert.match(await queue.summary(), /accepted by alice/);

  const merge = await runner.onPush(config, env, { headSha: merged });
  const landed = await engineAt(1.6, (at) => merge.run(at));
  assert.equal(landed.code, 0, landed.log);
  const result = JSON.parse(await readFile((await merge.written('output'))['result-path'] ?? '', 'utf8'));
  assert.deepEqual(result.runs[0].accepted, { by: 'alice', sha: pull.headSha });
  const stored = [...runner.scene.store.artifacts.values()].findLast(({ name }) => name === 'baseline-label');
  const kept = JSON.parse((await unzipOne(stored?.archive ?? Buffer.alloc(0), { entry: 'result.json', maxBytes: 1e8 })).toString('utf8'));
  assert.deepEqual([kept.git.sha, kept.runs[0].accepted], [merged, { by: 'alice', sha: pull.headSha }]);
});

test('a label on a head that was never measured: it is measured', async () => {
  const pull = await runner.github.openPull('unmeasured');
  const job = await runner.onPull(
    pull,
    config,
    { 'INPUT_ARTIFACT-NAME': 'baseline-unmeasured' },
    { action: 'labeled', label: 'bug', labels: ['bug'] },
  );
  const { code, log } = await engineAt(1, (at) => job.run(at));
  assert.equal(code, 0, log);
  assert.match(log, /measured anew: no earlier run has stored a result/);
});
