import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type BaseContext, findBase, relationTo } from '../../src/baseline/base.ts';
import { orderFrom, placeOf, readOrder } from '../../src/baseline/order.ts';
import { connect, type Repository } from '../../src/github/client.ts';
import { gitIn } from '../../src/github/git.ts';
import { type GitHubEmulator, startGitHubEmulator } from '../fakes/github-emulator.ts';
import { listen, sendJson } from '../fakes/http.ts';
import { Repositories, type TestRepository } from '../github/repositories.ts';

let repositories: Repositories;
beforeEach(async () => {
  repositories = await Repositories.open();
});
afterEach(() => repositories[Symbol.asyncDispose]());

interface History {
  origin: TestRepository;
  /** main's commits, oldest first; the pull request left it after the second. */
  main: string[];
  /** The pull request's commits. */
  feature: string[];
  /** refs/pull/1/merge: main's tip merged with the pull request's head. */
  merge: string;
}

/** main: a b c d; a feature from b with two commits; its merge as the platform makes it. */
async function history(): Promise<History> {
  const origin = await repositories.create('origin');
  const main = [await origin.commit('a'), await origin.commit('b')];
  await origin.git('checkout', '--quiet', '-b', 'feature');
  const feature = [await origin.commit('f1'), await origin.commit('f2')];
  await origin.git('checkout', '--quiet', 'main');
  main.push(await origin.commit('c'), await origin.commit('d'));
  await origin.git('checkout', '--quiet', '--detach', 'main');
  await origin.git('merge', '--quiet', '--no-ff', '-m', 'merge', 'feature');
  const merge = await origin.head();
  await origin.git('update-ref', 'refs/pull/1/merge', merge);
  await origin.git('update-ref', 'refs/pull/1/head', feature[1] as string);
  await origin.git('checkout', '--quiet', 'main');
  return { origin, main, feature, merge };
}

const pull = (headSha: string | null, changes: Partial<BaseContext> = {}): BaseContext => ({
  event: 'pull_request',
  sha: null,
  headSha,
  baseRef: 'main',
  ...changes,
});
const baseOf = (repository: TestRepository, context: BaseContext, api: Repository | null = null) => findBase(context, gitIn(repository.path), api);

for (const depth of [1, 100]) {
  test(`the merge commit of a pull request, cloned to depth ${depth}: its first parent`, async () => {
    const { origin, main, feature, merge } = await history();
    const work = await repositories.checkout('work', origin, 'refs/pull/1/merge', depth);
    const expected = { sha: main[3], how: 'first parent' };
    assert.deepEqual(await baseOf(work, pull(feature[1] as string)), expected);
    // An event without a head: the commit that the runner was given is the merge.
    assert.deepEqual(await baseOf(work, pull(null, { sha: merge })), expected);
  });
}

test('a checkout of the head: its merge base, whatever main has become since', async () => {
  const { origin, main, feature } = await history();
  const work = await repositories.clone('work', origin);
  await work.git('checkout', '--quiet', '--detach', feature[1] as string);
  assert.deepEqual(await baseOf(work, pull(feature[1] as string)), { sha: main[1], how: 'merge base' });
  // The local branch serves where origin's is not known.
  await work.git('update-ref', '-d', 'refs/remotes/origin/main');
  assert.deepEqual(await baseOf(work, pull(feature[1] as string)), { sha: main[1], how: 'merge base' });
});

test('a head that is itself a merge of main is not taken for the merge commit', async () => {
  const { origin, main } = await history();
  await origin.git('checkout', '--quiet', 'feature');
  await origin.git('merge', '--quiet', '--no-ff', '-m', 'catch up', 'main');
  const head = await origin.head();
  const work = await repositories.clone('work', origin);
  await work.git('checkout', '--quiet', '--detach', head);
  assert.deepEqual(await baseOf(work, pull(head)), { sha: main[3], how: 'merge base' });
});

test("a head's shallow checkout: the API is asked, and without it nothing is guessed", async () => {
  const { origin, main, feature } = await history();
  const head = feature[1] as string;
  const work = await repositories.checkout('work', origin, 'refs/pull/1/head');
  assert.equal(await baseOf(work, pull(head)), null);
  const asked: string[] = [];
  const server = await listen(async (request, response) => {
    asked.push(decodeURIComponent(request.url ?? ''));
    sendJson(response, 200, { merge_base_commit: { sha: main[1] } });
  });
  const api = await connect({ token: 't', apiUrl: server.url, owner: 'octo', repo: 'service' });
  assert.deepEqual(await baseOf(work, pull(head), api), { sha: main[1], how: 'merge base' });
  assert.deepEqual(asked, [`/repos/octo/service/compare/main...${head}?per_page=1`]);
  await server.close();
  assert.equal(await baseOf(work, pull(head), api), null, 'an API that does not answer is no error');
});

test('the compare API of the emulator gives the merge base', async () => {
  await using emulator = await startGitHubEmulator();
  const fork = await emulator.commit('main', 'a.txt', 'a');
  const head = await emulator.commit('feature', 'f.txt', 'f');
  await emulator.commit('main', 'b.txt', 'b');
  const work = await repositories.create('work');
  await work.commit();
  const api = await connect({ token: emulator.tokens.bot, apiUrl: emulator.url, owner: emulator.owner, repo: emulator.repo });
  // The checked-out commit must be the emulator's: its id stands in for git's HEAD.
  const git = async (...args: string[]) => {
    if (args[0] === 'rev-parse') return head;
    throw new Error('too shallow');
  };
  assert.deepEqual(await findBase(pull(head), git, api), { sha: fork, how: 'merge base' });
});

test('a push: the commit before; the first of all has none', async () => {
  const { origin, main } = await history();
  const push = { event: 'push', sha: main[3] as string, headSha: main[3] as string, baseRef: null };
  assert.deepEqual(await baseOf(await repositories.checkout('work', origin, 'refs/heads/main'), push), { sha: main[2], how: 'previous commit' });
  await origin.git('branch', 'root', main[0] as string);
  assert.equal(await baseOf(await repositories.checkout('root', origin, 'refs/heads/root'), push), null);
});

test('a push of a merge: its first parent, which was the branch before', async () => {
  const { origin, main } = await history();
  await origin.git('merge', '--quiet', '--no-ff', '-m', 'merge', 'feature');
  const work = await repositories.checkout('work', origin, 'refs/heads/main');
  assert.equal((await baseOf(work, { event: 'push', sha: null, headSha: null, baseRef: null }))?.sha, main[3]);
});

for (const event of ['schedule', 'workflow_dispatch']) {
  test(`${event}: the commit itself, which earlier nights have measured`, async () => {
    const { origin, main } = await history();
    assert.deepEqual(await baseOf(origin, { event, sha: main[3] as string, headSha: main[3] as string, baseRef: null }), {
      sha: main[3],
      how: 'this commit',
    });
  });
}

test('a merge queue: what the group was built on, where that is true', async () => {
  const { origin, main, feature } = await history();
  // As the queue rebases: two commits on main's tip.
  await origin.git('checkout', '--quiet', '--detach', 'main');
  await origin.git('cherry-pick', feature[0] as string, feature[1] as string);
  const head = await origin.head();
  const [first] = (await origin.git('rev-list', '--max-count=2', 'HEAD')).split('\n').slice(1);
  await origin.git('update-ref', 'refs/heads/gh-readonly-queue/main/pr-1-abc', head);
  const group: BaseContext = { event: 'merge_group', sha: head, headSha: head, baseRef: 'main', groupBase: main[3] as string };
  assert.deepEqual(await baseOf(origin, group), { sha: main[3], how: "queue's base" });
  assert.deepEqual(await baseOf(origin, { ...group, groupBase: null }), { sha: first, how: 'first parent' });
  assert.deepEqual(await baseOf(origin, { ...group, groupBase: feature[1] as string }), { sha: first, how: 'first parent' }, 'not of its history');
  assert.deepEqual(await baseOf(origin, { ...group, groupBase: head }), { sha: first, how: 'first parent' }, 'never itself');
});

test('a merge queue that merges, from a shallow clone', async () => {
  const { origin, main, merge } = await history();
  const work = await repositories.checkout('work', origin, 'refs/pull/1/merge');
  const group: BaseContext = { event: 'merge_group', sha: merge, headSha: merge, baseRef: 'main', groupBase: main[3] as string };
  assert.deepEqual(await baseOf(work, group), { sha: main[3], how: "queue's base" });
  assert.deepEqual(await baseOf(work, { ...group, groupBase: 'f'.repeat(40) }), { sha: main[3], how: 'first parent' });
});

test('no repository, or one without a commit: it cannot be told', async () => {
  const push = { event: 'push', sha: null, headSha: null, baseRef: null };
  assert.equal(await baseOf(await repositories.create('empty'), push), null);
  assert.equal(await findBase(push, gitIn('/nowhere/at/all'), null), null);
  assert.equal(await readOrder(push, '/nowhere/at/all', null), null);
});

test('distance counts commits of the main line, not those that were merged into it', async () => {
  const { origin, main, feature } = await history();
  await origin.git('merge', '--quiet', '--no-ff', '-m', 'merge', 'feature');
  const tip = await origin.commit('e');
  const order = await orderFrom({ sha: tip, how: 'first parent' }, gitIn(origin.path), null);
  assert.deepEqual([...order.distances.values()], [0, 1, 2, 3, 4, 5]);
  assert.equal(order.complete, true);
  const place = (sha: string | null) => placeOf(order, sha, '2020-01-01T00:00:00Z');
  assert.deepEqual(place(tip), { kind: 'ancestor', distance: 0 });
  assert.deepEqual(place(main[3] as string), { kind: 'ancestor', distance: 2 });
  assert.deepEqual(place((main[3] as string).slice(0, 8)), { kind: 'ancestor', distance: 2 });
  assert.deepEqual(place(feature[1] as string), { kind: 'elsewhere' });
  assert.deepEqual([place(null), place('')], [{ kind: 'unknown' }, { kind: 'unknown' }]);
});

test('a descendant of the base is not before it', async () => {
  const { origin, main, feature } = await history();
  const work = await repositories.clone('work', origin);
  await work.git('checkout', '--quiet', '--detach', feature[1] as string);
  const order = await readOrder(pull(feature[1] as string), work.path, null);
  assert.ok(order);
  assert.equal(order.base.sha, main[1]);
  assert.deepEqual(placeOf(order, main[3] as string, '2030-01-01T00:00:00Z'), { kind: 'elsewhere' });
  assert.deepEqual(placeOf(order, main[0] as string, '2030-01-01T00:00:00Z'), { kind: 'ancestor', distance: 1 });
});

test('a shallow clone asks the API, which is followed along first parents', async () => {
  const { origin, main, feature } = await history();
  await origin.git('merge', '--quiet', '--no-ff', '-m', 'merge', 'feature');
  const tip = await origin.head();
  const rows = (await origin.git('log', '--format=%H %P', 'main')).split('\n').map((line) => line.split(' '));
  const server = await listen(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    assert.equal(url.searchParams.get('sha'), tip);
    const date = '2026-01-01T00:00:00Z';
    sendJson(
      response,
      200,
      rows.map(([sha, ...parents]) => ({ sha, parents: parents.map((parent) => ({ sha: parent })), commit: { committer: { date } } })),
    );
  });
  const api = await connect({ token: 't', apiUrl: server.url, owner: 'octo', repo: 'service' });
  const work = await repositories.checkout('work', origin, 'refs/heads/main');
  const base = { sha: tip, how: 'this commit' };
  const order = await orderFrom(base, gitIn(work.path), api);
  await server.close();
  assert.equal(order.complete, true);
  assert.deepEqual(placeOf(order, main[0] as string, ''), { kind: 'ancestor', distance: 4 });
  assert.deepEqual(placeOf(order, feature[0] as string, ''), { kind: 'elsewhere' });
  // Without an answer the base itself is all that is known; what was measured before it may still be before it.
  const blind = await orderFrom(base, gitIn(work.path), api);
  assert.deepEqual([...blind.distances], [[tip, 0]]);
  assert.equal(blind.complete, false);
  assert.deepEqual(placeOf(blind, main[0] as string, '2001-01-01T00:00:00Z'), { kind: 'older' });
  assert.deepEqual(placeOf(blind, main[0] as string, '2100-01-01T00:00:00Z'), { kind: 'elsewhere' });
});

test('the emulator lists the commits of a branch', async () => {
  await using emulator: GitHubEmulator = await startGitHubEmulator();
  const shas = [
    await emulator.commit('main', '1.txt', '1'),
    await emulator.commit('main', '2.txt', '2'),
    await emulator.commit('main', '3.txt', '3'),
  ];
  const api = await connect({ token: emulator.tokens.bot, apiUrl: emulator.url, owner: emulator.owner, repo: emulator.repo });
  const order = await orderFrom({ sha: shas[2] as string, how: 'first parent' }, async () => Promise.reject(new Error('no git')), api);
  assert.deepEqual(placeOf(order, shas[0] as string, ''), { kind: 'ancestor', distance: 2 });
});

test('how a named commit lies beside the one that is checked out', async () => {
  const { origin, main, feature } = await history();
  await origin.git('checkout', '--quiet', 'feature');
  const to = (sha: string | undefined) => relationTo(sha ?? '', gitIn(origin.path));
  assert.deepEqual(await to(feature[1]), { distance: 0, relation: 'this commit' });
  assert.deepEqual(await to(main[1]), { distance: 2, relation: 'this commit' });
  assert.deepEqual(await to(main[3]), { distance: -2, relation: 'merge base' });
  await origin.git('checkout', '--quiet', '--orphan', 'other');
  await origin.commit('alone');
  assert.deepEqual(await to(main[0]), { distance: null, relation: null });
});
