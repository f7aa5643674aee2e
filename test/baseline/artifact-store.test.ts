import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type BaselineOptions, findBaseline } from '../../src/baseline/source.ts';
import type { Repository } from '../../src/github/client.ts';
import type { FakeArtifact, FakeRun } from '../fakes/artifact-store.ts';
import { sendJson } from '../fakes/http.ts';
import { clientOf, type Scene, startScene } from '../fakes/scene.ts';
import { zip } from '../fakes/zip.ts';
import { resultArchive, resultText } from './documents.ts';

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

function find(changes: Partial<BaselineOptions> = {}) {
  return findBaseline({
    source: { kind: 'artifact', artifact: 'llm-bench-baseline', branch: null },
    scenarios: ['quick_validation'],
    root: '.',
    repository,
    context: { defaultBranch: 'main', runId: null },
    ...changes,
  });
}

/** A run with one artifact, both good unless told otherwise. */
function plant(run: Partial<FakeRun> = {}, artifact: Partial<FakeArtifact> = {}): { run: FakeRun; artifact: FakeArtifact; name: string } {
  const added = scene.store.addRun(run);
  const planted = scene.store.plant({ archive: resultArchive({ tag: `run ${added.id}` }), ...artifact, runId: added.id });
  return { run: added, artifact: planted, name: `artifact ${planted.id} of run ${added.id}` };
}

async function hit(changes: Partial<BaselineOptions> = {}) {
  const found = await find(changes);
  assert.ok(found.found, found.found ? '' : found.reason);
  return found;
}

async function missed(changes: Partial<BaselineOptions> = {}) {
  const found = await find(changes);
  assert.ok(!found.found, 'nothing should be found');
  assert.deepEqual(found.documents, []);
  return found;
}

const pagesRead = () => scene.api.requests.filter((request) => request.includes('per_page')).length;
const downloads = () => scene.api.requests.filter((request) => request.endsWith('/zip')).length;

test('finds the newest, whichever workflow it is of', async () => {
  plant({ workflow: 'bench', id: 10 });
  plant({ workflow: 'nightly', event: 'schedule', id: 20, createdAt: '2026-02-03T01:02:03Z' });
  const found = await hit();
  assert.equal(found.documents.length, 1);
  assert.equal(found.documents[0]?.tag, 'run 20');
  assert.equal(found.sha, 'd'.repeat(40));
  assert.equal(found.description, 'run 20 (schedule on main, 2026-02-03), tagged run 20');
  assert.equal(found.distance, null);
  assert.deepEqual([found.notes, found.skipped], [[], []]);
  assert.equal(downloads(), 1);
});

test('the commit is that of the run where the result does not say', async () => {
  const { run } = plant({}, { archive: resultArchive({ git: { sha: null } }) });
  assert.equal((await hit()).sha, run.headSha);
});

test('a run by hand counts, and a branch that is named', async () => {
  plant({ event: 'workflow_dispatch', headBranch: 'release/1.x' });
  await missed();
  await hit({ source: { kind: 'artifact', artifact: 'llm-bench-baseline', branch: 'release/1.x' } });
});

test('newest is by run, then attempt: a late re-run of an old commit does not pass for new', async () => {
  const rerun = plant({ id: 5, attempt: 2 }, { id: 900, createdAt: '2026-03-03T00:00:00Z' });
  plant({ id: 7, attempt: 2 }, { id: 500, createdAt: '2026-03-01T00:00:00Z' });
  scene.store.plant({ runId: 7, id: 501, archive: resultArchive({ tag: 'second attempt' }), createdAt: '2026-03-02T00:00:00Z' });
  const found = await hit({ want: 3 });
  assert.deepEqual(
    found.documents.map((document) => document.tag),
    ['second attempt', 'run 7', 'run 5'],
  );
  assert.equal(
    found.description,
    `3 results, the newest run 7, attempt 2 (push on main, ${scene.store.runs.get(7)?.createdAt.slice(0, 10)}), tagged second attempt`,
  );
  assert.ok(rerun);
});

test('looks beyond the first hundred artifacts, in order across the pages', async () => {
  const fork = scene.store.addRun({ headRepositoryId: 99 });
  const ofFork = (createdAt: string) => scene.store.plant({ runId: fork.id, archive: Buffer.from('x'), createdAt });
  for (let index = 0; index < 99; index++) ofFork('2026-03-01T00:00:00Z');
  // The last of the first page was uploaded later, by a re-run of the older run, than the first of the second page.
  plant({ id: 2 }, { createdAt: '2026-02-01T00:00:01Z' });
  plant({ id: 3 }, { createdAt: '2026-02-01T00:00:00Z' });
  for (let index = 0; index < 150; index++) ofFork('2026-01-01T00:00:00Z');
  const found = await hit();
  assert.equal(found.documents[0]?.tag, 'run 3');
  assert.equal(found.skipped.length, 21);
  assert.match(found.skipped.at(-1) ?? '', /^and \d+ more$/);
  assert.equal(pagesRead(), 3);
});

test('reads no more pages than one ahead', async () => {
  const run = scene.store.addRun();
  for (let index = 0; index < 350; index++) scene.store.plant({ runId: run.id, archive: resultArchive() });
  await hit();
  assert.equal(pagesRead(), 2);
});

const otherScenario = { scenario: 'load_test', series: [{ id: 'load_test', labels: { scenario: 'load_test' }, metrics: {} }] };
const ineligible: Array<[string, Partial<FakeRun>, RegExp]> = [
  ["a fork's branch of the same name", { headRepositoryId: 99 }, /code from another repository \(a fork\)/],
  ['a fork that was deleted', { headRepositoryId: null }, /code from another repository/],
  ['another branch', { headBranch: 'feature' }, /is of branch feature, not main/],
  ['a pull request', { event: 'pull_request' }, /started by pull_request; only push, schedule, workflow_dispatch/],
  ['a pull_request_target run, which bears the base branch', { event: 'pull_request_target' }, /started by pull_request_target/],
  ['a run that follows another', { event: 'workflow_run' }, /started by workflow_run/],
];
for (const [what, run, expected] of ineligible) {
  test(`never takes that of ${what}, and then it is a first run`, async () => {
    const { name } = plant(run);
    const { reason, warning, skipped } = await missed();
    assert.match(reason, /^No baseline yet: no run of main has stored an artifact named llm-bench-baseline\. The next run on main stores one/);
    assert.equal(warning, false);
    assert.equal(skipped.length, 1);
    assert.ok(skipped[0]?.startsWith(`${name}: `), skipped[0]);
    assert.match(skipped[0] ?? '', expected);
    assert.equal(downloads(), 0, 'nothing of it is downloaded');
  });
}

test('what the listing tells costs no further call: another branch, an expired one', async () => {
  plant({ headBranch: 'feature' });
  plant({ headRepositoryId: 99 });
  plant({}, { expired: true });
  assert.equal((await missed()).skipped.length, 3);
  // The listing of the name, and that of what compaction kept.
  assert.equal(scene.api.requests.length, 2);
});

const asked: Array<[string, Record<string, unknown>, RegExp]> = [
  ['a fork', { head_repository: { id: 2 } }, /a fork/],
  ['another branch', { head_branch: 'feature' }, /is of branch feature/],
];
for (const [what, changes, expected] of asked) {
  test(`the run itself is asked: a listing that calls ${what} ours is not enough`, async () => {
    const { run } = plant();
    const told = { id: run.id, run_attempt: 1, event: 'push', head_branch: 'main', head_sha: 'x', repository: { id: 1 }, head_repository: { id: 1 } };
    scene.api.intercept = (request, response) => {
      if (!request.url?.includes('/actions/runs/')) return false;
      sendJson(response, 200, { ...told, ...changes });
      return true;
    };
    assert.match((await missed()).skipped[0] ?? '', expected);
    assert.equal(downloads(), 0);
  });
}

const file = (name: string, content: string | Buffer = resultText()) => ({ name, content });
const unusable: Array<[string, Partial<FakeArtifact>, RegExp]> = [
  ['has expired', { expired: true }, /has expired/],
  ['has two entries', { archive: zip([file('result.json'), file('extra.json')]) }, /holds 2 entries/],
  ['slips out of its folder', { archive: zip([file('../result.json')]) }, /invalid relative path/],
  ['is another file', { archive: zip([file('report.json')]) }, /holds "report\.json"/],
  ['is a bomb', { archive: zip([{ ...file('result.json', Buffer.alloc(90_000_000)), declaredSize: 10 }]) }, /more than the 10 bytes it declares/],
  ['is truncated', { archive: resultArchive().subarray(0, 300) }, /the archive cannot be read/],
  ['was changed after its upload', { digest: 'e'.repeat(64) }, /does not match the digest/],
  ['holds half a document', { archive: zip([file('result.json', resultText().slice(0, 200))]) }, /result\.json is cut short/],
  ['holds no result', { archive: zip([file('result.json', '{"a":1}')]) }, /no llm-bench result/],
  ['is of a newer schema', { archive: resultArchive({ schema_version: 2 }) }, /newer llm-bench: its schema_version is 2/],
  [
    'is not admissible',
    { archive: resultArchive({ admissible: false, validity: { valid: false, checks: [{ name: 'cpu', ok: false }] } }) },
    /not fit to be a baseline \(cpu\)/,
  ],
  ['was interrupted', { archive: resultArchive({ partial: true, stop_reason: 'interrupted' }) }, /interrupted run/],
  ['is of another scenario', { archive: resultArchive(otherScenario) }, /is of scenario load_test, not quick_validation/],
];
for (const [what, artifact, expected] of unusable) {
  test(`passes over one that ${what}, and takes the next`, async () => {
    plant({ id: 1 });
    const { name } = plant({ id: 2 }, artifact);
    const found = await hit();
    assert.equal(found.documents[0]?.tag, 'run 1');
    assert.equal(found.skipped.length, 1);
    assert.ok(found.skipped[0]?.startsWith(`${name}: `), found.skipped[0]);
    assert.match(found.skipped[0] ?? '', expected);
  });

  test(`says so when the only one ${what}`, async () => {
    plant({}, artifact);
    const { reason, warning } = await missed();
    assert.match(reason, /^No usable baseline among artifacts named llm-bench-baseline of branch main\. Passed over: artifact \d+ of run \d+: /);
    assert.match(reason, expected);
    assert.equal(warning, true);
  });
}

test('one that has some of the scenarios is taken, and the difference told', async () => {
  const series = ['quick_validation', 'load_test'].map((scenario) => ({ id: scenario, labels: { scenario }, metrics: {} }));
  const { name } = plant({}, { archive: resultArchive({ series, scenario: 'quick_validation, load_test' }) });
  assert.deepEqual((await hit({ scenarios: ['quick_validation', 'soak'] })).notes, [
    `The baseline (${name}) does not have scenario soak.`,
    `The baseline (${name}) also has scenario load_test, not measured here.`,
  ]);
});

test("a run's earlier attempt is not its own baseline", async () => {
  const { run } = plant();
  assert.match((await missed({ context: { defaultBranch: 'main', runId: run.id } })).skipped[0] ?? '', /of this very run/);
});

test('opens no more than thirty', async () => {
  for (let index = 0; index < 35; index++) plant({}, { archive: resultArchive({ admissible: false }) });
  plant({ id: 1 });
  const { reason, warning } = await missed();
  assert.equal(downloads(), 30);
  assert.equal(warning, true);
  assert.match(reason, /not fit to be a baseline and 30 more/);
});

test('an artifact that is gone by the time it is fetched is passed over', async () => {
  plant({ id: 1 });
  plant({ id: 2 });
  scene.api.intercept = (request, response) => {
    if (!request.url?.endsWith('/actions/runs/2')) return false;
    sendJson(response, 404, { message: 'Not Found' });
    return true;
  };
  const found = await hit();
  assert.equal(found.documents[0]?.tag, 'run 1');
  assert.match(found.skipped[0] ?? '', /could not read run 2/);
});

const failures: Array<[number, string, RegExp]> = [
  [401, 'Bad credentials', /could not list the artifacts of octo\/service: the token was refused/],
  [403, 'Resource not accessible by integration', /lacks the permission `actions: read`/],
  [404, 'Not Found', /lacks the permission `actions: read` .*, or it does not exist/],
  [500, 'Oops', /the API failed \(500 Oops\)/],
];
for (const [status, message, expected] of failures) {
  test(`an API that answers ${status} is a warning with its reason, not a first run`, async () => {
    plant();
    scene.api.intercept = (_request, response) => {
      sendJson(response, status, { message });
      return true;
    };
    const { reason, warning } = await missed();
    assert.equal(warning, true);
    assert.match(reason, /^The baseline could not be read: /);
    assert.match(reason, expected);
    assert.doesNotMatch(reason, /No baseline yet/);
  });
}

test('permission lost at the download is a warning too', async () => {
  plant();
  scene.api.intercept = (request, response) => {
    if (!request.url?.endsWith('/zip')) return false;
    sendJson(response, 403, { message: 'Resource not accessible by integration' });
    return true;
  };
  assert.match((await missed()).reason, /could not download artifact \d+: the token lacks the permission/);
});

test('what was found before the API failed is kept', async () => {
  plant({ id: 1 });
  plant({ id: 2 });
  scene.api.intercept = (request, response) => {
    if (!request.url?.endsWith('/actions/runs/1')) return false;
    sendJson(response, 401, { message: 'Bad credentials' });
    return true;
  };
  const found = await hit({ want: 2 });
  assert.equal(found.documents.length, 1);
  assert.match(found.notes[0] ?? '', /Older results could not be read: .*token was refused/);
});

test('no API at all is a warning', async () => {
  const gone = await startScene();
  const client = await clientOf(gone.api);
  await gone.close();
  const { reason, warning } = await missed({ repository: client });
  assert.equal(warning, true);
  assert.match(reason, /no answer from the API/);
});

test('no token is a warning that says what is needed', async () => {
  const { reason, warning } = await missed({ repository: null });
  assert.equal(warning, true);
  assert.match(reason, /github-token/);
});

test('the default branch is asked for where the event does not say it', async () => {
  const upstream = await startUpstream();
  const forwarding = await startScene({ upstream: upstream.url });
  try {
    const run = forwarding.store.addRun({ headBranch: 'trunk' });
    forwarding.store.plant({ runId: run.id, archive: resultArchive() });
    const found = await hit({ repository: await clientOf(forwarding.api), context: null });
    assert.match(found.description, /push on trunk/);
  } finally {
    await forwarding.close();
    await upstream.close();
  }
});

async function startUpstream() {
  const { listen } = await import('../fakes/http.ts');
  return listen(async (request, response) => {
    if (request.url === '/repos/octo/service') sendJson(response, 200, { default_branch: 'trunk' });
    else sendJson(response, 404, { message: 'Not Found' });
  });
}
