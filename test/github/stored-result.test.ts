import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Repository } from '../../src/github/client.ts';
import { findStoredResult } from '../../src/github/stored-result.ts';
import { resultText } from '../baseline/documents.ts';
import type { FakeArtifact, FakeRun } from '../fakes/artifact-store.ts';
import { sendJson } from '../fakes/http.ts';
import { clientOf, type Scene, startScene } from '../fakes/scene.ts';
import { zip } from '../fakes/zip.ts';

let scene: Scene;
let repository: Repository;
before(async () => {
  scene = await startScene();
  repository = await clientOf(scene.api);
});
after(() => scene.close());
beforeEach(() => {
  scene.api.intercept = null;
  scene.api.requests.length = 0;
  scene.store.artifacts.clear();
  scene.store.runs.clear();
});

const head = 'a'.repeat(40);
const context = { headSha: head, headRepositoryId: 1, repositoryId: 1, runId: 99, workflow: 'bench' };
const find = (changes: Partial<typeof context> = {}) => findStoredResult(repository, 'bench-report', { ...context, ...changes });

/** What the action uploads for a pull request. */
function report(runId: number, changes: Record<string, unknown> = {}): Buffer {
  const content = resultText({
    git: { sha: head, ref: 'refs/pull/7/merge' },
    ci: { run_id: String(runId), attempt: 1, event: 'pull_request', workflow: 'bench' },
    ...changes,
  });
  return zip([
    { name: 'report.md', content: '# report' },
    { name: 'result.json', content },
    { name: 'verdict.json', content: '{}' },
  ]);
}

function plant(run: Partial<FakeRun> = {}, artifact: Partial<FakeArtifact> = {}, document: Record<string, unknown> = {}): FakeRun {
  const added = scene.store.addRun({ event: 'pull_request', headSha: head, headBranch: 'feature', ...run });
  scene.store.plant({ name: 'bench-report', archive: report(added.id, document), ...artifact, runId: added.id });
  return added;
}

test('the newest result of this very head', async () => {
  plant({ id: 5 }, { createdAt: '2026-02-01T00:00:00Z' }, { tag: 'older' });
  plant({ id: 6 }, { createdAt: '2026-02-02T00:00:00Z' }, { tag: 'newer' });
  plant({ id: 7, headSha: 'b'.repeat(40) }, { createdAt: '2026-02-03T00:00:00Z' });
  plant({ id: 99 }, { createdAt: '2026-02-04T00:00:00Z' });
  const found = await find();
  assert.ok(found.document);
  assert.deepEqual([found.document.tag, found.run.id], ['newer', 6]);
  assert.equal(scene.api.requests.filter((request) => request.endsWith('/zip')).length, 1);
});

test("a fork's result serves the fork's own pull request", async () => {
  plant({ headRepositoryId: 50 });
  assert.ok((await find({ headRepositoryId: 50 })).document);
});

test('none yet', async () => {
  const found = await find();
  assert.ok(found.document === null);
  assert.equal(found.reason, 'no earlier run has stored a result of aaaaaaa (artifact bench-report)');
});

const refused: [string, Partial<FakeRun>, Partial<FakeArtifact>, Record<string, unknown>, RegExp][] = [
  ['a push', { event: 'push' }, {}, {}, /was started by push, not by pull_request/],
  ['pull_request_target', { event: 'pull_request_target' }, {}, {}, /was started by pull_request_target/],
  ['another workflow', { workflow: 'evil' }, {}, {}, /is of the workflow evil, not bench/],
  ['a fork', { headRepositoryId: 50 }, {}, {}, /has its code from another repository/],
  ['a fork that is gone', { headRepositoryId: null }, {}, {}, /has its code from another repository/],
  ['another repository', { repositoryId: 2 }, {}, {}, /is of another repository/],
  ['an archive that was changed', {}, { digest: 'e'.repeat(64) }, {}, /does not match the digest/],
  ['no archive at all', {}, { archive: Buffer.from('no') }, {}, /cannot be read/],
  ['an archive without a result', {}, { archive: zip([{ name: 'other.json', content: '{}' }]) }, {}, /holds no result\.json/],
  [
    'an archive that slips',
    {},
    {
      archive: zip([
        { name: '../x', content: '' },
        { name: 'result.json', content: '{}' },
      ]),
    },
    {},
    /invalid relative path/,
  ],
  ['another commit in it', {}, {}, { git: { sha: 'b'.repeat(40) } }, /is of commit b+/],
  ['another run in it', {}, {}, { ci: { run_id: '1' } }, /is of another run than stored it/],
];
for (const [what, run, artifact, document, expected] of refused) {
  test(`not that of ${what}`, async () => {
    plant(run, artifact, document);
    const found = await find();
    assert.ok(found.document === null, 'nothing may be taken');
    assert.match(found.reason, expected);
  });
}

test('an expired one is passed over, an older one serves', async () => {
  plant({ id: 5 }, { createdAt: '2026-02-01T00:00:00Z' });
  plant({ id: 6 }, { createdAt: '2026-02-02T00:00:00Z', expired: true });
  const found = await find();
  assert.equal(found.document ? found.run.id : null, 5);
});

test('an API that refuses is a reason, not an error', async () => {
  plant();
  scene.api.intercept = (_request, response) => {
    sendJson(response, 403, { message: 'Resource not accessible by integration' });
    return true;
  };
  const found = await find();
  assert.match(found.document === null ? found.reason : '', /could not read the stored result: .*actions: read/);
});

test('an event without a head has none', async () => {
  assert.equal((await find({ headSha: null as unknown as string })).document, null);
});
