import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findBaseline } from '../../src/baseline/source.ts';
import { connect, type Repository } from '../../src/github/client.ts';
import { resultText } from '../baseline/documents.ts';

const run = promisify(execFile);
const fileAt = (path: string) => fileURLToPath(new URL(path, import.meta.url));

let platform: ChildProcess;
let urls: { emulator: string; api: string; results: string; repository_id: number; tokens: { owner: string } };
let repository: Repository;
let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llm-bench-serve-'));
  platform = spawn(process.execPath, [fileAt('./serve.ts')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(platform.stdout!), 'line')) as [string];
  urls = JSON.parse(line);
  repository = await connect({ token: urls.tokens.owner, apiUrl: urls.api, owner: 'octo', repo: 'service' });
});
after(async () => {
  platform.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

test('a run registered from outside uploads with the real client and is found, the default branch asked of the emulator', async () => {
  const answer = await fetch(`${urls.api}/_fake/runs`, { method: 'POST', body: JSON.stringify({ event: 'schedule' }) });
  const registered = (await answer.json()) as { run: { id: number; repositoryId: number }; runtime_token: string };
  assert.equal(registered.run.repositoryId, urls.repository_id);
  await writeFile(join(folder, 'result.json'), resultText());
  const request = { name: 'llm-bench-baseline', files: [join(folder, 'result.json')], rootDirectory: folder, retentionDays: null };
  const { stdout } = await run(process.execPath, [fileAt('../publish/upload-process.ts'), JSON.stringify(request)], {
    env: {
      PATH: process.env.PATH,
      ACTIONS_RUNTIME_TOKEN: registered.runtime_token,
      ACTIONS_RESULTS_URL: urls.results,
      GITHUB_SERVER_URL: 'https://github.com',
    },
  });
  const outcome = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { id: number };
  const found = await findBaseline({
    source: { kind: 'artifact', artifact: 'llm-bench-baseline', branch: null },
    scenarios: ['quick_validation'],
    root: folder,
    repository,
    context: null,
  });
  assert.ok(found.found, found.found ? '' : found.reason);
  assert.match(found.description, new RegExp(`^run ${registered.run.id} \\(schedule on main`));
  const state = (await (await fetch(`${urls.api}/_fake/state`)).json()) as { artifacts: Array<{ id: number }>; leaks: string[] };
  assert.deepEqual(
    state.artifacts.map((artifact) => artifact.id),
    [outcome.id],
  );
  assert.deepEqual(state.leaks, []);
});

test('a planted artifact of a fork is served as such', async () => {
  const made = await fetch(`${urls.api}/_fake/runs`, { method: 'POST', body: JSON.stringify({ headRepositoryId: 4711 }) });
  const { run: fork } = (await made.json()) as { run: { id: number } };
  const planted = { runId: fork.id, name: 'from-a-fork', archive: Buffer.from('x').toString('base64') };
  assert.equal((await fetch(`${urls.api}/_fake/artifacts`, { method: 'POST', body: JSON.stringify(planted) })).status, 201);
  const { data } = await repository.octokit.rest.actions.listArtifactsForRepo({ owner: 'octo', repo: 'service', name: 'from-a-fork' });
  assert.deepEqual([data.total_count, data.artifacts[0]?.workflow_run?.head_repository_id], [1, 4711]);
});

test("everything else is the emulator's, and its pages lead back here", async () => {
  const { octokit, owner, repo } = repository;
  const { data: issue } = await octokit.rest.issues.create({ owner, repo, title: 'A change' });
  for (let index = 0; index < 12; index++)
    await octokit.rest.issues.createComment({ owner, repo, issue_number: issue.number, body: `comment ${index}` });
  const first = await octokit.rest.issues.listComments({ owner, repo, issue_number: issue.number, per_page: 5 });
  assert.ok(first.headers.link?.includes(urls.api) && !first.headers.link.includes(new URL(urls.emulator).port), first.headers.link);
  const comments = await octokit.paginate(octokit.rest.issues.listComments, { owner, repo, issue_number: issue.number, per_page: 5 });
  assert.equal(comments.length, 12);
});

test('it ends with the process that started it', async () => {
  const ended = once(platform, 'exit');
  platform.stdin?.end();
  assert.deepEqual(await ended, [0, null]);
});
