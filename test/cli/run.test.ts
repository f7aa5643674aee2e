import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ownTimes } from '../../src/measure/definitions.ts';
import type { RequestRecord } from '../../src/measure/record.ts';
import { startMock } from '../../src/mock/server.ts';
import { chatServer, type Finished, told, Workspace } from './harness.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
const escapes = /\u001b\[/;

function assertExit(finished: Finished, code: number): void {
  assert.equal(finished.code, code, told(finished));
}

test('run without anything serves the embedded engine, says so, and writes bench_results.json', async () => {
  await using workspace = await Workspace.open();
  const finished = await workspace.run(['run']);
  const document = await workspace.result();
  // Its own limits (p95 below 100 ms) may be broken on a slow machine, and such a machine may hold the client up.
  assert.ok([0, 1, 3].includes(finished.code as number), told(finished));
  assert.equal(finished.code === 3, !document.validity.valid, told(finished));
  assert.match(finished.stderr, /No target was named: serving the embedded engine/);
  assert.match(finished.stdout, /Saved to bench_results\.json/);
  assert.deepEqual([document.target, document.scenario, document.partial, document.stop_reason], ['embedded', 'embedded', false, 'completed']);
  const { results } = document;
  assert.deepEqual([results.total_requests, results.successful, results.concurrency, results.unique_prompts], [100, 100, 1, 10]);
  assert.equal(document.results.output_tokens, 1200);
  // Zero where the machine was so busy that tokens came together.
  for (const value of [results.ttft_ms?.p95, results.tpot_ms?.p50, results.itl_ms?.p50, results.latency_s?.p99]) assert.equal(typeof value, 'number');
  assert.equal(results.latency_s?.p999, null);
  await assert.rejects(fetch(document.base_url), 'the engine is stopped');
});

test('run against a server that is there: requests, concurrency and length as asked, result where asked', async () => {
  await using workspace = await Workspace.open();
  const engine = await startMock({ decodeStepMs: 5, naturalTokens: 100, logEvery: 0 });
  try {
    const args = ['run', '--base-url', engine.url, '--model', 'some/model', '-n', '40', '-c', '4', '--max-tokens', '16', '-o', 'deep/down/out.json'];
    let before = 0;
    const finished = await workspace.run([...args, '--warmup', '2', '--note', 'by hand', '--seed', '5'], {}, () => {
      before = engine.stats().requests;
    });
    assertExit(finished, 0);
    const document = await workspace.result('deep/down/out.json');
    assert.deepEqual([document.model, document.base_url, document.scenario, document.note], ['some/model', engine.url, 'default', 'by hand']);
    const { results } = document;
    assert.deepEqual([results.total_requests, results.successful, results.failed, results.concurrency], [40, 40, 0, 4]);
    assert.equal(results.output_tokens, 40 * 16);
    assert.equal(document.series.length, 1);
    assert.deepEqual(document.series[0]?.labels, {
      scenario: 'default',
      target: document.target,
      model: 'some/model',
      concurrency: 4,
      max_tokens: 16,
    });
    // One ahead to learn what the server can, two to warm up.
    assert.equal(engine.stats().requests - before, 43);
    assert.doesNotMatch(finished.stdout, escapes);
    assert.match(finished.stderr, /default: 40 requests, concurrency 4/);
  } finally {
    await engine.close();
  }
});

test('--json prints the result document alone; progress goes to stderr', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  const finished = await workspace.run(['run', '--url', server.url, '-n', '4', '--json']);
  assertExit(finished, 0);
  assert.deepEqual(JSON.parse(finished.stdout), await workspace.result());
  assert.match(finished.stderr, /4 requests, concurrency 1/);
});

test('--quiet prints nothing when nothing is wrong', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  const finished = await workspace.run(['run', '--url', server.url, '-n', '4', '--quiet']);
  assertExit(finished, 0);
  assert.deepEqual([finished.stdout, finished.stderr], ['', '']);
  assert.equal((await workspace.result()).results.total_requests, 4);
});

test('--log-requests writes a line for each request, and each adds up', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ tokens: 6 });
  assertExit(await workspace.run(['run', '--url', server.url, '-n', '12', '-c', '3', '--warmup', '3', '--log-requests', 'logs/requests.jsonl']), 0);
  const lines = (await readFile(workspace.file('logs/requests.jsonl'), 'utf8')).trimEnd().split('\n');
  const records = lines.map((line) => JSON.parse(line) as RequestRecord);
  assert.deepEqual(
    records.map(({ index }) => index).toSorted((a, b) => a - b),
    [...Array(12).keys()],
  );
  for (const record of records) {
    const { latencyMs, ttftMs, tpotMs } = ownTimes(record);
    const tokens = record.outputTokens as number;
    assert.equal(tokens, 6);
    assert.ok(record.intendedMs <= (record.sentMs as number) && (record.sentMs as number) <= (record.headersMs as number));
    assert.ok((record.firstOutputMs as number) <= (record.lastOutputMs as number) && (record.lastOutputMs as number) <= record.endMs);
    const sum = (ttftMs as number) + (tpotMs as number) * (tokens - 1) + (record.endMs - (record.lastOutputMs as number));
    assert.ok(Math.abs(latencyMs - sum) < 1e-6);
  }
});

test('--html writes a page beside the result, or where it is told to', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  assertExit(await workspace.run(['run', '--url', server.url, '-n', '3', '-o', 'my_test.json', '--html']), 0);
  assert.match(await readFile(workspace.file('my_test.html'), 'utf8'), /^<!doctype html>/i);
  assertExit(await workspace.run(['run', '--url', server.url, '-n', '3', '-o', 'my_test.json', '--html', 'pages/a.html']), 0);
  assert.match(await readFile(workspace.file('pages/a.html'), 'utf8'), /^<!doctype html>/i);
});

test('--runs 3 measures three times and keeps each run as evidence', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  assertExit(await workspace.run(['run', '--url', server.url, '-n', '5', '-c', '2', '--runs', '3']), 0);
  const { runs, results, series } = await workspace.result();
  assert.deepEqual(
    runs.map(({ round, order }) => [round, order]),
    [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
  );
  assert.ok(runs.every(({ values }) => typeof values['default']?.['latency_s.p95'] === 'number'));
  assert.equal(new Set(runs.map(({ started }) => started)).size, 3);
  assert.deepEqual([results.total_requests, results.successful], [15, 15]);
  const latency = series[0]?.metrics['latency_s'];
  assert.ok(latency && 'count' in latency && latency.count === 15);
});

test('unique prompts of several runs and of merged results are those that the service was sent', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ tokens: 1 });
  const scenario = (name: string, prompt: string) => `scenario: { name: ${name}, request: { ${prompt} }, load: { requests: 12 } }\n`;
  await writeFile(workspace.file('made.yaml'), scenario('made', 'prompt_tokens: 20'));
  await writeFile(workspace.file('file.yaml'), scenario('file', ''));
  const sentBy = async (...args: string[]) => {
    server.forget();
    assertExit(await workspace.run(['run', '--url', server.url, '--warmup', '0', ...args], {}, server.forget), 0);
    // Each run begins with a request of its own that is not measured.
    const measured = server.seen.filter((_, at) => at % 13 !== 0);
    return new Set(measured.map(({ body }) => JSON.stringify(JSON.parse(body).messages))).size;
  };
  const uniqueIn = async (file: string) => (await workspace.result(file)).results.unique_prompts;
  assert.equal(await sentBy('--config', 'made.yaml', '--runs', '2', '-o', 'two.json'), 24);
  assert.equal(await uniqueIn('two.json'), 24);
  assert.equal(await sentBy('--config', 'made.yaml', '--runs', '1', '-o', 'one.json'), 12);
  assert.equal(await sentBy('--config', 'file.yaml', '--runs', '2', '-o', 'file.json'), 10);
  assert.equal(await uniqueIn('file.json'), 10);
  assertExit(await workspace.run(['merge', 'one.json', 'two.json', '-o', 'made.json']), 0);
  assert.equal(await uniqueIn('made.json'), 24);
  assertExit(await workspace.run(['merge', 'file.json', 'two.json', '-o', 'all.json']), 0);
  assert.equal(await uniqueIn('all.json'), 34);
});

test('--duration alone takes the place of the default 100 requests', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ tokens: 1, tokenMs: 0 });
  const finished = await workspace.run(['run', '--url', server.url, '--duration', '2s']);
  assertExit(finished, 0);
  const { stop_reason: reason, results, timeline } = await workspace.result();
  assert.equal(reason, 'duration');
  assert.ok(results.duration_seconds >= 2, `${results.duration_seconds} s`);
  assert.ok(timeline.length >= 2);
  assert.match(finished.stderr, /default: 2 s, concurrency 1/);
});

test('-n with --duration: whichever comes first', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ tokens: 1 });
  assertExit(await workspace.run(['run', '--url', server.url, '-n', '5', '--duration', '10m', '-o', 'n.json']), 0);
  const byCount = await workspace.result('n.json');
  assert.deepEqual([byCount.stop_reason, byCount.results.total_requests], ['completed', 5]);
  assertExit(await workspace.run(['run', '--url', server.url, '-n', '1000000', '--run-time', '1s', '-o', 'd.json']), 0);
  const byTime = await workspace.result('d.json');
  assert.equal(byTime.stop_reason, 'duration');
  assert.ok(byTime.results.total_requests < 1_000_000);
});

for (const [suffix, path] of [
  ['', '/v1/chat/completions'],
  ['/', '/v1/chat/completions'],
  ['/v1', '/v1/chat/completions'],
  ['/v1/', '/v1/chat/completions'],
  ['/gateway/llm', '/gateway/llm/v1/chat/completions'],
  ['/openai/v1', '/openai/v1/chat/completions'],
] as const) {
  test(`a base URL ending in ${suffix || 'its port'} is asked at ${path}`, async () => {
    await using workspace = await Workspace.open();
    await using server = await chatServer();
    assertExit(await workspace.run(['run', '--url', server.url + suffix, '-n', '2', '--quiet']), 0);
    assert.deepEqual([...new Set(server.seen.map((request) => request.path))], [path]);
    assert.equal((await workspace.result()).results.successful, 2);
  });
}

test('prompts of a file are sent verbatim and in order', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  await writeFile(workspace.file('mine.jsonl'), '{"prompt": " one \\n", "max_tokens": 3}\n\n{"prompt": "two", "temperature": 0.5}\n');
  assertExit(await workspace.run(['run', '--url', server.url, '--model', 'm', '-n', '4', '--prompts', 'mine.jsonl'], {}, server.forget), 0);
  const bodies = server.seen.slice(1).map(({ body }) => JSON.parse(body));
  assert.deepEqual(
    bodies.map(({ messages, max_tokens, temperature, model }) => [messages, max_tokens, temperature, model]),
    [
      [[{ role: 'user', content: ' one \n' }], 3, undefined, 'm'],
      [[{ role: 'user', content: 'two' }], undefined, 0.5, 'm'],
      [[{ role: 'user', content: ' one \n' }], 3, undefined, 'm'],
      [[{ role: 'user', content: 'two' }], undefined, 0.5, 'm'],
    ],
  );
  assert.equal((await workspace.result()).results.unique_prompts, 2);
});

test('--no-stream asks for one piece: a latency and tokens, but no time to the first token', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ tokens: 5 });
  assertExit(await workspace.run(['run', '--url', server.url, '-n', '3', '--no-stream']), 0);
  const { results, series } = await workspace.result();
  assert.deepEqual([results.ttft_ms, results.tpot_ms, results.itl_ms, results.mean_request_tokens_per_sec], [null, null, null, null]);
  assert.ok(results.latency_s);
  assert.deepEqual([results.output_tokens, results.input_tokens], [15, 21]);
  assert.ok(!('ttft_ms' in (series[0]?.metrics ?? {})));
  assert.ok(server.seen.every(({ body }) => JSON.parse(body).stream === undefined || JSON.parse(body).stream === false));
});

test('--api completions sends a prompt and reads its stream', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ tokens: 3 });
  assertExit(await workspace.run(['run', '--url', server.url, '-n', '3', '--api', 'completions']), 0);
  assert.ok(server.seen.every(({ path, body }) => path === '/v1/completions' && typeof JSON.parse(body).prompt === 'string'));
  const { results } = await workspace.result();
  assert.equal(results.output_tokens, 9);
  assert.ok(results.ttft_ms);
});

test('plain HTTP: the method, path, body and headers that are given', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ answer: (_, response) => Boolean(response.end('done')) });
  await writeFile(workspace.file('body.json'), '{"a": [1, 2]}\n');
  await writeFile(workspace.file('llm-bench.yaml'), `scenario: { name: put, request: { api: http, path: /things/1 } }\n`);
  const finished = await workspace.run(
    [
      ...['run', '--url', `${server.url}/app`, '-n', '6', '-c', '2', '--method', 'PUT', '--body', 'body.json'],
      ...['--header', 'X-Team: blue', '--header', 'X-Trace:a:b'],
    ],
    {},
    server.forget,
  );
  assertExit(finished, 0);
  assert.equal(server.seen.length, 6);
  for (const { method, path, body, headers } of server.seen) {
    assert.deepEqual([method, path, body, headers['x-team'], headers['x-trace']], ['PUT', '/app/things/1', '{"a": [1, 2]}\n', 'blue', 'a:b']);
  }
  const { results, series } = await workspace.result();
  assert.deepEqual([results.successful, results.ttft_ms, results.output_tokens, results.unique_prompts], [6, null, null, null]);
  assert.equal(results.throughput.tokens_per_sec, null);
  assert.deepEqual([series[0]?.id, series[0]?.labels['concurrency']], ['put', 2]);
});

test('a header that is given is sent with every request, in the place of our own and of what a scenario says', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({
    answer: ({ path }, response) => path === '/metrics' && Boolean(response.end('vllm:num_requests_running 0\n')),
  });
  const lines = [
    'target: { headers: { X-One: theirs, X-Two: "2" } }',
    'scenario: { name: small, request: { headers: { X-One: theirs } } }',
    'observe: { metrics: [{ url: /metrics }] }',
  ];
  await writeFile(workspace.file('llm-bench.yaml'), `${lines.join('\n')}\n`);
  assertExit(await workspace.run(['run', '--url', server.url, '-n', '2', '--header', 'User-Agent: mine', '--header', 'X-One: 1']), 0);
  assert.ok(server.seen.filter(({ path }) => path.endsWith('/completions')).length >= 3);
  assert.ok(server.seen.some(({ path }) => path === '/metrics'));
  for (const { headers } of server.seen) assert.deepEqual([headers['user-agent'], headers['x-one'], headers['x-two']], ['mine', '1', '2']);
});

test('a server that reports no usage: the tokens are counted here, and the result says so', async () => {
  await using workspace = await Workspace.open();
  const engine = await startMock({ usage: 'none', continuousUsage: false, logEvery: 0 });
  try {
    assertExit(await workspace.run(['run', '--url', engine.url, '-n', '5']), 0);
    const { series, results } = await workspace.result();
    const tokens = series[0]?.metrics['output_tokens'];
    assert.match(tokens?.note ?? '', /cl100k_base/);
    assert.ok((results.output_tokens as number) > 0);
    assert.equal(results.input_tokens, null);
  } finally {
    await engine.close();
  }
});

test('several scenarios in one run: a series for each', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  await writeFile(
    workspace.file('llm-bench.yaml'),
    'scenario:\n  - { name: one, request: { prompt_tokens: [5, 9] }, load: { requests: 4 } }\n  - { name: two, request: { prompt_tokens: 6 }, load: { requests: 3, concurrency: 3 } }\n',
  );
  assertExit(await workspace.run(['run', '--url', server.url]), 0);
  const document = await workspace.result();
  assert.deepEqual(
    document.series.map(({ id, detail }) => [id, detail ?? false]),
    [
      ['one', false],
      ['one/prompt_tokens=5', true],
      ['one/prompt_tokens=9', true],
      ['two', false],
    ],
  );
  assert.equal(document.results.total_requests, 7);
});

test('gaps between tokens are exact where the server counts along, whatever a chunk holds, and marked as estimated where it does not', async () => {
  await using workspace = await Workspace.open();
  for (const continuousUsage of [true, false]) {
    const engine = await startMock({ tokensPerChunk: 3, naturalTokens: 12, decodeStepMs: 3, continuousUsage, logEvery: 0 });
    try {
      assertExit(await workspace.run(['run', '--url', engine.url, '-n', '5']), 0);
      const itl = (await workspace.result()).series[0]?.metrics['itl_ms'];
      assert.ok(itl && 'count' in itl);
      // Three gaps between four chunks; each stands for three tokens where that is known.
      assert.equal(itl.count, continuousUsage ? 5 * 9 : 5 * 3);
      assert.equal(itl.note?.includes('estimated') ?? false, !continuousUsage);
    } finally {
      await engine.close();
    }
  }
});
