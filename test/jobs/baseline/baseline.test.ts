import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { branchStore } from '../../../src/baseline/branch-store.ts';
import { compact } from '../../../src/baseline/compact.ts';
import { fileStore } from '../../../src/baseline/file-store.ts';
import { folderStore } from '../../../src/baseline/folder-store.ts';
import type { BaselineStore } from '../../../src/baseline/store.ts';
import { UserError } from '../../../src/config/errors.ts';
import {
  findAnchors,
  listBaselines,
  pinBaseline,
  pruneBaselines,
  pullBaseline,
  pushBaseline,
  renderRows,
  rowsOf,
  select,
} from '../../../src/jobs/baseline/baseline.ts';
import { parseStore } from '../../../src/jobs/baseline/open-baselines.ts';
import { readResult } from '../../../src/result/read.ts';
import { formatResult } from '../../../src/result/write.ts';
import { jobDocument, shaOf } from '../../baseline/documents.ts';
import { TestRepository } from '../../github/repositories.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'llm-bench-jobs-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const now = '2026-06-01T00:00:00.000Z';
const members = async (store: BaselineStore) => (await listBaselines(store)).members;
const shas = async (store: BaselineStore) => (await members(store)).map(({ sha }) => Number.parseInt(sha ?? '', 16));

async function resultFile(n: number, changes: Record<string, unknown> = {}): Promise<string> {
  const path = join(root, `result-${n}.json`);
  await writeFile(path, formatResult(jobDocument(n, changes)));
  return path;
}

async function push(
  store: BaselineStore,
  n: number,
  options: { tag?: string; pin?: boolean; changes?: Record<string, unknown> } = {},
): Promise<string> {
  const file = await resultFile(n, options.changes);
  return pushBaseline({ store, file, tag: options.tag ?? null, pin: options.pin ?? false, headSha: async () => shaOf(99), now });
}

const kinds: [string, () => Promise<BaselineStore>][] = [
  ['folder', async () => folderStore('store', root)],
  [
    'branch',
    async () => {
      const path = join(root, 'repository');
      await mkdir(path);
      await new TestRepository(path).git('init', '--quiet');
      return branchStore('baselines', path);
    },
  ],
];
for (const [kind, make] of kinds) {
  test(`${kind}: push, list, select, pull, pin, unpin, prune`, async () => {
    const store = await make();
    assert.deepEqual(await members(store), []);
    for (const n of [1, 2, 3, 4]) await push(store, n, n === 2 ? { tag: 'v1.2' } : {});
    await push(store, 5, { changes: { cohort: 'bbbb' } });
    assert.deepEqual(await shas(store), [5, 4, 3, 2, 1]);

    const listed = await members(store);
    assert.equal(select(listed, 'latest').sha, shaOf(5));
    assert.equal(select(listed, 'v1.2').sha, shaOf(2));
    assert.equal(select(listed, shaOf(3)).sha, shaOf(3));
    assert.equal(select(listed, '4').sha, shaOf(4));
    assert.equal(select(listed, '4.1').sha, shaOf(4));
    assert.equal(select(listed, (listed[4] as (typeof listed)[number]).name).sha, shaOf(1));
    assert.throws(
      () => select(listed, '00000000'),
      (error) =>
        error instanceof UserError &&
        error.exitCode === 2 &&
        /^00000000 begins 5 commits/.test(error.message) &&
        [1, 2, 3, 4, 5].every((n) => error.message.includes(shaOf(n))),
    );
    const of = (sha: string) => ({ ...(listed[0] as (typeof listed)[number]), sha });
    assert.equal(select([of('abcd1'.padEnd(40, '0')), of('abcd2'.padEnd(40, '0'))], 'abcd2').sha, 'abcd2'.padEnd(40, '0'));
    assert.equal(select([of('abcd1'.padEnd(40, '0')), of('abcd1'.padEnd(40, '0'))], 'abcd').sha, 'abcd1'.padEnd(40, '0'));
    assert.throws(() => select(listed, 'nothing'), /no stored result is "nothing": the store holds 5/);

    const output = join(root, 'pulled.json');
    await pullBaseline(store, 'v1.2', output);
    const pulled = await readResult(output);
    assert.deepEqual([pulled.git.sha, pulled.tag, pulled.runs], [shaOf(2), 'v1.2', jobDocument(2).runs]);

    assert.equal((await pinBaseline(store, '1', { pinned: true, tag: null, now })).mark?.tag, shaOf(1).slice(0, 12));
    await pinBaseline(store, 'v1.2', { pinned: true, tag: null, now });
    await pinBaseline(store, '3', { pinned: true, tag: 'v1.3', now });
    await pinBaseline(store, 'v1.3', { pinned: false, tag: null, now });
    assert.deepEqual(
      (await findAnchors(store)).map(({ sha, mark }) => [sha, mark?.tag]),
      [
        [shaOf(1), shaOf(1).slice(0, 12)],
        [shaOf(2), 'v1.2'],
      ],
    );

    const planned = await pruneBaselines(store, { keep: 1, before: null, dryRun: true });
    assert.equal(planned.removed.length, 1);
    assert.deepEqual(await shas(store), [5, 4, 3, 2, 1]);
    const pruned = await pruneBaselines(store, { keep: 1, before: null, dryRun: false });
    assert.deepEqual([pruned.removed.length, pruned.remaining], [1, 0]);
    assert.deepEqual(await shas(store), [5, 4, 2, 1], 'one of each cohort, and the pinned');
    await pruneBaselines(store, { keep: null, before: '2026-01-01T00:04:30Z', dryRun: false });
    assert.deepEqual(await shas(store), [5, 2, 1]);
    await assert.rejects(pruneBaselines(store, { keep: null, before: null, dryRun: false }), /nothing says what to prune/);
  });

  test(`${kind}: what is not fit is refused, whatever is asked`, async () => {
    const store = await make();
    const refused: [Record<string, unknown>, number, RegExp][] = [
      [
        { validity: { valid: false, checks: [{ name: 'cpu', ok: false, severity: 'fatal', detail: 'the client used 97% of a core' }] } },
        3,
        /is not valid \(the client used 97%/,
      ],
      [{ partial: true, stop_reason: 'interrupted' }, 2, /partial, stopped early \(interrupted\)/],
      [{ admissible: false, results: { error_rate: 40 } }, 2, /not admissible \(error rate 40 %\)/],
      [{ admissible: false, stop_reason: 'p95_latency' }, 2, /not complete: a rule of `stop` ended it \(p95_latency\)/],
      [
        {
          admissible: false,
          results: { error_rate: 100 / 3 },
          validity: {
            valid: true,
            checks: [
              { name: 'quiet_machine', ok: false, severity: 'advice', detail: 'the machine was not quiet' },
              { name: 'output_length', ok: false, severity: 'advice', detail: '8 asked, 7 came' },
            ],
          },
        },
        2,
        /not admissible \(error rate 33\.33 %; 8 asked, 7 came\)/,
      ],
      [{ series: [] }, 2, /holds no series/],
    ];
    for (const [changes, exitCode, expected] of refused) {
      await assert.rejects(push(store, 1, { tag: 'v1', pin: true, changes }), (error) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.exitCode, exitCode);
        assert.match(error.message, expected);
        return true;
      });
    }
    assert.deepEqual(await members(store), []);
  });

  test(`${kind}: pinned as it is pushed; a commit is filled in`, async () => {
    const store = await make();
    await push(store, 1, { pin: true, changes: { git: { sha: null } } });
    const [member] = await findAnchors(store);
    assert.deepEqual([member?.sha, member?.mark?.tag], [shaOf(99), shaOf(99).slice(0, 12)]);
    await push(store, 2, { pin: true, tag: 'v2' });
    assert.deepEqual(
      (await findAnchors(store)).map(({ document }) => document.tag),
      [shaOf(99).slice(0, 12), 'v2'],
    );
  });
}

test('folder: two jobs that push at once have a file each; pushed twice, one has one', async () => {
  const store = folderStore('store', root);
  await Promise.all([1, 2, 3].map((n) => push(store, n)));
  await push(store, 1);
  assert.equal((await readdir(join(root, 'store'))).length, 3);
});

test('folder: what cannot be read is told and never touched', async () => {
  const store = folderStore('store', root);
  await push(store, 1);
  await writeFile(join(root, 'store', 'broken.json'), '{"half');
  await writeFile(join(root, 'store', 'notes.txt'), 'mine');
  const { skipped } = await listBaselines(store);
  assert.match(skipped.join(), /broken\.json is cut short/);
  await pruneBaselines(store, { keep: 0, before: null, dryRun: false });
  assert.deepEqual((await readdir(join(root, 'store'))).sort(), ['broken.json', 'notes.txt']);
});

test('folder: a compacted document among the files: its jobs are listed, pinned and pruned one by one', async () => {
  const source = folderStore('source', root);
  for (const n of [1, 2, 3]) await push(source, n);
  await mkdir(join(root, 'store'));
  await writeFile(join(root, 'store', 'pool.json'), formatResult(compact(await members(source), now)!.document));
  const store = folderStore('store', root);
  assert.deepEqual(await shas(store), [3, 2, 1]);
  await pinBaseline(store, '2', { pinned: true, tag: 'v2', now });
  assert.deepEqual(
    (await findAnchors(store)).map(({ sha, mark }) => [sha, mark?.tag]),
    [[shaOf(2), 'v2']],
  );
  await pruneBaselines(store, { keep: 0, before: null, dryRun: false });
  assert.deepEqual(await shas(store), [2]);
  assert.equal((await pinBaseline(store, 'v2', { pinned: false, tag: null, now: '2026-07-01T00:00:00Z' })).mark?.pinned, false);
  await pruneBaselines(store, { keep: 0, before: null, dryRun: false });
  assert.deepEqual(await readdir(join(root, 'store')), []);
});

test('file: one file is one baseline', async () => {
  const store = fileStore(['baseline.json'], root);
  await push(store, 1);
  await push(store, 2, { tag: 'v2' });
  const [member] = await members(store);
  assert.deepEqual([member?.sha, member?.mark?.tag], [shaOf(2), 'v2']);
  await assert.rejects(push(fileStore(['a.json', 'b.json'], root), 1), /to one file, found 2/);
  await pruneBaselines(store, { keep: 0, before: null, dryRun: false });
  assert.deepEqual(await members(store), []);
});

test('rows: a line each, hostile names without control characters', async () => {
  const store = folderStore('store', root);
  await push(store, 1, { tag: 'v1\u001b[31m', changes: { scenario: 'quick\nvalidation' } });
  const text = renderRows(rowsOf(await members(store)));
  assert.equal(text.trimEnd().split('\n').length, 2);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  assert.doesNotMatch(text, /\u001b/);
});

test('stores by name', () => {
  assert.deepEqual(parseStore('folder:a:b'), { kind: 'folder', folder: 'a:b' });
  assert.deepEqual(parseStore('branch:x/y'), { kind: 'git_branch', branch: 'x/y' });
  assert.deepEqual(parseStore('artifact:n'), { kind: 'artifact', artifact: 'n', branch: null });
  assert.deepEqual(parseStore('file:f'), { kind: 'file', files: ['f'] });
  for (const text of ['', 'folder', 'folder:', 'git:x', 'x'])
    assert.throws(() => parseStore(text), /expected folder:PATH, branch:NAME, artifact:NAME or file:PATH/);
});

test('a result that was written is the result that was pushed', async () => {
  const store = folderStore('store', root);
  const name = await push(store, 1);
  assert.deepEqual(JSON.parse(await readFile(join(root, name), 'utf8')), JSON.parse(formatResult(jobDocument(1))));
});
