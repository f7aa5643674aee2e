import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { attempt, GitFailure, gitIn, withoutCredentials } from '../../src/github/git.ts';
import { Repositories } from './repositories.ts';

test('output, input, failure', async () => {
  await using repositories = await Repositories.open();
  const repository = await repositories.create('one');
  const sha = await repository.commit();
  assert.equal(await gitIn(repository.path)('rev-parse', 'HEAD'), sha);
  const object = await gitIn(repository.path, { input: 'hello' })('hash-object', '--stdin');
  assert.match(object, /^[0-9a-f]{40}$/);
  await assert.rejects(gitIn(repository.path)('rev-parse', '--verify', 'nothing'), (error) => {
    assert.ok(error instanceof GitFailure);
    assert.equal(error.exitCode, 128);
    assert.match(error.message, /single revision/);
    return true;
  });
  assert.equal(await attempt(gitIn(repository.path), 'rev-parse', '--verify', 'nothing'), null);
});

test("another repository's hook does not lead it astray", async () => {
  await using repositories = await Repositories.open();
  const one = await repositories.create('one');
  const other = await repositories.create('other');
  const sha = await one.commit();
  await other.commit('other.txt');
  const before = process.env.GIT_DIR;
  process.env.GIT_DIR = join(other.path, '.git');
  try {
    assert.equal(await gitIn(one.path)('rev-parse', 'HEAD'), sha);
  } finally {
    if (before === undefined) delete process.env.GIT_DIR;
    else process.env.GIT_DIR = before;
  }
});

test('it is bounded in time and output', async () => {
  await using repositories = await Repositories.open();
  const repository = await repositories.create('one');
  await repository.commit('large.txt', 'x'.repeat(100_000));
  await assert.rejects(gitIn(repository.path, { maxBytes: 1000 })('show', 'HEAD:large.txt'), /answered more than is read/);
  // A remote helper that never answers.
  const bin = join(repositories.root, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'git-remote-never'), '#!/bin/sh\nexec cat >/dev/null\n', { mode: 0o755 });
  const slow = gitIn(repository.path, { timeoutMs: 500, env: { PATH: `${bin}:${process.env.PATH}` } });
  await assert.rejects(slow('ls-remote', 'never://x'), /did not answer within 0.5 s/);
});

test('no credentials in messages', () => {
  assert.equal(
    withoutCredentials("unable to access 'https://x-access-token:ghs_secret@github.com/o/r/': 403"),
    "unable to access 'https://github.com/o/r/': 403",
  );
  assert.equal(withoutCredentials('To https://github.com/o/r a@b'), 'To https://github.com/o/r a@b');
});
