import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../src/config/errors.ts';
import { branchOf, type EventContext, readContext } from '../../src/github/context.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llm-bench-context-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const sha = 'a'.repeat(40);
const mergeSha = 'b'.repeat(40);
const repository = { id: 1, default_branch: 'main' };

async function read(env: Record<string, string>, payload: unknown): Promise<EventContext> {
  const path = join(folder, `${Math.random()}.json`);
  await writeFile(path, typeof payload === 'string' ? payload : JSON.stringify(payload));
  return readContext(environment({ GITHUB_EVENT_PATH: path, ...env }), (file) => readFile(file, 'utf8'));
}

function environment(env: Record<string, string>): Record<string, string> {
  return {
    GITHUB_REPOSITORY: 'octo/service',
    GITHUB_REPOSITORY_ID: '1',
    GITHUB_RUN_ID: '77',
    GITHUB_RUN_ATTEMPT: '2',
    GITHUB_WORKFLOW: 'Benchmarks',
    GITHUB_JOB: 'bench',
    GITHUB_API_URL: 'http://127.0.0.1:1/',
    GITHUB_SERVER_URL: 'https://github.example/',
    ...env,
  };
}

const pullRequest = (head: unknown) => ({
  action: 'synchronize',
  number: 12,
  repository,
  pull_request: { number: 12, user: { login: 'someone' }, head, base: { ref: 'main', sha: 'c'.repeat(40), repo: { id: 1 } } },
});
const pullRequestEnv = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_REF: 'refs/pull/12/merge', GITHUB_SHA: mergeSha };

test('pull request of the same repository', async () => {
  const context = await read(pullRequestEnv, pullRequest({ sha, ref: 'feature', repo: { id: 1 } }));
  assert.deepEqual(context, {
    event: 'pull_request',
    action: 'synchronize',
    owner: 'octo',
    repo: 'service',
    repositoryId: 1,
    defaultBranch: 'main',
    sha: mergeSha,
    ref: 'refs/pull/12/merge',
    headSha: sha,
    headRef: 'feature',
    baseRef: 'main',
    groupBase: null,
    headRepositoryId: 1,
    labels: [],
    label: null,
    sender: null,
    pullRequest: 12,
    fork: false,
    dependabot: false,
    runId: 77,
    runAttempt: 2,
    workflow: 'Benchmarks',
    job: 'bench',
    source: null,
    apiUrl: 'http://127.0.0.1:1',
    serverUrl: 'https://github.example',
  });
  assert.ok(!JSON.stringify(context).includes('c'.repeat(40)), 'base.sha is not passed on');
});

test('pull request of a fork, by id and not by name', async () => {
  const context = await read(pullRequestEnv, pullRequest({ sha, ref: 'main', repo: { id: 2, full_name: 'octo/service' } }));
  assert.equal(context.fork, true);
});

test('pull request whose source repository was deleted counts as a fork', async () => {
  assert.equal((await read(pullRequestEnv, pullRequest({ sha, ref: 'x', repo: null }))).fork, true);
});

test('pull_request_target reads the head, not the base that was checked out', async () => {
  const env = { GITHUB_EVENT_NAME: 'pull_request_target', GITHUB_REF: 'refs/heads/main', GITHUB_SHA: mergeSha };
  const context = await read(env, pullRequest({ sha, ref: 'evil', repo: { id: 9 } }));
  assert.equal(context.headSha, sha);
  assert.equal(context.pullRequest, 12);
  assert.equal(context.fork, true);
});

test('Dependabot is known by the actor and by the author', async () => {
  const payload = pullRequest({ sha, ref: 'x', repo: { id: 1 } });
  assert.equal((await read({ ...pullRequestEnv, GITHUB_ACTOR: 'dependabot[bot]' }, payload)).dependabot, true);
  const authored = { ...payload, pull_request: { ...payload.pull_request, user: { login: 'dependabot[bot]' } } };
  assert.equal((await read({ ...pullRequestEnv, GITHUB_ACTOR: 'someone' }, authored)).dependabot, true);
});

test('merge group', async () => {
  const ref = 'gh-readonly-queue/release/1.x/pr-345-0123456789abcdef0123456789abcdef01234567';
  const context = await read(
    { GITHUB_EVENT_NAME: 'merge_group', GITHUB_REF: `refs/heads/${ref}`, GITHUB_SHA: mergeSha },
    { action: 'checks_requested', repository, merge_group: { head_sha: sha, head_ref: `refs/heads/${ref}`, base_ref: 'refs/heads/release/1.x' } },
  );
  assert.deepEqual([context.headSha, context.pullRequest, context.baseRef, context.fork], [sha, 345, 'release/1.x', false]);
});

test('push, dispatch, schedule, release', async () => {
  const push = await read({ GITHUB_EVENT_NAME: 'push', GITHUB_REF: 'refs/heads/main', GITHUB_SHA: sha }, { after: sha, repository });
  assert.deepEqual([push.headSha, push.headRef, push.pullRequest, push.fork], [sha, 'main', null, false]);
  const dispatch = await read({ GITHUB_EVENT_NAME: 'workflow_dispatch', GITHUB_REF: 'refs/heads/try', GITHUB_SHA: sha }, { repository });
  assert.deepEqual([dispatch.headSha, dispatch.headRef, dispatch.defaultBranch], [sha, 'try', 'main']);
  const schedule = await read({ GITHUB_EVENT_NAME: 'schedule', GITHUB_REF: 'refs/heads/trunk', GITHUB_SHA: sha }, { schedule: '0 2 * * *' });
  assert.equal(schedule.defaultBranch, 'trunk');
  const release = await read({ GITHUB_EVENT_NAME: 'release', GITHUB_REF: 'refs/tags/v1', GITHUB_SHA: sha }, { action: 'published', repository });
  assert.deepEqual([release.headSha, release.headRef, release.ref], [sha, null, 'refs/tags/v1']);
});

test('workflow_run: the run that it follows, its fork, and the pull request only where there is exactly one', async () => {
  const env = { GITHUB_EVENT_NAME: 'workflow_run', GITHUB_REF: 'refs/heads/main', GITHUB_SHA: mergeSha };
  const run = { id: 5, run_attempt: 3, event: 'pull_request', head_sha: sha, head_branch: 'feature', repository: { id: 1 } };
  const own = await read(env, { repository, workflow_run: { ...run, head_repository: { id: 1 }, pull_requests: [{ number: 8 }] } });
  assert.deepEqual(
    [own.headSha, own.pullRequest, own.fork, own.source],
    [sha, 8, false, { event: 'pull_request', runId: 5, runAttempt: 3, headOwner: null }],
  );
  const two = await read(env, { repository, workflow_run: { ...run, head_repository: { id: 1 }, pull_requests: [{ number: 8 }, { number: 9 }] } });
  assert.equal(two.pullRequest, null);
  const fork = await read(env, { repository, workflow_run: { ...run, head_repository: { id: 2 }, pull_requests: [{ number: 8 }] } });
  assert.deepEqual([fork.pullRequest, fork.fork], [null, true]);
});

test('without an event file the environment has to do', async () => {
  const context = await readContext(environment({ GITHUB_EVENT_NAME: 'pull_request', GITHUB_REF: 'refs/pull/7/merge' }), () =>
    assert.fail('nothing to read'),
  );
  assert.equal(context.pullRequest, 7);
  assert.equal(context.fork, true, 'what cannot be shown to be ours is not');
});

test('a missing, broken or odd event file is named in a clear error', async () => {
  const missing = join(folder, 'missing.json');
  await assert.rejects(read({ GITHUB_EVENT_PATH: missing, GITHUB_EVENT_NAME: 'push' }, {}), (error: unknown) => {
    assert.ok(error instanceof UserError);
    assert.ok(error.message.includes(missing) && error.message.includes('ENOENT'), error.message);
    return true;
  });
  await assert.rejects(read({ GITHUB_EVENT_NAME: 'push' }, '{"after":'), /event file .* is not JSON/);
  await assert.rejects(read({ GITHUB_EVENT_NAME: 'push' }, '[1]'), /holds a list, expected a JSON object/);
  await assert.rejects(read({ GITHUB_EVENT_NAME: 'push' }, 'null'), /holds null/);
});

test('outside a workflow run it says so', async () => {
  const none = () => Promise.reject(new Error('not asked'));
  await assert.rejects(readContext({}, none), /GITHUB_REPOSITORY is not set/);
  await assert.rejects(readContext({ GITHUB_REPOSITORY: 'a/b/c' }, none), /"a\/b\/c", expected owner\/name/);
});

test('any JSON object is read without a crash', async () => {
  const names = fc.constantFrom('pull_request', 'pull_request_target', 'merge_group', 'workflow_run', 'push', 'schedule', 'release', 'x');
  const keys = ['pull_request', 'head', 'base', 'repo', 'id', 'workflow_run', 'pull_requests', 'merge_group', 'head_ref', 'repository', '__proto__'];
  const payload = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 5 }, fc.jsonValue(), tie('object'), fc.array(tie('object'), { maxLength: 2 })),
    object: fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 4 }),
  })).object;
  await fc.assert(
    fc.asyncProperty(names, payload, async (name, value) => {
      const context = await readContext(environment({ GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: 'event' }), async () => JSON.stringify(value));
      assert.equal(context.owner, 'octo');
      assert.ok(context.pullRequest === null || Number.isSafeInteger(context.pullRequest));
    }),
  );
});

test('branchOf', () => {
  assert.deepEqual([branchOf('refs/heads/a/b'), branchOf('refs/tags/v1'), branchOf(null)], ['a/b', null, null]);
});

test('labels: those that were there, the one that changed, and who changed it', async () => {
  const payload = pullRequest({ sha, ref: 'feature', repo: { id: 5 } });
  const context = await read(pullRequestEnv, {
    ...payload,
    action: 'labeled',
    label: { name: 'accept-regression' },
    sender: { login: 'maintainer' },
    pull_request: { ...payload.pull_request, labels: [{ name: 'bug' }, { name: 'accept-regression' }, { id: 3 }] },
  });
  assert.deepEqual([context.labels, context.label, context.sender], [['bug', 'accept-regression'], 'accept-regression', 'maintainer']);
  assert.deepEqual([context.headRepositoryId, context.fork], [5, true]);
});

test('a merge group says what it was built on; a pull request does not', async () => {
  const group = { head_sha: sha, head_ref: 'refs/heads/gh-readonly-queue/main/pr-3-abcdef0', base_ref: 'refs/heads/main', base_sha: mergeSha };
  assert.equal((await read({ GITHUB_EVENT_NAME: 'merge_group' }, { repository, merge_group: group })).groupBase, mergeSha);
  assert.equal((await read(pullRequestEnv, pullRequest({ sha, ref: 'f', repo: { id: 1 } }))).groupBase, null);
});
