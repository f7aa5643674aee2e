import assert from 'node:assert/strict';
import { access, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { UserError } from '../../../src/config/errors.ts';
import { addWorktree } from '../../../src/jobs/paired/worktree.ts';
import { Repositories, type TestRepository } from '../../github/repositories.ts';

let repositories: Repositories;
let origin: TestRepository;
beforeEach(async () => {
  repositories = await Repositories.open();
  origin = await repositories.create('origin');
  await origin.commit('version.txt', 'one');
  await origin.commit('version.txt', 'two');
});
afterEach(() => repositories[Symbol.asyncDispose]());

const gone = (path: string) =>
  access(path).then(
    () => false,
    () => true,
  );

test('an earlier commit lies beside the working tree, which stays as it is', async () => {
  const first = await origin.git('rev-parse', 'HEAD~1');
  await writeFile(join(origin.path, 'version.txt'), 'changed, not committed');
  const tree = await addWorktree(origin.path, first);
  assert.equal(tree.sha, first);
  assert.equal(await readFile(join(tree.path, 'version.txt'), 'utf8'), 'one');
  assert.equal(await readFile(join(origin.path, 'version.txt'), 'utf8'), 'changed, not committed');
  await tree.remove();
  await tree.remove();
  assert.ok(await gone(tree.path));
  assert.equal((await origin.git('worktree', 'list')).split('\n').length, 1);
});

test('a branch is what origin has, not an old local one', async () => {
  const work = await repositories.clone('work', origin);
  await work.git('checkout', '--quiet', '-b', 'feature');
  await work.git('branch', '--force', 'main', 'HEAD~1');
  await using tree = disposable(await addWorktree(work.path, 'main'));
  assert.equal(await readFile(join(tree.path, 'version.txt'), 'utf8'), 'two');
});

test('tags, short and relative names', async () => {
  await origin.git('tag', '-a', 'v1', '-m', 'v1', 'HEAD~1');
  const first = await origin.git('rev-parse', 'HEAD~1');
  for (const ref of ['v1', first.slice(0, 10), 'HEAD~1', 'main~1']) {
    await using tree = disposable(await addWorktree(origin.path, ref));
    assert.equal(tree.sha, first, ref);
  }
});

test('two at once, of the branch that is checked out as well', async () => {
  await using one = disposable(await addWorktree(origin.path, 'main'));
  await using two = disposable(await addWorktree(origin.path, 'main'));
  assert.notEqual(one.path, two.path);
});

test('a shallow clone fetches what it lacks: by branch, by commit', async () => {
  const first = await origin.git('rev-parse', 'HEAD~1');
  await origin.git('branch', 'release', first);
  const work = await repositories.checkout('work', origin, 'refs/heads/main');
  for (const ref of ['release', first]) {
    await using tree = disposable(await addWorktree(work.path, ref));
    assert.equal(await readFile(join(tree.path, 'version.txt'), 'utf8'), 'one', ref);
  }
});

test('a full clone stays full', async () => {
  const work = await repositories.clone('work', origin);
  await origin.git('checkout', '--quiet', '-b', 'later');
  const later = await origin.commit('version.txt', 'three');
  await using tree = disposable(await addWorktree(work.path, 'later'));
  assert.equal(tree.sha, later);
  assert.equal(await work.git('rev-parse', '--is-shallow-repository'), 'false');
});

test('hooks do not run', async () => {
  const hooks = join(origin.path, '.git', 'hooks');
  await mkdir(hooks, { recursive: true });
  await writeFile(join(hooks, 'post-checkout'), `#!/bin/sh\ntouch ${join(repositories.root, 'ran')}\n`);
  await chmod(join(hooks, 'post-checkout'), 0o755);
  await using _tree = disposable(await addWorktree(origin.path, 'HEAD'));
  assert.ok(!(await readdir(repositories.root)).includes('ran'));
});

for (const ref of ['nothing-of-that-name', '0'.repeat(40), '--output=x', '', 'a b', 'HEAD:version.txt']) {
  test(`no such commit: ${JSON.stringify(ref)}`, async () => {
    await assert.rejects(addWorktree(origin.path, ref), (error) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.exitCode, 2);
      assert.ok(error.message.startsWith(`no commit ${JSON.stringify(ref)} to compare with`), error.message);
      assert.match(error.hint ?? '', /fetch-depth: 0/);
      return true;
    });
    assert.deepEqual(
      (await readdir(repositories.root)).filter((name) => name === 'x'),
      [],
    );
  });
}

function disposable<T extends { remove(): Promise<void> }>(tree: T): T & AsyncDisposable {
  return { ...tree, [Symbol.asyncDispose]: () => tree.remove() };
}
