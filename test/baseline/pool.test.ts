import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { artifactStore } from '../../src/baseline/artifact-store.ts';
import { compact } from '../../src/baseline/compact.ts';
import { type Member, membersOf } from '../../src/baseline/member.ts';
import type { CommitOrder } from '../../src/baseline/order.ts';
import { findPool, narrowPool, type PoolOptions, refuseInadmissible } from '../../src/baseline/pool.ts';
import { type BaselineOptions, findBaseline } from '../../src/baseline/source.ts';
import { readUnion } from '../../src/baseline/union.ts';
import type { Repository } from '../../src/github/client.ts';
import { formatResult } from '../../src/result/write.ts';
import type { FakeArtifact, FakeRun } from '../fakes/artifact-store.ts';
import { sendJson } from '../fakes/http.ts';
import { clientOf, type Scene, startScene } from '../fakes/scene.ts';
import { zip } from '../fakes/zip.ts';
import { jobArchive, jobDocument, resultText, shaOf } from './documents.ts';

let scene: Scene;
let repository: Repository;
let root = '';
before(async () => {
  scene = await startScene();
  repository = await clientOf(scene.api);
});
after(() => scene.close());
beforeEach(async () => {
  scene.api.intercept = null;
  scene.api.requests.length = 0;
  scene.store.artifacts.clear();
  scene.store.runs.clear();
  root = await mkdtemp(join(tmpdir(), 'llm-bench-pool-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const name = 'llm-bench-baseline';
const options = (changes: Partial<PoolOptions> = {}): PoolOptions => ({
  source: { kind: 'artifact', artifact: name, branch: 'main' },
  scenarios: ['quick_validation'],
  root,
  repository,
  context: { defaultBranch: 'main', runId: null },
  current: jobDocument(1),
  ...changes,
});
const runIds = (members: readonly Member[]) => members.map(({ document }) => Number(document.ci?.run_id));
const downloads = () => scene.api.requests.filter((request) => request.endsWith('/zip')).length;

/** Run n of commit n with its result. */
function plant(n: number, document: Record<string, unknown> = {}, artifact: Partial<FakeArtifact> = {}, run: Partial<FakeRun> = {}): FakeArtifact {
  scene.store.addRun({ id: n, headSha: shaOf(n), ...run });
  return scene.store.plant({
    id: 10_000 + n,
    archive: jobArchive(n, document),
    createdAt: new Date(Date.UTC(2026, 0, 1, 1, n)).toISOString(),
    ...artifact,
    runId: n,
  });
}

/** A nightly compaction of what is planted until now. */
function compactNow(n: number, artifacts: readonly FakeArtifact[] = [...scene.store.artifacts.values()], run: Partial<FakeRun> = {}): FakeArtifact {
  const members = artifacts
    .filter((artifact) => artifact.name === name)
    .map(
      (artifact) =>
        membersOf(jobDocument(artifact.runId), {
          name: 'x',
          description: 'x',
          sha: shaOf(artifact.runId),
          artifact: artifact.id,
          runId: String(artifact.runId),
        })[0] as Member,
    );
  const content = formatResult(compact(members, '2026-02-01T00:00:00Z')!.document);
  scene.store.addRun({ id: n, event: 'schedule', headSha: shaOf(n), ...run });
  return scene.store.plant({ id: 10_000 + n, name: `${name}-pool`, runId: n, archive: zip([{ name: 'result.json', content }]) });
}

/** A line of commits 1 to n, n the base. */
function lineTo(base: number, complete = true): CommitOrder {
  const distances = new Map(Array.from({ length: base }, (_, index) => [shaOf(base - index), index]));
  return { base: { sha: shaOf(base), how: 'first parent' }, distances, complete, oldest: '2026-01-01T00:00:00Z' };
}

test('the last twenty, newest first', async () => {
  for (let n = 1; n <= 25; n++) plant(n);
  const pool = await findPool(options());
  assert.deepEqual(
    runIds(pool.members),
    Array.from({ length: 20 }, (_, index) => 25 - index),
  );
  assert.deepEqual([pool.reason, pool.notes, pool.skipped, pool.ordered], [null, [], [], false]);
  assert.ok(downloads() <= 25);
});

test('the union of what was compacted and what came since; nothing twice, nothing opened twice', async () => {
  for (let n = 1; n <= 8; n++) plant(n);
  compactNow(100);
  for (let n = 1; n <= 5; n++) scene.store.artifacts.delete(10_000 + n);
  plant(9);
  plant(10);
  const pool = await findPool(options());
  assert.deepEqual(runIds(pool.members), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  assert.deepEqual(
    pool.members.map(({ compacted }) => compacted),
    [false, false, ...Array.from({ length: 8 }, () => true)],
  );
  assert.equal(downloads(), 3, 'the pool and the two that are new');
  assert.equal(new Set(pool.members.map(({ key }) => key)).size, 10);
});

test('two compactions at once, each without what the other saw: all is there', async () => {
  const all = [1, 2, 3, 4, 5, 6].map((n) => plant(n));
  compactNow(100, all.slice(0, 4));
  compactNow(101, all.slice(2));
  for (const { id } of all) scene.store.artifacts.delete(id);
  assert.deepEqual(runIds((await findPool(options())).members), [6, 5, 4, 3, 2, 1]);
});

test('the attempts of one run are two jobs; a copy of either is none', async () => {
  plant(1);
  plant(2);
  const timestamp = '2026-01-01T05:00:00.000Z';
  scene.store.plant({ id: 20_000, runId: 2, archive: jobArchive(2, { timestamp, ci: { run_id: '2', attempt: 2 } }), createdAt: timestamp });
  scene.store.plant({ id: 20_001, runId: 2, archive: jobArchive(2, { timestamp, ci: { run_id: '2', attempt: 2 } }), createdAt: timestamp });
  const { members } = await findPool(options());
  assert.deepEqual(
    members.map(({ document }) => [document.ci?.run_id, document.ci?.attempt]),
    [
      ['2', 2],
      ['2', 1],
      ['1', 1],
    ],
  );
});

test('a corrupt member is skipped and named, the rest used', async () => {
  for (let n = 1; n <= 6; n++) plant(n);
  plant(7, {}, { archive: Buffer.from('not a zip') });
  plant(8, { admissible: false });
  plant(9, { partial: true, stop_reason: 'interrupted' });
  plant(10, { validity: { valid: false, checks: [{ name: 'cpu', ok: false }] } });
  plant(11, {}, { digest: 'e'.repeat(64) });
  plant(12, {}, {}, { headRepositoryId: 9 });
  plant(14, {
    admissible: false,
    validity: {
      valid: true,
      checks: [
        { name: 'quiet_machine', ok: false, severity: 'advice' },
        { name: 'output_length', ok: false, severity: 'advice' },
      ],
    },
  });
  plant(13, { scenario: 'soak', series: [{ id: 'soak', labels: { scenario: 'soak' }, metrics: {} }] });
  const pool = await findPool(options());
  assert.deepEqual(runIds(pool.members), [6, 5, 4, 3, 2, 1]);
  assert.equal(pool.skipped.length, 8);
  for (const [n, reason] of [
    [7, /archive cannot be read/],
    [8, /not fit/],
    [9, /interrupted/],
    [10, /not fit to be a baseline \(cpu\)/],
    [11, /digest/],
    [12, /fork/],
    [13, /is of scenario soak/],
    [14, /not fit to be a baseline \(output_length\)/],
  ] as const)
    assert.ok(
      pool.skipped.some((line) => line.startsWith(`artifact ${10_000 + n} of run ${n}: `) && reason.test(line)),
      `${n}: ${pool.skipped.join('\n')}`,
    );
});

test('a corrupt pool is skipped and named; the results themselves are used', async () => {
  for (let n = 1; n <= 3; n++) plant(n);
  const planted = compactNow(100);
  const broken = JSON.parse(
    formatResult(
      compact([membersOf(jobDocument(4), { name: '', description: '', sha: null, artifact: null, runId: null })[0] as Member], '')!.document,
    ),
  ) as { pool: unknown };
  broken.pool = { cohorts: { aaaa: { series: 'x' } } };
  planted.archive = zip([{ name: 'result.json', content: JSON.stringify(broken) }]);
  planted.digest = null;
  const pool = await findPool(options());
  assert.deepEqual(runIds(pool.members), [3, 2, 1]);
  assert.match(pool.skipped.join('\n'), /^artifact 10100 of run 100: its cohort aaaa cannot be read/);
});

test("a pull request's or a fork's pool is none", async () => {
  const artifacts = [plant(1), plant(2)];
  compactNow(100, artifacts, { event: 'pull_request' });
  compactNow(101, artifacts, { headRepositoryId: 9 });
  compactNow(102, artifacts, { headBranch: 'feature' });
  for (const { id } of artifacts) scene.store.artifacts.delete(id);
  const pool = await findPool(options());
  assert.deepEqual(pool.members, []);
  assert.match(pool.reason ?? '', /^No baseline yet/);
  assert.equal(pool.warning, false);
});

test('another cohort is not pooled but told, with what sets it apart', async () => {
  const { environment } = jobDocument(1);
  for (let n = 1; n <= 9; n++) plant(n, n % 3 === 0 ? { cohort: 'bbbb', environment: { ...environment, cpu_model: 'Intel Xeon' } } : {});
  const pool = await findPool(options());
  assert.deepEqual(runIds(pool.members), [8, 7, 5, 4, 2, 1]);
  assert.deepEqual(
    pool.others.map(({ cohort, members }) => [cohort, runIds(members)]),
    [['bbbb', [9, 6, 3]]],
  );
  assert.deepEqual(pool.notes, ['3 earlier runs are of another cohort and not compared with: cpu_model: Intel Xeon -> AMD EPYC 7763.']);
  const alone = await findPool(options({ current: { cohort: 'cccc', environment: { ...environment, gpu: 'NVIDIA L4' } } }));
  assert.deepEqual([alone.members, alone.others.length, alone.warning], [[], 2, false]);
  assert.match(alone.reason ?? '', /^No earlier run is of this cohort: cpu_model: Intel Xeon -> AMD EPYC 7763; gpu: not known -> NVIDIA L4/);
});

test('asked before the measurement, it can be narrowed after it', async () => {
  for (let n = 1; n <= 6; n++) plant(n, n === 6 ? { cohort: 'bbbb' } : {});
  const all = await findPool(options({ current: null }));
  assert.equal(all.members.length, 6);
  assert.deepEqual(runIds(narrowPool(all, jobDocument(1), 3).members), [5, 4, 3]);
});

test('looks on until there are enough of its own cohort, within bounds', async () => {
  for (let n = 1; n <= 80; n++) plant(n, n % 4 === 0 ? {} : { cohort: 'bbbb' });
  const pool = await findPool(options({ want: 10 }));
  assert.equal(pool.members.length, 10);
  assert.ok(downloads() <= 45, String(downloads()));
  scene.api.requests.length = 0;
  const none = await findPool(options({ current: { ...jobDocument(1), cohort: 'zzzz' } }));
  assert.deepEqual([none.members.length, downloads()], [0, 60]);
  assert.match(none.skipped.join(), /60 results were read; those before them were not/);
});

test('what is after the base or beside it is left out, the distance of the rest known', async () => {
  for (let n = 1; n <= 10; n++) plant(n);
  plant(50, { git: { sha: 'f'.repeat(40) } }, {}, { headSha: 'f'.repeat(40) });
  const pool = await findPool(options({ order: lineTo(6) }));
  assert.deepEqual(
    pool.members.map(({ document, distance }) => [Number(document.ci?.run_id), distance]),
    [
      [6, 0],
      [5, 1],
      [4, 2],
      [3, 3],
      [2, 4],
      [1, 5],
    ],
  );
  assert.equal(pool.ordered, true);
  assert.deepEqual(pool.notes, ['5 stored runs are of commits that do not come before the base 000000000000 and left out.']);
  const nothing = await findPool(options({ order: { ...lineTo(6), distances: new Map([['e'.repeat(40), 0]]) } }));
  assert.match(nothing.reason ?? '', /^No stored run is of a commit before the base/);
});

test('history that was not read to its end: what was measured before it still counts', async () => {
  plant(1, { timestamp: '2025-12-01T00:00:00Z' });
  plant(2, { timestamp: '2026-03-01T00:00:00Z' });
  plant(9);
  const order = { ...lineTo(9, false), distances: new Map([[shaOf(9), 0]]) };
  const pool = await findPool(options({ order }));
  assert.deepEqual(
    pool.members.map(({ document, distance }) => [document.ci?.run_id, distance]),
    [
      ['9', 0],
      ['1', null],
    ],
  );
  assert.equal(pool.ordered, false);
});

test('the run that asks is not in its own pool, not even compacted', async () => {
  for (let n = 1; n <= 4; n++) plant(n);
  compactNow(100);
  scene.store.artifacts.delete(10_003);
  assert.deepEqual(runIds((await findPool(options({ context: { defaultBranch: 'main', runId: 3 } }))).members), [4, 2, 1]);
});

test('an accepted slow-down begins a new level: what was measured before it is no measure', async () => {
  const { runs } = jobDocument(5);
  const accepted = { by: 'maintainer', sha: shaOf(77) };
  for (let n = 1; n <= 8; n++) plant(n, n === 5 ? { runs: runs.map((run) => ({ ...run, accepted })) } : {});
  plant(9, { git: { sha: shaOf(5) }, timestamp: '2026-01-01T00:04:30.000Z' }, {}, { headSha: shaOf(5) });
  const pool = await findPool(options());
  assert.deepEqual(runIds(pool.members), [8, 7, 6, 5, 9]);
  assert.deepEqual(pool.accepted, accepted);
  assert.match(pool.notes.join(), /^4 earlier runs are left out: maintainer accepted a slow-down with 000000000000/);
  // A base before it is on the old level still.
  const older = await findPool(options({ order: lineTo(4) }));
  assert.deepEqual([runIds(older.members), older.accepted], [[4, 3, 2, 1], null]);
});

test('no API, no permission, no token: a warning with its reason, no crash', async () => {
  plant(1);
  scene.api.intercept = (_request, response) => {
    sendJson(response, 403, { message: 'Resource not accessible by integration' });
    return true;
  };
  const refused = await findPool(options());
  assert.deepEqual([refused.members, refused.warning], [[], true]);
  assert.match(refused.reason ?? '', /^The pool could not be read: .*actions: read/);
  assert.match((await findPool(options({ repository: null }))).reason ?? '', /with a token/);
  assert.match((await findPool(options({ source: { kind: 'none' } }))).reason ?? '', /baseline: none/);
});

test('an API that fails half-way: what was read is used, and that is told', async () => {
  for (let n = 1; n <= 8; n++) plant(n);
  let answered = 0;
  scene.api.intercept = (request, response) => {
    if (!request.url?.endsWith('/zip') || ++answered <= 5) return false;
    sendJson(response, 401, { message: 'Bad credentials' });
    return true;
  };
  const pool = await findPool(options());
  assert.equal(pool.members.length, 5);
  assert.match(pool.notes.join(), /Older results could not be read: .*token was refused/);
});

test('a folder and named files make a pool as well', async () => {
  await mkdir(join(root, 'pool'));
  for (let n = 1; n <= 5; n++) await writeFile(join(root, 'pool', `${n}.json`), JSON.stringify(jobDocument(n)));
  await writeFile(join(root, 'pool', 'broken.json'), resultText().slice(0, 50));
  const pool = await findPool(options({ source: { kind: 'folder', folder: 'pool' }, repository: null, want: 3 }));
  assert.deepEqual(runIds(pool.members), [5, 4, 3]);
  assert.match(pool.skipped.join(), /broken\.json is cut short/);
  const files = await findPool(options({ source: { kind: 'file', files: ['pool/1.json', 'pool/2.json'] }, repository: null }));
  assert.deepEqual(runIds(files.members), [2, 1]);
});

test('admissible only, whatever is asked', async () => {
  plant(1, { admissible: false });
  plant(2);
  const store = artifactStore({ repository, name, branch: 'main', upload: null });
  const union = await readUnion(store, { query: { excludeRun: null }, maxOpened: 10, enough: () => false, check: refuseInadmissible });
  assert.deepEqual(runIds(union.members), [2]);
  assert.equal(union.unusable.length, 1);
});

// Which single result is the baseline.

const find = (order: CommitOrder | null, changes: Partial<BaselineOptions> = {}) => {
  const { current: _current, ...rest } = options();
  return findBaseline({ ...rest, order, ...changes });
};

test('the result of the base itself, though newer ones are there', async () => {
  for (let n = 1; n <= 9; n++) plant(n);
  const found = await find(lineTo(6));
  assert.ok(found.found);
  assert.deepEqual([found.sha, found.distance, found.notes], [shaOf(6), 0, []]);
  assert.equal(downloads(), 1);
});

test('else the nearest before it, its distance stated', async () => {
  for (const n of [1, 3, 8, 9]) plant(n);
  const found = await find(lineTo(6));
  assert.ok(found.found);
  assert.deepEqual([found.sha, found.distance, found.notes], [shaOf(3), 3, []]);
});

test('one that cannot be used is passed over for the next nearest', async () => {
  for (const n of [1, 3, 9]) plant(n);
  plant(5, { admissible: false });
  const found = await find(lineTo(6));
  assert.ok(found.found);
  assert.deepEqual([found.sha, found.distance], [shaOf(3), 3]);
  assert.match(found.skipped.join(), /not fit/);
});

test('of several results of one commit the newest', async () => {
  plant(4, { tag: 'first' });
  plant(9, { tag: 'again', git: { sha: shaOf(4) } }, {}, { headSha: shaOf(4) });
  const found = await find(lineTo(6));
  assert.equal(found.found && found.documents[0]?.tag, 'again');
});

test('several that are wanted: the nearest ones, none from beyond', async () => {
  for (const n of [1, 3, 8, 9]) plant(n);
  const found = await find(lineTo(6), { want: 4 });
  assert.deepEqual(
    found.documents.map(({ git }) => git.sha),
    [shaOf(3), shaOf(1)],
  );
});

test('where none is before the base, the newest, and the reader is told', async () => {
  for (const n of [8, 9]) plant(n);
  const found = await find(lineTo(6));
  assert.ok(found.found);
  assert.deepEqual([found.sha, found.distance], [shaOf(9), null]);
  assert.deepEqual(found.notes, [
    'No result of the base 000000000000 (first parent) or of a commit before it is stored; the newest is of 000000000000, which does not come before it.',
  ]);
});

test('one that does not say its commit is told of', async () => {
  await writeFile(join(root, 'a.json'), resultText({ git: { sha: null } }));
  const found = await find(lineTo(6), { source: { kind: 'folder', folder: '.' } });
  assert.ok(found.found);
  assert.match(
    found.notes.join(),
    /^How far the baseline is from the base 000000000000 \(first parent\) is not known: a\.json does not say which commit/,
  );
});

test('named files are taken in their order, with the distance of the first', async () => {
  await writeFile(join(root, 'far.json'), JSON.stringify(jobDocument(2)));
  await writeFile(join(root, 'near.json'), JSON.stringify(jobDocument(5)));
  const found = await find(lineTo(6), { source: { kind: 'file', files: ['far.json', 'near.json'] } });
  assert.ok(found.found);
  assert.deepEqual([found.sha, found.distance, found.notes], [shaOf(2), 4, []]);
});

test('where a result has expired, what compaction kept of it', async () => {
  const old = [1, 2, 3].map((n) => plant(n));
  compactNow(100);
  for (const { id } of old) scene.store.artifacts.delete(id);
  const without = await find(null);
  assert.ok(without.found);
  assert.deepEqual([without.sha, without.description], [shaOf(3), 'run 3 of 2026-01-01 (compacted)']);
  plant(9);
  const found = await find(lineTo(6));
  assert.ok(found.found);
  assert.deepEqual([found.sha, found.distance], [shaOf(3), 3], 'nearer to the base than the newer one beyond it');
});
