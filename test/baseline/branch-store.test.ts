import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { branchStore } from '../../src/baseline/branch-store.ts';
import { findBaseline } from '../../src/baseline/source.ts';
import { type BaselineStore, StoreUnavailable } from '../../src/baseline/store.ts';
import { UserError } from '../../src/config/errors.ts';
import { Repositories, type TestRepository } from '../github/repositories.ts';
import { jobDocument, shaOf } from './documents.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./push-process.ts', import.meta.url));
const branch = 'llm-bench-baselines';
let repositories: Repositories;
let server: TestRepository;
beforeEach(async () => {
  repositories = await Repositories.open();
  const code = await repositories.create('code');
  await code.commit();
  server = await repositories.bare('server.git', code);
});
afterEach(() => repositories[Symbol.asyncDispose]());

async function contents(store: BaselineStore, excludeRun: number | null = null) {
  const shas: (string | null)[] = [];
  const refused: string[] = [];
  for await (const candidate of store.newest({ excludeRun })) {
    if ('refused' in candidate) refused.push(`${candidate.name}: ${candidate.refused.message}`);
    else shas.push((await candidate.open()).sha);
  }
  return { shas, refused };
}

const filesOf = async (repository: TestRepository) => (await repository.git('ls-tree', '-r', '--name-only', branch)).split('\n');

test('the first push makes an orphan branch; the working tree, the index and the branches here stay as they are', async () => {
  const work = await repositories.clone('work', server);
  await writeFile(join(work.path, 'file.txt'), 'changed');
  await work.git('add', 'file.txt');
  const before = await work.git('status', '--porcelain', '--branch');
  assert.equal(await branchStore(branch, work.path).push(jobDocument(1)), 'aaaa/2026-01.jsonl:1');
  assert.equal(await work.git('status', '--porcelain', '--branch'), before);
  assert.equal(await work.git('branch', '--list'), '* main');
  assert.deepEqual(await filesOf(server), ['aaaa/2026-01.jsonl']);
  assert.equal((await server.git('rev-list', '--parents', branch)).split(' ').length, 1, 'no history');
});

test('one file per cohort and month, read again newest first', async () => {
  const store = branchStore(branch, (await repositories.clone('work', server)).path);
  const february = (n: number) => ({ timestamp: `2026-02-0${n}T00:00:00Z` });
  await store.push(jobDocument(1));
  await store.push(jobDocument(2, { cohort: 'bbbb', ...february(1) }));
  await store.push(jobDocument(3, february(2)));
  await store.push(jobDocument(4, { cohort: '../../etc/x y', ...february(3) }));
  await store.push(jobDocument(5, { cohort: '', timestamp: '' }));
  assert.deepEqual(await filesOf(server), [
    '..-..-etc-x-y/2026-02.jsonl',
    'aaaa/2026-01.jsonl',
    'aaaa/2026-02.jsonl',
    'bbbb/2026-02.jsonl',
    'unknown/0000-00.jsonl',
  ]);
  assert.deepEqual(await contents(store), { shas: [4, 3, 2, 1, 5].map(shaOf), refused: [] });
  assert.match((await contents(store, 3)).refused.join(), /is of this very run/);
});

test('a line keeps the values, not the histograms nor what is raw', async () => {
  const work = await repositories.clone('work', server);
  await branchStore(branch, work.path).push(jobDocument(1));
  const line = await server.git('cat-file', 'blob', `${branch}:aaaa/2026-01.jsonl`);
  assert.ok(!line.includes('\n'));
  const stored = JSON.parse(line) as ReturnType<typeof jobDocument>;
  assert.ok(!line.includes('"hdr'));
  assert.deepEqual([stored.timeline, stored.slowest, stored.errors], [[], [], []]);
  assert.deepEqual(stored.runs, jobDocument(1).runs);
});

test('pushed twice, a result is there once', async () => {
  const store = branchStore(branch, (await repositories.clone('work', server)).path);
  await store.push(jobDocument(1));
  const tip = await server.git('rev-parse', branch);
  await store.push(jobDocument(1));
  assert.equal(await server.git('rev-parse', branch), tip);
});

test('from a shallow, detached checkout, which stays shallow', async () => {
  const work = await repositories.checkout('work', server, 'refs/heads/main');
  const store = branchStore(branch, work.path);
  for (const n of [1, 2, 3]) await store.push(jobDocument(n));
  assert.deepEqual((await contents(store)).shas, [3, 2, 1].map(shaOf));
  assert.equal((await server.git('rev-list', '--count', branch)).trim(), '3');
});

test('without a remote the branch is kept here', async () => {
  const work = await repositories.create('alone');
  await work.commit();
  const store = branchStore(branch, work.path);
  await store.push(jobDocument(1));
  await store.push(jobDocument(2));
  assert.deepEqual((await contents(store)).shas, [2, 1].map(shaOf));
});

for (const where of ['clones of their own', 'the same clone'] as const) {
  test(`two who push at once from ${where} lose nothing`, async () => {
    const clones =
      where === 'the same clone'
        ? [await repositories.clone('a', server)]
        : [await repositories.clone('a', server), await repositories.clone('b', server)];
    const each = 5;
    const pushers = [0, 1].map((pusher) => {
      const { path } = clones[pusher % clones.length] as TestRepository;
      return run(process.execPath, [script, path, branch, String(1 + pusher * each), String(each)]);
    });
    await Promise.all(pushers);
    const { shas, refused } = await contents(branchStore(branch, (clones[0] as TestRepository).path));
    assert.deepEqual(refused, []);
    assert.deepEqual(new Set(shas), new Set(Array.from({ length: 2 * each }, (_, index) => shaOf(index + 1))));
    assert.equal(shas.length, 2 * each);
    assert.equal(await server.git('rev-list', '--count', branch), String(2 * each), 'one after the other, no commit lost');
  });
}

test('somebody else is faster: made again on what they left', async () => {
  const work = await repositories.clone('work', server);
  const other = await repositories.clone('other', server);
  const mine = branchStore(branch, work.path);
  await mine.push(jobDocument(1));
  let rivals = 0;
  // The rival pushes after we have read the branch and before we push: three times in a row.
  const edited = await mine.edit?.((document) => {
    if (document.git.sha !== shaOf(1)) return document;
    if (rivals < 3) execFileSync(process.execPath, [script, other.path, branch, String(10 + rivals++), '1']);
    return { ...document, tag: 'v1' };
  });
  assert.deepEqual(edited, { changed: ['aaaa/2026-01.jsonl:1'], removed: [] });
  assert.equal(rivals, 3);
  assert.deepEqual((await contents(mine)).shas, [12, 11, 10, 1].map(shaOf));
  const { description } = await found(work);
  assert.match(description, /jsonl:4/);
  const pulled = await server.git('cat-file', 'blob', `${branch}:aaaa/2026-01.jsonl`);
  assert.equal((JSON.parse(pulled.split('\n')[0] as string) as { tag?: string }).tag, 'v1');
});

async function found(work: TestRepository) {
  const baseline = await findBaseline({
    source: { kind: 'git_branch', branch },
    scenarios: ['quick_validation'],
    root: work.path,
    repository: null,
    context: null,
  });
  assert.ok(baseline.found);
  return baseline;
}

test('a line that cannot be read is named, the rest used, and neither a push nor an edit loses it', async () => {
  const work = await repositories.clone('work', server);
  const store = branchStore(branch, work.path);
  const file = 'aaaa/2026-01.jsonl';
  await work.git('checkout', '--quiet', '--orphan', 'data');
  await work.git('rm', '-rfq', '.');
  await mkdir(join(work.path, 'aaaa'));
  await writeFile(join(work.path, file), `${JSON.stringify(jobDocument(1))}\nnot json\n\n{"a":1}\n${JSON.stringify(jobDocument(2))}\n`);
  await work.git('add', '--all');
  await work.git('commit', '--quiet', '-m', 'by hand');
  await work.git('push', '--quiet', 'origin', `data:${branch}`);
  const { shas, refused } = await contents(store);
  assert.deepEqual(shas, [2, 1].map(shaOf));
  assert.equal(refused.length, 2);
  assert.match(refused.join('\n'), /aaaa\/2026-01\.jsonl:2: .*is not JSON[\s\S]*aaaa\/2026-01\.jsonl:4: .*no llm-bench result/);
  await store.push(jobDocument(3));
  assert.deepEqual(await store.edit?.((document) => (document.git.sha === shaOf(1) ? null : document)), { changed: [], removed: [`${file}:1`] });
  const text = await server.git('cat-file', 'blob', `${branch}:${file}`);
  assert.ok(text.startsWith('not json\n{"a":1}\n'));
  assert.deepEqual((await contents(store)).shas, [3, 2].map(shaOf));
});

test('an emptied file is removed', async () => {
  const store = branchStore(branch, (await repositories.clone('work', server)).path);
  await store.push(jobDocument(1));
  await store.push(jobDocument(2, { cohort: 'bbbb' }));
  await store.edit?.((document) => (document.cohort === 'aaaa' ? null : document));
  assert.deepEqual(await filesOf(server), ['bbbb/2026-01.jsonl']);
});

test("a branch of somebody's code is never written to", async () => {
  const work = await repositories.clone('work', server);
  const before = await server.git('rev-parse', 'main');
  const store = branchStore('main', work.path);
  await assert.rejects(store.push(jobDocument(1)), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /the branch main holds other files \(file\.txt\): baselines need a branch of their own/);
    return true;
  });
  await assert.rejects(async () => store.edit?.(() => null), UserError);
  assert.equal(await server.git('rev-parse', 'main'), before);
});

test('what is not fit is refused', async () => {
  const store = branchStore(branch, (await repositories.clone('work', server)).path);
  await assert.rejects(store.push(jobDocument(1, { admissible: false })), (error) => error instanceof UserError && error.exitCode === 2);
  await assert.rejects(
    store.push(jobDocument(1, { validity: { valid: false, checks: [] } })),
    (error) => error instanceof UserError && error.exitCode === 3,
  );
});

test('a server that refuses is an error with its words, at once', async () => {
  const work = await repositories.clone('work', server);
  await writeFile(join(server.path, 'hooks', 'pre-receive'), '#!/bin/sh\necho "protected branch" >&2\nexit 1\n');
  await chmod(join(server.path, 'hooks', 'pre-receive'), 0o755);
  await assert.rejects(branchStore(branch, work.path).push(jobDocument(1)), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /could not be written: .*(protected branch|pre-receive hook declined)/);
    assert.match(error.hint ?? '', /contents: write/);
    return true;
  });
});

test('a server that is gone is not taken for an empty branch', async () => {
  const work = await repositories.clone('work', server);
  await rm(server.path, { recursive: true });
  await assert.rejects(contents(branchStore(branch, work.path)), StoreUnavailable);
  const found = await findBaseline({
    source: { kind: 'git_branch', branch },
    scenarios: ['quick_validation'],
    root: work.path,
    repository: null,
    context: null,
  });
  assert.ok(!found.found && found.warning);
  assert.match(found.reason, /^The baseline could not be read: the branch llm-bench-baselines could not be read/);
});

test('baseline: { git_branch }: the newest, or a first run', async () => {
  const work = await repositories.clone('work', server);
  const find = () =>
    findBaseline({ source: { kind: 'git_branch', branch }, scenarios: ['quick_validation'], root: work.path, repository: null, context: null });
  const first = await find();
  assert.ok(!first.found && !first.warning);
  assert.match(first.reason, /^No baseline yet: there is no result on the branch llm-bench-baselines\./);
  const store = branchStore(branch, work.path);
  await store.push(jobDocument(1));
  await store.push(jobDocument(2));
  const found = await find();
  assert.ok(found.found);
  assert.deepEqual([found.sha, found.description], [shaOf(2), 'aaaa/2026-01.jsonl:2 on the branch llm-bench-baselines']);
});
