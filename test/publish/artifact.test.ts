import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { findBaseline } from '../../src/baseline/source.ts';
import { artifactName, defaultKeys, isBaselineEvent, type UploadOutcome, type UploadRequest } from '../../src/publish/artifact.ts';
import { resultText } from '../baseline/documents.ts';
import { runtimeToken } from '../fakes/results-service.ts';
import { clientOf, type Scene, startScene } from '../fakes/scene.ts';

const run = promisify(execFile);
let scene: Scene;
let folder = '';
/** What the runner gives to the step under way. */
let runner: Record<string, string> = {};
before(async () => {
  scene = await startScene();
  folder = await mkdtemp(join(tmpdir(), 'llm-bench-upload-'));
  await writeFile(join(folder, 'result.json'), resultText());
});
after(async () => {
  await scene.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  scene.store.artifacts.clear();
  scene.store.runs.clear();
  runner = {};
});

function enterRun(runId: number): void {
  runner = {
    ACTIONS_RUNTIME_TOKEN: runtimeToken({ runId, jobId: 'job-1' }),
    ACTIONS_RESULTS_URL: `${scene.results.url}/`,
    GITHUB_SERVER_URL: 'https://github.com',
  };
}

async function upload(changes: Partial<UploadRequest> = {}): Promise<UploadOutcome> {
  const request = { name: 'llm-bench-baseline', files: [join(folder, 'result.json')], rootDirectory: folder, retentionDays: null, ...changes };
  const script = fileURLToPath(new URL('./upload-process.ts', import.meta.url));
  const { stdout } = await run(process.execPath, [script, JSON.stringify(request)], { env: { PATH: process.env.PATH, ...runner } });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as UploadOutcome;
}

async function warningOf(changes: Partial<UploadRequest> = {}): Promise<string> {
  const outcome = await upload(changes);
  assert.ok('warning' in outcome, JSON.stringify(outcome));
  return outcome.warning;
}

async function find() {
  return findBaseline({
    source: { kind: 'artifact', artifact: 'llm-bench-baseline', branch: 'main' },
    scenarios: ['quick_validation'],
    root: folder,
    repository: await clientOf(scene.api),
    context: null,
  });
}

test('what the real client uploads on a push is found by a pull request', async () => {
  const job = scene.store.addRun();
  enterRun(job.id);
  const before = await find();
  assert.ok(!before.found && !before.warning, 'first run');
  const outcome = await upload();
  assert.ok(!('warning' in outcome), JSON.stringify(outcome));
  const stored = scene.store.artifacts.get(outcome.id);
  assert.equal(outcome.size, stored?.archive.length);
  assert.equal(outcome.digest, createHash('sha256').update(stored!.archive).digest('hex'));
  assert.equal(outcome.digest, stored?.digest);
  const found = await find();
  assert.ok(found.found, found.found ? '' : found.reason);
  assert.deepEqual(found.skipped, []);
  assert.equal(found.documents[0]?.scenario, 'quick_validation');
  assert.match(found.description, new RegExp(`^run ${job.id} \\(push on main`));
  assert.deepEqual(scene.blobs.leaks, []);
});

test("what a fork's run uploads is not found", async () => {
  const job = scene.store.addRun({ headRepositoryId: 99 });
  enterRun(job.id);
  assert.ok(!('warning' in (await upload())));
  assert.equal((await find()).found, false);
});

test('a second of the same name in one run is a warning that says what to do; a re-run may', async () => {
  const job = scene.store.addRun();
  enterRun(job.id);
  await upload();
  assert.match(await warningOf(), /already has an artifact of this name.*artifact-name/);
  job.attempt = 2;
  assert.ok(!('warning' in (await upload())));
});

test('how long it is kept can be said', async () => {
  enterRun(scene.store.addRun().id);
  const outcome = await upload({ retentionDays: 7 });
  assert.ok(!('warning' in outcome));
  const days = (Date.parse(scene.store.artifacts.get(outcome.id)!.expiresAt!) - Date.now()) / 86_400_000;
  assert.ok(days > 6 && days < 8, `${days} days`);
});

test('a name that may not be is made one that may', async () => {
  enterRun(scene.store.addRun().id);
  const outcome = await upload({ name: 'bench: a/b <c>' });
  assert.ok(!('warning' in outcome), JSON.stringify(outcome));
  assert.equal(outcome.name, 'bench- a-b -c-');
  assert.equal(scene.store.artifacts.get(outcome.id)?.name, 'bench- a-b -c-');
});

test('outside a workflow run it is a warning', async () => {
  assert.match(await warningOf(), /^The artifact llm-bench-baseline was not stored: artifacts can be stored only from within a workflow run/);
  enterRun(scene.store.addRun().id);
  delete runner.ACTIONS_RESULTS_URL;
  assert.match(await warningOf(), /only from within a workflow run/);
});

test('a GitHub Enterprise Server, a bad token, an unknown run, a missing file, no service: a warning each', async () => {
  const job = scene.store.addRun();
  enterRun(job.id);
  runner.GITHUB_SERVER_URL = 'https://git.company.example';
  assert.match(await warningOf(), /Enterprise Server has no service/);
  enterRun(job.id);
  runner.ACTIONS_RUNTIME_TOKEN = 'not-a-jwt';
  assert.match(await warningOf(), /not a token of a workflow run/);
  enterRun(424242);
  assert.match(await warningOf(), /run 424242 is not known/);
  enterRun(job.id);
  assert.match(await warningOf({ files: [join(folder, 'missing.json')] }), /missing\.json does not exist/);
  const gone = await startScene();
  await gone.close();
  runner.ACTIONS_RESULTS_URL = gone.results.url;
  assert.match(await warningOf(), /was not stored: .*ECONNREFUSED/);
});

test('artifactName', () => {
  assert.equal(artifactName('a":<>|*?\\/b\r\nc'), 'a-b-c');
  assert.equal(artifactName(' \n'), 'llm-bench-baseline');
  assert.equal(artifactName('llm bench, 1.2=x'), 'llm bench, 1.2=x');
});

test('keys: the job alone, and the legs of a matrix in stable order', () => {
  assert.deepEqual(defaultKeys({ job: 'bench', matrix: null }), { commentKey: 'bench', artifactName: 'llm-bench-baseline-bench' });
  assert.deepEqual(defaultKeys({ job: 'bench', matrix: {} }), defaultKeys({ job: 'bench', matrix: null }));
  assert.equal(defaultKeys({ job: null, matrix: null }).commentKey, 'default');
  const leg = defaultKeys({ job: 'bench', matrix: { os: 'ubuntu-24.04', model: 'small', python: 3.12 } });
  assert.equal(leg.commentKey, 'bench,model=small,os=ubuntu-24.04,python=3.12');
  assert.deepEqual(leg, defaultKeys({ job: 'bench', matrix: { python: 3.12, model: 'small', os: 'ubuntu-24.04' } }));
});

test('keys: what had to be replaced, cut or flattened still tells the legs apart', () => {
  const slash = defaultKeys({ job: 'bench', matrix: { model: 'org/name' } }).commentKey;
  assert.match(slash, /^bench,model=org-name-[0-9a-f]{8}$/);
  assert.notEqual(slash, defaultKeys({ job: 'bench', matrix: { model: 'org:name' } }).commentKey);
  assert.match(defaultKeys({ job: 'bench', matrix: { target: { name: 'a', port: 1 } } }).commentKey, /^bench,target=name-a\+port-1-[0-9a-f]{8}$/);
  const long = (last: string) => defaultKeys({ job: 'bench', matrix: { model: `${'x'.repeat(200)}${last}` } }).commentKey;
  assert.equal(long('a').length, 100);
  assert.notEqual(long('a'), long('b'));
});

test('keys: any two unlike legs have unlike keys, all fit to be an artifact name and within a comment marker', () => {
  const value = fc.oneof(
    fc.string({ maxLength: 6, unit: fc.constantFrom('a', 'b', '-', ',', '=', '/', ' ', '>', '1') }),
    fc.boolean(),
    fc.array(fc.constantFrom('a', '-', '+')),
  );
  const leg = fc.record({
    job: fc.constantFrom('a', 'a-b', 'b'),
    matrix: fc.dictionary(fc.constantFrom('a', 'b', 'a-b', 'a,b', 'a=b'), value, { maxKeys: 3 }),
  });
  // Scalars that print alike are the same leg to a reader.
  const same = (one: unknown) => JSON.stringify(one, (_key, inner: unknown) => (typeof inner === 'boolean' ? String(inner) : sorted(inner)));
  fc.assert(
    fc.property(leg, leg, (one, two) => {
      const keys = [one, two].map((each) => defaultKeys(each).artifactName);
      assert.equal(keys[0] === keys[1], same(one) === same(two));
      for (const key of keys) {
        assert.equal(artifactName(key), key);
        assert.doesNotMatch(key, /--|[\s<>]/);
        assert.ok(key.length <= 130);
      }
    }),
    { numRuns: 2_000 },
  );
});

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('which runs store a baseline', () => {
  const on = (event: string, ref: string | null, branch: string | null = null, defaultBranch: string | null = 'main') =>
    isBaselineEvent({ event, ref, defaultBranch }, branch);
  for (const event of ['push', 'schedule', 'workflow_dispatch']) {
    assert.equal(on(event, 'refs/heads/main'), true);
    assert.equal(on(event, 'refs/heads/feature'), false);
    assert.equal(on(event, 'refs/tags/main'), false);
    assert.equal(on(event, 'refs/heads/release', 'release'), true);
    assert.equal(on(event, 'refs/heads/main', 'release'), false);
    assert.equal(on(event, 'refs/heads/main', null, null), false);
  }
  for (const event of ['pull_request', 'pull_request_target', 'merge_group', 'workflow_run', 'release'])
    assert.equal(on(event, 'refs/heads/main'), false);
});
