import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { downloadArtifact, listArtifacts, readRun } from '../../src/github/artifacts.ts';
import type { Repository } from '../../src/github/client.ts';
import { explainFailure, statusOf } from '../../src/github/failure.ts';
import { sendJson } from '../fakes/http.ts';
import { clientOf, type Scene, startScene } from '../fakes/scene.ts';

let scene: Scene;
let repository: Repository;
before(async () => {
  scene = await startScene();
  repository = await clientOf(scene.api);
});
after(() => scene.close());
beforeEach(() => {
  scene.api.intercept = null;
  scene.store.artifacts.clear();
  scene.store.runs.clear();
});

async function all(name: string, maxPages = 10) {
  const pages = [];
  for await (const page of listArtifacts(repository, name, { maxPages })) pages.push(page);
  return { pages: pages.length, artifacts: pages.flat() };
}

test('lists over several pages, only of the name, newest first', async () => {
  const run = scene.store.addRun();
  for (let index = 0; index < 230; index++) {
    scene.store.plant({
      runId: run.id,
      name: index % 23 === 0 ? 'other' : 'mine',
      archive: Buffer.from('x'),
      createdAt: new Date(index * 1000).toISOString(),
    });
  }
  const { pages, artifacts } = await all('mine');
  assert.equal(pages, 3);
  assert.equal(artifacts.length, 220);
  assert.ok(artifacts.every((artifact) => artifact.name === 'mine' && artifact.run?.id === run.id));
  const ids = artifacts.map((artifact) => artifact.id);
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => b - a),
  );
  assert.equal(new Set(ids).size, 220);
  assert.equal((await all('mine', 2)).artifacts.length, 200, 'no further than asked');
  assert.equal((await all('none')).artifacts.length, 0);
});

test('reads a run; a deleted fork is no repository', async () => {
  const run = scene.store.addRun({ attempt: 3, event: 'schedule', headRepositoryId: null, workflow: 'nightly' });
  const found = await readRun(repository, run.id);
  assert.deepEqual([found.attempt, found.event, found.headRepositoryId, found.repositoryId, found.workflow], [3, 'schedule', null, 1, 'nightly']);
});

test('downloads from the signed address and leaves the token behind', async () => {
  const { id } = scene.store.plant({ runId: scene.store.addRun().id, archive: Buffer.from('archive') });
  assert.equal((await downloadArtifact(repository, id, { maxBytes: 7 })).toString(), 'archive');
  assert.deepEqual(scene.blobs.leaks, []);
});

test('the storage of the tests does notice a token', async () => {
  const { id } = scene.store.plant({ runId: scene.store.addRun().id, archive: Buffer.from('archive') });
  const answer = await fetch(scene.blobs.downloadUrl(id), { headers: { authorization: 'token x' } });
  assert.equal(answer.status, 400);
  assert.equal(scene.blobs.leaks.length, 1);
  scene.blobs.leaks.length = 0;
});

test('reads no more than the bound', async () => {
  const { id } = scene.store.plant({ runId: scene.store.addRun().id, archive: Buffer.alloc(3_000_000) });
  await assert.rejects(downloadArtifact(repository, id, { maxBytes: 1_000_000 }), /larger than 1000000 bytes/);
});

test('takes the bytes where the API serves them itself, bounded as well', async () => {
  const { id } = scene.store.plant({ runId: scene.store.addRun().id, archive: Buffer.from('x') });
  scene.api.intercept = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/zip' });
    response.end(Buffer.from('direct'));
    return true;
  };
  assert.equal((await downloadArtifact(repository, id, { maxBytes: 100 })).toString(), 'direct');
  await assert.rejects(downloadArtifact(repository, id, { maxBytes: 3 }), /larger than 3 bytes/);
});

test('a storage that refuses is told by its host, without the signature', async () => {
  scene.api.intercept = (_request, response) => {
    response.writeHead(302, { location: `${scene.blobs.url}/artifacts/1.zip?sig=wrong-secret` });
    response.end();
    return true;
  };
  await assert.rejects(downloadArtifact(repository, 1, { maxBytes: 10 }), (error: Error) => {
    assert.match(error.message, /storage at 127\.0\.0\.1:\d+ answered 403/);
    assert.ok(!error.message.includes('wrong-secret'));
    return true;
  });
});

test('one failure of the server is tried again, a refusal is not', async () => {
  const run = scene.store.addRun();
  let calls = 0;
  scene.api.intercept = (_request, response) => {
    if (++calls > 1) return false;
    sendJson(response, 502, { message: 'Bad gateway' });
    return true;
  };
  assert.equal((await readRun(repository, run.id)).id, run.id);
  assert.equal(calls, 2);
  calls = 0;
  scene.api.intercept = (_request, response) => {
    calls++;
    sendJson(response, 403, { message: 'Resource not accessible by integration' });
    return true;
  };
  await assert.rejects(readRun(repository, run.id), (error) => statusOf(error) === 403);
  assert.equal(calls, 1);
});

test('failures are explained', async () => {
  const cases: Array<[number, Record<string, string>, string, RegExp, boolean]> = [
    [401, {}, 'Bad credentials', /token was refused \(401 Bad credentials\)/, true],
    [403, {}, 'Resource not accessible by integration', /lacks the permission `actions: read` .*Add `actions: read` to the job's permissions/, true],
    [403, { 'x-ratelimit-remaining': '0' }, 'API rate limit exceeded', /rate limit is used up/, true],
    [429, {}, 'slow down', /rate limit is used up/, true],
    [404, {}, 'Not Found', /without permission the API answers 404 as well/, false],
    [410, {}, 'Gone', /has expired/, false],
    [503, {}, 'Service unavailable', /the API failed \(503/, false],
    [422, {}, 'Unprocessable', /answered 422/, false],
  ];
  for (const [status, headers, message, expected, general] of cases) {
    scene.api.intercept = (_request, response) => {
      sendJson(response, status, { message, documentation_url: 'https://docs.example/x' }, headers);
      return true;
    };
    const error: unknown = await repository.octokit.rest.actions
      .getWorkflowRun({ owner: 'o', repo: 'r', run_id: 1 })
      .catch((thrown: unknown) => thrown);
    const failure = explainFailure(error, 'read run 1', 'actions: read');
    assert.equal(failure.status, status);
    assert.match(failure.message, expected);
    assert.equal(failure.general, general, failure.message);
    assert.ok(!failure.message.includes('docs.example'), failure.message);
  }
});

test('no answer at all is not taken for a status', async () => {
  const gone = await startScene();
  const client = await clientOf(gone.api);
  await gone.close();
  const error: unknown = await client.octokit.rest.actions.getWorkflowRun({ owner: 'o', repo: 'r', run_id: 1 }).catch((thrown: unknown) => thrown);
  const failure = explainFailure(error, 'read run 1', 'actions: read');
  assert.deepEqual([failure.status, failure.general], [null, true]);
  assert.match(failure.message, /no answer from the API/);
});
