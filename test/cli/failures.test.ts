import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { chatServer, type Finished, isAlive, told, until, Workspace } from './harness.ts';

function assertExit(finished: Finished, code: number): void {
  assert.equal(finished.code, code, told(finished));
  assert.doesNotMatch(finished.stderr, /This is a bug/);
}

/** A service in a file: streams answers, notes its process id and how often it was asked, and does `then` on each request. */
const service = (then: string) => `
import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
let asked = 0;
writeFileSync('service.pid', String(process.pid));
createServer(async (request, response) => {
  if (request.url === '/health') return response.end('ok');
  writeFileSync('asked', String(++asked));
  ${then}
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const content of ['a ', 'b ', 'c ']) {
    response.write('data: ' + JSON.stringify({ choices: [{ index: 0, delta: { content } }] }) + '\\n\\n');
    await new Promise((wake) => setTimeout(wake, 10));
  }
  response.end('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":3}}\\n\\ndata: [DONE]\\n\\n');
}).listen(Number(process.argv[2]), '127.0.0.1');
`;
const command = `exec '${process.execPath}' service.mjs \${PORT}`;

async function serviceIn(workspace: Workspace, then: string): Promise<void> {
  await writeFile(workspace.file('service.mjs'), service(then));
}

const pidOf = async (workspace: Workspace) => Number(await readFile(workspace.file('service.pid'), 'utf8'));
const askedAtLeast = (workspace: Workspace, times: number) => async () =>
  Number(await readFile(workspace.file('asked'), 'utf8').catch(() => '0')) >= times;

/** A port that nothing listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a server that fails half of the requests: a broken limit, not an invalid measurement', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({
    answer: (_, response, number) => number % 2 === 0 && Boolean(response.writeHead(500).end('{"error":{"message":"the model fell over"}}')),
  });
  const finished = await workspace.run(['run', '--url', server.url, '-n', '40', '-c', '4'], {}, server.forget);
  assertExit(finished, 1);
  const { results, errors, validity, admissible, partial, timeline } = await workspace.result();
  assert.deepEqual([results.total_requests, results.successful, results.failed, results.error_rate], [40, 20, 20, 50]);
  assert.deepEqual(
    errors.map(({ kind, count }) => [kind, count]),
    [['http_5xx', 20]],
  );
  assert.match(errors[0]?.example ?? '', /the model fell over/);
  assert.ok((errors[0]?.first_seen ?? -1) >= 0);
  assert.deepEqual([validity.valid, admissible, partial], [true, false, false]);
  assert.equal(
    timeline.reduce((sum, bucket) => sum + bucket.errors, 0),
    20,
  );
  assert.match(finished.stdout, /http_5xx:\s+20/);
  assert.equal(finished.stdout.match(/Hint: .*#high-error-rate/g)?.length, 1);
  assert.match(finished.stdout, /[Ee]rror rate/);
});

test('a server that fails every request is a broken limit too', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ answer: (_, response) => Boolean(response.writeHead(404).end('{"error":"there is nothing here"}')) });
  const finished = await workspace.run(['run', '--url', server.url, '-n', '10', '--quiet']);
  assertExit(finished, 1);
  const { results, errors } = await workspace.result();
  assert.deepEqual([results.successful, results.error_rate, results.latency_s], [0, 100, null]);
  assert.deepEqual([errors[0]?.kind, errors[0]?.count], ['http_4xx', 10]);
  assert.match(finished.stdout, /100/);
});

test('a server that is not there: exit 4 and a sentence that says so', async () => {
  await using workspace = await Workspace.open();
  const url = `http://127.0.0.1:${await closedPort()}`;
  const finished = await workspace.run(['run', '--base-url', url, '-n', '10']);
  assertExit(finished, 4);
  assert.ok(finished.stderr.includes(url), told(finished));
  assert.match(finished.stderr, /refused/);
  assert.equal(finished.stdout, '');
  assert.ok(!existsSync(workspace.file('bench_results.json')));
});

test('a service that crashes during the run: exit 4, the end of its log, and what was measured until then', async () => {
  await using workspace = await Workspace.open();
  await serviceIn(
    workspace,
    `if (asked === 9) { for (let i = 0; i < 60; i++) console.log('step ' + i); console.error('out of luck'); process.exit(3); }`,
  );
  const finished = await workspace.run(['run', '--command', command, '-n', '5000', '-c', '2', '-o', 'out.json']);
  assertExit(finished, 4);
  assert.match(finished.stderr, /crashed during the run: exit status 3/);
  assert.match(finished.stderr, /out of luck/);
  assert.match(finished.stderr, /step 59/);
  assert.doesNotMatch(finished.stderr, /step 5\n/);
  const document = await workspace.result('out.json');
  assert.deepEqual([document.partial, document.stop_reason, document.admissible], [true, 'service_crashed', false]);
  assert.ok(document.results.successful >= 5 && document.results.successful <= 8, `${document.results.successful} succeeded`);
  assert.match(finished.stdout, /partial result/);
});

test('a service that is never ready: exit 4 with its log, and nothing of it is left', async () => {
  await using workspace = await Workspace.open();
  await writeFile(
    workspace.file('llm-bench.yaml'),
    `target:\n  name: sleepy\n  command: echo loading weights; echo $$ > service.pid; exec sleep 150\n  ready: { url: /health, timeout_seconds: 2 }\n`,
  );
  const finished = await workspace.run(['run', '-n', '10']);
  assertExit(finished, 4);
  assert.match(finished.stderr, /sleepy/);
  assert.match(finished.stderr, /loading weights/);
  assert.ok(!isAlive(await pidOf(workspace)));
  assert.ok(!existsSync(workspace.file('bench_results.json')));
});

test('a command that ends before it is ready: exit 4 with its log', async () => {
  await using workspace = await Workspace.open();
  const finished = await workspace.run(['run', '--command', 'echo no GPU found >&2; exit 7', '-n', '10']);
  assertExit(finished, 4);
  assert.match(finished.stderr, /no GPU found/);
  assert.match(finished.stderr, /exit status 7/);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} during a run: exit 130, the partial result written, the service gone`, async () => {
    await using workspace = await Workspace.open();
    await serviceIn(workspace, '');
    const { child, done } = workspace.start(['run', '--command', command, '--duration', '10m', '-c', '3', '-o', 'out.json', '--html']);
    await until('some requests', askedAtLeast(workspace, 24));
    child.kill(signal);
    const finished = await done;
    assertExit(finished, 130);
    const document = await workspace.result('out.json');
    assert.deepEqual([document.partial, document.stop_reason, document.admissible], [true, 'interrupted', false]);
    assert.ok(document.results.successful >= 8, `${document.results.successful} succeeded`);
    assert.equal(document.results.failed, 0);
    assert.ok(existsSync(workspace.file('out.html')));
    assert.ok(!isAlive(await pidOf(workspace)));
  });
}

test('an interruption while the service starts: exit 130 at once, the service gone', async () => {
  await using workspace = await Workspace.open();
  const { child, done, stderr } = workspace.start(['run', '--command', 'echo $$ > service.pid; exec sleep 150', '-n', '10']);
  await until('the service to start', () => existsSync(workspace.file('service.pid')));
  await until('the wait', () => /waiting/.test(stderr()));
  child.kill('SIGINT');
  const finished = await done;
  assertExit(finished, 130);
  assert.match(finished.stderr, /interrupted/);
  assert.ok(!isAlive(await pidOf(workspace)));
});

test('an interruption while the server does not answer the first request does not wait for its time-out', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ answer: () => true });
  const { child, done } = workspace.start(['run', '--url', server.url, '-n', '10', '--timeout', '30m']);
  await until('the first request', () => server.seen.length > 0);
  child.kill('SIGINT');
  assertExit(await done, 130);
});

test('an interruption of warming up ends the run as well', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ answer: (_, __, number) => number > 3 });
  const { child, done } = workspace.start(['run', '--url', server.url, '-n', '10', '--warmup', '100', '--timeout', '30m']);
  await until('a request that hangs', () => server.seen.length > 3);
  child.kill('SIGINT');
  assertExit(await done, 130);
  const { partial, results, timestamp } = await workspace.result();
  assert.deepEqual([partial, results.total_requests], [true, 0]);
  assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 3_600_000, timestamp);
});

test('a request that takes too long is counted as that', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ answer: (_, __, number) => number === 3 });
  const finished = await workspace.run(['run', '--url', server.url, '-n', '5', '--timeout', '1s'], {}, server.forget);
  assertExit(finished, 1);
  const { errors, results } = await workspace.result();
  assert.deepEqual(
    errors.map(({ kind, count }) => [kind, count]),
    [['timeout_total', 1]],
  );
  assert.equal(results.successful, 4);
});

test('where the result cannot be written is said before anything is started', async () => {
  await using workspace = await Workspace.open();
  await writeFile(workspace.file('plain'), '');
  for (const args of [
    ['-o', 'plain/out.json'],
    ['--html', 'plain/out.html'],
    ['--log-requests', 'plain/log.jsonl'],
    ['-o', '.'],
  ]) {
    const finished = await workspace.run(['run', '--command', 'touch started; exec sleep 150', '-n', '3', ...args]);
    assertExit(finished, 2);
    assert.match(finished.stderr, args[1] === '.' ? /directory|folder/ : /plain/);
    assert.ok(!existsSync(workspace.file('started')));
  }
});

test('a result that can no longer be written is at least printed', { skip: !existsSync('/dev/full') }, async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  await symlink('/dev/full', workspace.file('out.json'));
  const finished = await workspace.run(['run', '--url', server.url, '-n', '5', '-o', 'out.json']);
  assertExit(finished, 2);
  assert.match(finished.stderr, /out\.json could not be written: ENOSPC/);
  assert.match(finished.stdout, /Successful:\s+5/);
  assert.doesNotMatch(finished.stdout, /Saved to/);
});

test('a budget that not even one request fits into is told before any is sent', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  const finished = await workspace.run(['run', '--url', server.url, '-n', '5', '--max-tokens', '5', '--max-total-tokens', '6', '--quiet']);
  assertExit(finished, 2);
  const [, each, prompt] =
    /not even one request fits into --max-total-tokens 6: each sets aside (\d+) tokens, (\d+) for its prompt .* and 5 for/.exec(finished.stderr) ??
    [];
  assert.equal(Number(each), Number(prompt) + 5, finished.stderr);
  assert.equal(server.seen.length, 0);
});

test('a budget that the requests ahead of the load use up leaves nothing to be measured, and that is no success', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ tokens: 5 });
  await writeFile(
    workspace.file('llm-bench.yaml'),
    `target: { base_url: '${server.url}' }\nscenario: { name: mine, request: { prompt: hello, max_tokens: 500 }, load: { requests: 5, concurrency: 2 } }\n`,
  );
  const run = (limit: string) => workspace.run(['run', '--max-total-tokens', limit]);
  // The most that the request ahead can use fits, but not again beside what it did use.
  const [, each] = /each sets aside (\d+) tokens/.exec((await run('6')).stderr) ?? [];
  const finished = await run(String(Number(each) + 5));
  assertExit(finished, 2);
  assert.match(finished.stderr, /warning: mine: --max-total-tokens \d+ does not hold 2 requests at once/);
  assert.match(
    finished.stderr,
    /no request was measured, for none fitted into the budget: 12 tokens were used before the load, and its first request/,
  );
  assert.equal((await workspace.result()).stop_reason, 'budget');
});

test('where the report of check cannot be written is said before anything is started', async () => {
  await using workspace = await Workspace.open();
  await mkdir(workspace.file('out.md'));
  const finished = await workspace.run(['check', '--command', 'touch started; exec sleep 150', '-n', '3', '-o', 'out.json']);
  assertExit(finished, 2);
  assert.match(finished.stderr, /cannot write out\.md/);
  assert.ok(!existsSync(workspace.file('started')));
});

test('a request log that can no longer be written does not cost the measurement', { skip: !existsSync('/dev/full') }, async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  const finished = await workspace.run(['run', '--url', server.url, '-n', '5', '--log-requests', '/dev/full']);
  assertExit(finished, 0);
  assert.match(finished.stderr, /warning: .*\/dev\/full/);
  assert.equal((await workspace.result()).results.successful, 5);
});
