import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type BaselineOptions, findBaseline } from '../../src/baseline/source.ts';
import type { BaselineSource } from '../../src/config/bench-config.ts';
import { UserError } from '../../src/config/errors.ts';
import { resultText } from './documents.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'llm-bench-baseline-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

function find(source: BaselineSource, changes: Partial<BaselineOptions> = {}) {
  return findBaseline({ source, scenarios: ['quick_validation'], root, repository: null, context: null, ...changes });
}

const save = (name: string, changes: Record<string, unknown> = {}) => writeFile(join(root, name), resultText(changes));

test('none: said as such', async () => {
  const found = await find({ kind: 'none' });
  assert.deepEqual(
    [found.found, !found.found && found.warning, !found.found && found.reason.includes('only limits are judged')],
    [false, false, true],
  );
});

test('file: all that are named, in their order, relative to the root', async () => {
  await save('b.json', { tag: 'b' });
  await save('a.json', { tag: 'a' });
  const found = await find({ kind: 'file', files: ['b.json', join(root, 'a.json')] });
  assert.ok(found.found);
  assert.deepEqual(
    found.documents.map((document) => document.tag),
    ['b', 'a'],
  );
  assert.equal(found.sha, 'd'.repeat(40));
  assert.equal(found.description, '2 results, the newest b.json, tagged b');
});

test('file: taken whatever it is, its faults told', async () => {
  await save('b.json', { admissible: false, scenario: 'soak', series: [] });
  const found = await find({ kind: 'file', files: ['b.json'] });
  assert.ok(found.found);
  assert.deepEqual(found.notes, ['b.json is not fit to be a baseline.', 'b.json is of scenario soak, not quick_validation.']);
});

test('file: one that is not there yet is a first run', async () => {
  const found = await find({ kind: 'file', files: ['baselines/main.json'] });
  assert.ok(!found.found);
  assert.equal(found.warning, false);
  assert.match(
    found.reason,
    /^No baseline yet: baselines\/main\.json does not exist, so only limits on values are judged\. `llm-bench compare --set-baseline`/,
  );
});

const broken: Array<[string, string, RegExp]> = [
  ['not JSON', 'hello', /bad\.json:1:1 is not JSON/],
  ['cut short', resultText().slice(0, 100), /bad\.json is cut short/],
  ['of a newer schema', resultText({ schema_version: 9 }), /bad\.json was written by a newer llm-bench/],
  ['empty', '', /bad\.json is empty/],
];
for (const [what, content, expected] of broken) {
  test(`file: one that is ${what} is named, the rest used`, async () => {
    await writeFile(join(root, 'bad.json'), content);
    const alone = await find({ kind: 'file', files: ['bad.json'] });
    assert.ok(!alone.found);
    assert.equal(alone.warning, true);
    assert.match(alone.reason, expected);
    await save('good.json');
    const both = await find({ kind: 'file', files: ['bad.json', 'good.json'] });
    assert.ok(both.found);
    assert.equal(both.documents.length, 1);
    assert.match(both.skipped[0] ?? '', expected);
  });
}

test('file: a folder in its place is told', async () => {
  await mkdir(join(root, 'x.json'));
  const found = await find({ kind: 'file', files: ['x.json'] });
  assert.ok(!found.found && found.warning);
  assert.match(found.reason, /x\.json: cannot be read: .*EISDIR/);
});

test('folder: newest by the time of measuring, whatever the names and dates of the files', async () => {
  await mkdir(join(root, 'pool', 'deeper.json'), { recursive: true });
  await save('pool/a.json', { timestamp: '2026-03-01T00:00:00Z', tag: 'newest' });
  await save('pool/z.json', { timestamp: '2026-01-01T00:00:00Z', tag: 'oldest' });
  await save('pool/m.json', { timestamp: '2026-02-01T00:00:00Z', tag: 'middle' });
  await save('pool/n.json', { timestamp: '2026-04-01T00:00:00Z', admissible: false });
  await save('pool/o.json', { timestamp: '2026-04-01T00:00:00Z', ci: { run_id: '8' } });
  await writeFile(join(root, 'pool', 'broken.json'), '{');
  await writeFile(join(root, 'pool', 'notes.txt'), 'not looked at');
  const one = await find({ kind: 'folder', folder: 'pool' }, { context: { defaultBranch: null, runId: 8 } });
  assert.ok(one.found);
  assert.deepEqual(
    one.documents.map((document) => document.tag),
    ['newest'],
  );
  assert.equal(one.description, `${join('pool', 'a.json')}, tagged newest`);
  assert.equal(one.skipped.length, 3);
  assert.match(one.skipped.join('\n'), /broken\.json is cut short[\s\S]*o\.json: is of this very run[\s\S]*n\.json: is not fit/);
  const pool = await find({ kind: 'folder', folder: 'pool' }, { want: 20, context: { defaultBranch: null, runId: 8 } });
  assert.ok(pool.found);
  assert.deepEqual(
    pool.documents.map((document) => document.tag),
    ['newest', 'middle', 'oldest'],
  );
});

test('folder: missing or empty is a first run', async () => {
  for (const make of [false, true]) {
    if (make) await mkdir(join(root, 'pool'));
    const found = await find({ kind: 'folder', folder: 'pool' });
    assert.ok(!found.found);
    assert.equal(found.warning, false);
    assert.match(found.reason, /^No baseline yet: there is no result in pool\./);
  }
});

test('folder: a file in its place is a warning', async () => {
  await save('pool');
  const found = await find({ kind: 'folder', folder: 'pool' });
  assert.ok(!found.found && found.warning);
  assert.match(found.reason, /could not be read: the folder pool cannot be read: .*ENOTDIR/);
});

test('git_branch: outside a repository it is a warning, a bad name a mistake', async () => {
  const found = await find({ kind: 'git_branch', branch: 'x' });
  assert.ok(!found.found && found.warning);
  assert.match(found.reason, /is no git repository, and baselines are kept on a branch/);
  for (const branch of ['', '-x', 'a..b', 'a b']) await assert.rejects(find({ kind: 'git_branch', branch }), UserError);
});
