import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, test } from 'node:test';
import type { Verdict } from '../../src/verdict/verdict.ts';
import { type ChatServer, chatServer, told, until, Workspace } from './harness.ts';

/** How `llm-bench ab` ends when it does not come to its end, and what it keeps of what was measured. */

let workspace: Workspace;
let server: ChatServer;
beforeEach(async () => {
  [workspace, server] = await Promise.all([Workspace.open(), chatServer()]);
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await workspace[Symbol.asyncDispose]();
});

const small = ['--no-selftest', '-n', '4', '--warmup', '0', '--format', 'json', '-o', 'out.json'];

/** A head that answers so many requests and then dies. */
async function dyingService(requests: number): Promise<string> {
  await writeFile(
    workspace.file('service.mjs'),
    `import { createServer } from 'node:http';
let asked = 0;
createServer((request, response) => {
  if (request.method === 'GET') return response.end('ok');
  if (++asked > ${requests}) { console.error('out of luck'); process.exit(3); }
  request.resume();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: {"choices":[{"index":0,"delta":{"content":"word "}}]}\\n\\n');
  response.end('data: {"choices":[{"index":0,"delta":{"content":"more"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}\\n\\ndata: [DONE]\\n\\n');
}).listen(Number(process.env.PORT), '127.0.0.1');
`,
  );
  return `exec '${process.execPath}' service.mjs`;
}

test('a side that does not start: exit 4 with the end of its log, and nothing is written', async () => {
  const finished = await workspace.start(['ab', ...small, '--baseline-url', server.url, '--head-command', 'echo no GPU found >&2; exit 7']).done;
  assert.equal(finished.code, 4, told(finished));
  assert.match(finished.stderr, /no GPU found/);
  assert.equal(finished.stdout, '');
});

test('a service that crashes in a round: exit 4, and the rounds before it are judged and kept as partial', async () => {
  const head = await dyingService(18);
  const finished = await workspace.start(['ab', ...small, '--budget', '60s', '--quiet', '--baseline-url', server.url, '--head-command', head]).done;
  assert.equal(finished.code, 4, told(finished));
  assert.match(finished.stderr, /service \S+ \(head\) crashed during the run: exit status 3/);
  assert.match(finished.stderr, /out of luck/);
  const verdict = JSON.parse(finished.stdout) as Verdict;
  assert.ok((verdict.paired?.pairs ?? 0) > 0, told(finished));
  for (const name of ['out.json', 'out.base.json']) {
    const { partial, stop_reason, admissible, runs } = await workspace.result(name);
    assert.deepEqual([partial, stop_reason, admissible], [true, 'service_crashed', false], name);
    assert.ok(runs.length > 1, name);
  }
});

test('a service that does not start once more between rounds: exit 4, and what was measured is kept', async () => {
  const head = `[ -e started ] && { echo port taken >&2; exit 7; }; touch started; ${await dyingService(1e6)}`;
  const sides = ['--baseline-url', server.url, '--head-command', head, '--alternate'];
  const finished = await workspace.start(['ab', ...small, '--budget', '60s', ...sides]).done;
  assert.equal(finished.code, 4, told(finished));
  assert.match(finished.stderr, /port taken/);
  const { partial, stop_reason, results } = await workspace.result('out.json');
  assert.deepEqual([partial, stop_reason], [true, 'service_crashed']);
  assert.ok(results.successful >= 4);
});

test('a note is kept in both results, a page is written, and a place that cannot be written is told before anything is measured', async () => {
  const sides = ['--baseline-url', server.url, '--head-url', server.url, '--budget', '1ms'];
  const finished = await workspace.start(['ab', ...small, ...sides, '--note', 'before the upgrade', '--html']).done;
  assert.equal(finished.code, 0, told(finished));
  for (const name of ['out.json', 'out.base.json']) assert.match((await workspace.result(name)).note ?? '', /^before the upgrade/);
  const page = await readFile(workspace.file('out.html'), 'utf8');
  assert.match(page, /inconclusive/);
  assert.match(page, /before the upgrade/);
  const asked = server.seen.length;
  await mkdir(workspace.file('folder.json'));
  const refused = await workspace.start(['ab', ...small, ...sides, '-o', 'folder.json']).done;
  assert.equal(refused.code, 2, told(refused));
  assert.match(refused.stderr, /cannot write folder\.json: it is a directory/);
  const placeless = await workspace.start(['ab', '--no-selftest', ...sides, '--html']).done;
  assert.equal(placeless.code, 2, told(placeless));
  assert.equal(server.seen.length, asked, 'nothing was measured');
});

test('inconclusive fails only where it was asked for: exit 5, else 0', async () => {
  const sides = ['--baseline-url', server.url, '--head-url', server.url, '--budget', '1ms'];
  for (const [flags, code] of [
    [['--fail-on', 'inconclusive'], 5],
    [[], 0],
  ] as const) {
    const finished = await workspace.start(['ab', ...small, ...sides, ...flags]).done;
    assert.equal(finished.code, code, told(finished));
    assert.equal((JSON.parse(finished.stdout) as Verdict).verdict, 'inconclusive', told(finished));
  }
});

test('interrupted: exit 130, what was measured is judged, printed and kept as partial', async () => {
  const sides = ['--baseline-url', server.url, '--head-url', server.url];
  const started = workspace.start(['ab', ...small, '--limit', '0.01', ...sides]);
  await until('pairs to be measured', () => /[24] pairs of rounds/.test(started.stderr()) || started.child.exitCode !== null);
  started.child.kill('SIGINT');
  const finished = await started.done;
  assert.equal(finished.code, 130, told(finished));
  assert.ok(((JSON.parse(finished.stdout) as Verdict).paired?.pairs ?? 0) >= 2, told(finished));
  for (const name of ['out.json', 'out.base.json']) {
    const { partial, stop_reason } = await workspace.result(name);
    assert.deepEqual([partial, stop_reason], [true, 'interrupted'], name);
  }
  assert.ok(existsSync(workspace.file('out.md')));
});
