import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { after, before, beforeEach, test } from 'node:test';
import { findPool } from '../../../src/baseline/pool.ts';
import { connect } from '../../../src/github/client.ts';
import { readResult } from '../../../src/result/read.ts';
import { jobArchive, jobDocument, shaOf } from '../../baseline/documents.ts';
import { type Finished, told, Workspace } from '../../cli/harness.ts';
import { runtimeToken } from '../../fakes/results-service.ts';
import { type Scene, startScene } from '../../fakes/scene.ts';

/** Real commands, each a step of a workflow run with the real artifact client, against the fakes of the platform. */

let scene: Scene;
let workspace: Workspace;
before(async () => {
  scene = await startScene();
  workspace = await Workspace.open();
});
after(async () => {
  await workspace[Symbol.asyncDispose]();
  await scene.close();
});
beforeEach(() => {
  scene.api.intercept = null;
  scene.store.artifacts.clear();
  scene.store.runs.clear();
});

const name = 'llm-bench-baseline';

function plant(n: number, artifactName = name): void {
  scene.store.addRun({ id: n, headSha: shaOf(n) });
  scene.store.plant({
    id: 10_000 + n,
    name: artifactName,
    runId: n,
    archive: jobArchive(n),
    createdAt: new Date(Date.UTC(2026, 0, 1, 1, n)).toISOString(),
  });
}

/** A step of a run of its own. */
function step(run: number, ...args: string[]): Promise<Finished> {
  if (!scene.store.runs.has(run)) scene.store.addRun({ id: run, event: 'schedule', headSha: shaOf(run) });
  return workspace.run(['baseline', ...args], {
    GITHUB_ACTIONS: 'true',
    GITHUB_REPOSITORY: 'octo/service',
    GITHUB_TOKEN: 'token',
    GITHUB_API_URL: scene.api.url,
    GITHUB_SERVER_URL: 'https://github.com',
    ACTIONS_RESULTS_URL: `${scene.results.url}/`,
    ACTIONS_RUNTIME_TOKEN: runtimeToken({ runId: run, jobId: 'nightly' }),
  });
}

async function passes(...args: Parameters<typeof step>): Promise<Finished> {
  const finished = await step(...args);
  assert.equal(finished.code, 0, told(finished));
  return finished;
}

async function pooled(): Promise<number[]> {
  const repository = await connect({ token: 't', apiUrl: scene.api.url, owner: 'octo', repo: 'service' });
  const pool = await findPool({
    source: { kind: 'artifact', artifact: name, branch: 'main' },
    scenarios: ['quick_validation'],
    root: workspace.path,
    repository,
    context: null,
    current: jobDocument(1),
    want: 100,
  });
  return pool.members.map(({ document }) => Number(document.ci?.run_id));
}

const store = ['--store', `artifact:${name}`, '--branch', 'main'];

test('what was compacted outlives its artifacts', async () => {
  for (let n = 1; n <= 5; n++) plant(n);
  const { stderr } = await passes(100, 'compact', ...store);
  assert.match(stderr, /llm-bench-baseline: 5 runs in artifact \d+ \(llm-bench-baseline-pool\)/);
  for (let n = 1; n <= 5; n++) scene.store.artifacts.delete(10_000 + n);
  assert.deepEqual(await pooled(), [5, 4, 3, 2, 1]);
  // The next night, with one more, and the one after, with nothing new.
  plant(6);
  await passes(101, 'compact', ...store);
  scene.store.artifacts.delete(10_006);
  await passes(102, 'compact', ...store);
  for (const artifact of scene.store.artifacts.values()) if (artifact.runId < 102) scene.store.artifacts.delete(artifact.id);
  assert.deepEqual(await pooled(), [6, 5, 4, 3, 2, 1]);
  assert.deepEqual(scene.blobs.leaks, []);
});

test('two results that come between its reading and its writing are not lost', async () => {
  for (let n = 1; n <= 5; n++) plant(n);
  let late = 0;
  // Everything has been listed by the time that an archive is fetched, and nothing is written yet.
  scene.api.intercept = (request) => {
    if (request.url?.endsWith('/zip') && late < 2) plant(6 + late++);
    return false;
  };
  const { stderr } = await passes(100, 'compact', ...store);
  assert.equal(late, 2);
  assert.match(stderr, /: 5 runs in artifact/, 'they came too late for it');
  scene.api.intercept = null;
  assert.deepEqual(await pooled(), [7, 6, 5, 4, 3, 2, 1]);
  // The next night takes them up.
  await passes(101, 'compact', ...store);
  for (let n = 1; n <= 7; n++) scene.store.artifacts.delete(10_000 + n);
  assert.deepEqual(await pooled(), [7, 6, 5, 4, 3, 2, 1]);
});

test('two compactions at once lose nothing either', async () => {
  for (let n = 1; n <= 6; n++) plant(n);
  await Promise.all([passes(100, 'compact', ...store), passes(101, 'compact', ...store)]);
  for (let n = 1; n <= 6; n++) scene.store.artifacts.delete(10_000 + n);
  assert.deepEqual(await pooled(), [6, 5, 4, 3, 2, 1]);
});

test('without a store: every name that the action gave to a job', async () => {
  plant(1);
  plant(2, `${name}-bench`);
  plant(3, `${name}-bench,model=small`);
  plant(4, `${name}-bench-report`);
  plant(5, 'something-else');
  const { stderr } = await passes(100, 'compact', '--branch', 'main');
  assert.deepEqual(
    stderr
      .trim()
      .split('\n')
      .map((line) => line.split(':')[0]),
    [name, `${name}-bench`, `${name}-bench,model=small`],
  );
  const names = [...scene.store.artifacts.values()].filter(({ runId }) => runId === 100).map((artifact) => artifact.name);
  assert.deepEqual(names.sort(), [`${name}-bench,model=small-pool`, `${name}-bench-pool`, `${name}-pool`].sort());
});

test('nothing stored yet is no failure', async () => {
  const one = await passes(100, 'compact', ...store);
  assert.match(one.stderr, /nothing to compact/);
  const all = await passes(100, 'compact', '--branch', 'main');
  assert.match(all.stderr, /nothing to compact: no baseline has been stored yet/);
  assert.equal(scene.store.artifacts.size, 0);
});

test('a corrupt one is named, the rest compacted', async () => {
  for (let n = 1; n <= 3; n++) plant(n);
  scene.store.artifacts.get(10_002)!.archive = Buffer.from('broken');
  const { stderr } = await passes(100, 'compact', ...store);
  assert.match(stderr, /passed over: artifact 10002 of run 2: /);
  assert.match(stderr, /: 2 runs in/);
});

test('an API that fails half-way stores no half of a pool', async () => {
  for (let n = 1; n <= 3; n++) plant(n);
  scene.api.intercept = (request, response) => {
    if (!request.url?.includes(`name=${name}&`)) return false;
    response.writeHead(403, { 'content-type': 'application/json' }).end('{"message":"Resource not accessible by integration"}');
    return true;
  };
  const finished = await step(100, 'compact', ...store);
  assert.equal(finished.code, 2, told(finished));
  assert.match(finished.stderr, /actions: read/);
  assert.equal(scene.store.artifacts.size, 3);
});

test('artifacts: push, list, pin, unpin, pull, prune', async () => {
  for (let n = 1; n <= 3; n++) plant(n);
  await writeFile(workspace.file('result.json'), JSON.stringify(jobDocument(4, { ci: { run_id: '104', attempt: 1 } })));
  scene.store.addRun({ id: 104, headSha: shaOf(4) });
  assert.match((await passes(104, 'push', 'result.json', ...store, '--tag', 'v4')).stderr, /stored as artifact \d+ \(llm-bench-baseline\)/);
  const again = await step(104, 'push', 'result.json', ...store);
  assert.equal(again.code, 2, told(again));
  assert.match(again.stderr, /already has an artifact of this name/);

  assert.match((await passes(105, 'pin', '2', ...store, '--tag', 'v2')).stderr, /pinned artifact 10002 of run 2 as v2/);
  const listed = JSON.parse((await passes(106, 'list', ...store, '--json')).stdout) as { commit: string; tag: string | null; pinned: boolean }[];
  assert.deepEqual(
    listed.map(({ commit, tag, pinned }) => [commit, tag, pinned]),
    [
      [shaOf(4), 'v4', false],
      [shaOf(3), null, false],
      [shaOf(2), 'v2', true],
      [shaOf(1), null, false],
    ],
  );
  // The pin outlives the artifact, and the nightly compaction.
  scene.store.artifacts.delete(10_002);
  await passes(107, 'compact', ...store);
  assert.match((await passes(108, 'list', ...store)).stdout, /v2 \(pinned\)/);
  await passes(108, 'pull', 'v2', ...store, '-o', 'pulled.json');
  assert.deepEqual((await readResult(workspace.file('pulled.json'))).git.sha, shaOf(2));
  await passes(109, 'unpin', 'v2', ...store);
  assert.doesNotMatch((await passes(110, 'list', ...store)).stdout, /pinned/);

  const planned = await passes(111, 'prune', ...store, '--keep', '1', '--dry-run');
  assert.ok(scene.store.artifacts.has(10_001), planned.stderr);
  await passes(111, 'prune', ...store, '--keep', '1');
  assert.ok(!scene.store.artifacts.has(10_001) && !scene.store.artifacts.has(10_003));
  assert.equal([...scene.store.artifacts.values()].filter((artifact) => artifact.name === name).length, 1);
});

test('outside a workflow run artifacts are read, not stored', async () => {
  plant(1);
  const env = { GITHUB_REPOSITORY: 'octo/service', GITHUB_TOKEN: 'token', GITHUB_API_URL: scene.api.url };
  const listed = await workspace.run(['baseline', 'list', ...store], env);
  assert.equal(listed.code, 0, told(listed));
  const compacted = await workspace.run(['baseline', 'compact', ...store], env);
  assert.equal(compacted.code, 2, told(compacted));
  assert.match(compacted.stderr, /only from within a workflow run/);
  const nobody = await workspace.run(['baseline', 'list', ...store]);
  assert.equal(nobody.code, 2, told(nobody));
  assert.match(nobody.stderr, /GITHUB_TOKEN and GITHUB_REPOSITORY/);
});

const misuse: [string[], RegExp][] = [
  [['push'], /missing required argument 'file'/],
  [['list', '--store', 'nonsense'], /expected folder:PATH, branch:NAME, artifact:NAME or file:PATH/],
  [['list', '--store', 'folder:x', '--branch', 'main'], /--branch belongs to artifacts/],
  [['prune', '--store', 'folder:x'], /nothing says what to prune/],
  [['prune', '--store', 'folder:x', '--keep', 'many'], /--keep "many": expected a whole number/],
  [['show', 'v1', '--store', 'folder:x'], /no stored result is "v1": the store holds none/],
  [['compact', '--store', 'folder:x'], /need no compaction/],
  [['push', 'missing.json', '--store', 'folder:x'], /missing\.json does not exist/],
  [['unknown'], /unknown command 'unknown'/],
];
for (const [args, expected] of misuse) {
  test(`bad usage is exit 2: ${args.join(' ')}`, async () => {
    const finished = await workspace.run(['baseline', ...args]);
    assert.equal(finished.code, 2, told(finished));
    assert.match(finished.stderr, expected);
    assert.doesNotMatch(finished.stderr, /bug in llm-bench/);
  });
}

test('folder: list of nothing says what to do; show tells of one', async () => {
  const empty = await workspace.run(['baseline', 'list', '--store', 'folder:none']);
  assert.equal(empty.code, 0, told(empty));
  assert.match(empty.stderr, /^No baseline yet/);
  await writeFile(workspace.file('one.json'), JSON.stringify(jobDocument(1)));
  const pushed = await workspace.run(['baseline', 'push', 'one.json', '--store', 'folder:kept', '--tag', 'v1', '--pin']);
  assert.equal(pushed.code, 0, told(pushed));
  const shown = await workspace.run(['baseline', 'show', 'v1', '--store', 'folder:kept']);
  assert.match(shown.stdout, /v1 \(pinned\)[\s\S]*llm-bench: quick_validation/);
  const document = await workspace.run(['baseline', 'show', '--json', '--store', 'folder:kept']);
  assert.equal((JSON.parse(document.stdout) as { tag: string }).tag, 'v1');
  // What the configuration names is the store where no flag does.
  await writeFile(workspace.file('llm-bench.yaml'), 'baseline: { folder: kept }\n');
  const configured = await workspace.run(['baseline', 'list']);
  await rm(workspace.file('llm-bench.yaml'));
  assert.match(configured.stdout, /v1 \(pinned\)/, told(configured));
});
