import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { ownTimes } from '../../src/measure/definitions.ts';
import type { RequestRecord } from '../../src/measure/record.ts';
import type { ResultDocument } from '../../src/result/document.ts';
import { chatServer, type Finished, type Seen, told, Workspace } from './harness.ts';

function assertExit(finished: Finished, code: number): void {
  assert.equal(finished.code, code, told(finished));
}

const plain = ['--no-selftest', '--quiet'];
const prices = 'prices: { input_per_million: 1000, output_per_million: 2000, currency: EUR }';

async function recordsOf(workspace: Workspace, name: string): Promise<(RequestRecord & { run: number })[]> {
  const lines = (await readFile(workspace.file(name), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as RequestRecord & { run: number });
}

test('a run by another tool is what its request log gives by that tool later, and the log gives our own figures again', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ tokens: 6 });
  const common = ['--url', server.url, '-n', '20', '-c', '4', ...plain, '--log-requests', 'log.jsonl'];
  assertExit(await workspace.run(['run', ...common, '--compat', 'guidellm', '--note', 'mine']), 0);
  const measured = await workspace.result();
  assert.equal(measured.results.compat, 'guidellm');
  assert.match(measured.note!, /^mine; times and rates by the definitions of GuideLLM/);
  const again = async (args: string[]) => {
    const finished = await workspace.run(['report', 'log.jsonl', '--format', 'json', ...args]);
    assertExit(finished, 0);
    return JSON.parse(finished.stdout) as ResultDocument;
  };
  const guidellm = await again(['--compat', 'guidellm']);
  for (const name of ['ttft_ms', 'tpot_ms', 'itl_ms', 'latency_s'] as const) assert.deepEqual(guidellm.results[name], measured.results[name], name);
  // The log ends with the last answer, the run a moment after.
  const [logged, ran] = [guidellm, measured].map(({ results }) => results.throughput.requests_per_sec as number) as [number, number];
  assert.ok(logged >= ran && logged < 5 * ran, `${logged} ${ran}`);
  const own = await again([]);
  const latencies = (await recordsOf(workspace, 'log.jsonl')).map((record) => ownTimes(record).latencyMs / 1000);
  assert.ok(Math.abs(own.results.latency_s!.max! - Math.max(...latencies)) < 1e-9);
  assert.ok(own.results.tpot_ms!.mean! < guidellm.results.tpot_ms!.mean!);
  const refused = await workspace.run(['report', 'bench_results.json', '--compat', 'vllm']);
  assertExit(refused, 2);
  assert.match(refused.stderr, /expected a log of `run --log-requests`, found the result bench_results\.json/);
});

test('a line that is no record is told with its place', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  assertExit(await workspace.run(['run', '--url', server.url, '-n', '2', ...plain, '--log-requests', 'log.jsonl']), 0);
  const good = await readFile(workspace.file('log.jsonl'), 'utf8');
  for (const [line, expected] of [
    ['{"index":', /log\.jsonl:3: expected a request record in JSON/],
    ['{"series":"a","index":1,"intendedMs":"0","endMs":2}', /log\.jsonl:3: expected intendedMs to be a number, found "0"/],
    ['{"series":"a","index":1,"intendedMs":0,"endMs":2,"error":"odd"}', /log\.jsonl:3: expected error to be null or one of/],
  ] as const) {
    await writeFile(workspace.file('log.jsonl'), `${good}${line}\n`);
    const finished = await workspace.run(['report', 'log.jsonl']);
    assertExit(finished, 2);
    assert.match(finished.stderr, expected);
  }
});

test('three shards that start together send the load once, and add up to it', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  // Far enough off for three processes to come up on a slow machine.
  const startAt = new Date(Date.now() + 30_000).toISOString();
  const finished = await Promise.all(
    [1, 2, 3].map((index) => {
      const files = ['-o', `${index}.json`, '--log-requests', `${index}.jsonl`];
      return workspace.run(['run', '--url', server.url, '-n', '50', '-c', '7', '--shard', `${index}/3`, '--start-at', startAt, ...plain, ...files]);
    }),
  );
  for (const one of finished) assertExit(one, 0);
  const shards = await Promise.all([1, 2, 3].map((index) => workspace.result(`${index}.json`)));
  assert.deepEqual(
    shards.map(({ shard, results }) => [shard, results.total_requests, results.concurrency]),
    [
      [{ index: 1, count: 3 }, 22, 3],
      [{ index: 2, count: 3 }, 14, 2],
      [{ index: 3, count: 3 }, 14, 2],
    ],
  );
  // They were ready at times of their own, long before; the time of day may have been put right a little since then.
  for (const { timestamp } of shards) assert.ok(Math.abs(Date.parse(timestamp) - Date.parse(startAt)) < 1000, timestamp);
  const logs = await Promise.all([1, 2, 3].map((index) => recordsOf(workspace, `${index}.jsonl`)));
  assert.deepEqual(
    logs
      .flat()
      .map(({ index }) => index)
      .toSorted((a, b) => a - b),
    [...Array(50).keys()],
  );
  assertExit(await workspace.run(['merge', '3.json', '1.json', '2.json', '-o', 'all.json']), 0);
  const { results, series, runs } = await workspace.result('all.json');
  assert.deepEqual([results.total_requests, results.concurrency, runs.length, series[0]?.labels['concurrency']], [50, 7, 1, 7]);
  const missing = await workspace.run(['merge', '3.json', '1.json']);
  assertExit(missing, 2);
  assert.match(missing.stderr, /shard 2\/3 is missing beside 1\/3 \(1\.json\), 3\/3 \(3\.json\)/);
});

test('what cannot be shared or begun together is refused before anything is sent', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  for (const [args, expected] of [
    [['--shard', '1/2', '--runs', '2'], /begin one run of one scenario together, found 1 scenarios and 2 runs/],
    [['--start-at', '2020-01-01T00:00:00Z'], /expected a time to come, found 2020-01-01T00:00:00\.000Z/],
    [['--shard', '1/2', '--executor', 'steps', '--load', 'levels=[1,2]'], /cannot divide levels that end by their number of requests/],
    [['--shard', '1/3', '--rate', '5', '--max-in-flight', '2'], /cannot divide max_in_flight 2 among 3 machines.+\n.*at least 3/],
    [['--shard', '3/2'], /expected I\/N with I from 1 to N/],
    [['--max-cost', '1'], /has no prices/],
    [['--compat', 'locust'], /expected vllm, guidellm/],
  ] as const) {
    const finished = await workspace.run(['run', '--url', server.url, '-n', '4', ...plain, ...args]);
    assertExit(finished, 2);
    assert.match(finished.stderr, expected);
  }
  assert.equal(server.seen.length, 0);
});

test('a budget stops the run before it is overdrawn; what was measured is kept', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ tokens: 5 });
  const config = `target: { base_url: '${server.url}', ${prices} }\nscenario: { name: paid, request: { prompt_tokens: 10, max_tokens: 5 }, load: { requests: 500, concurrency: 4 } }\n`;
  await writeFile(workspace.file('llm-bench.yaml'), config);
  const finished = await workspace.run(['run', '--no-selftest', '--max-total-tokens', '2500']);
  assertExit(finished, 0);
  assert.match(finished.stderr, /paid: at most about [\d,]+ prompt tokens and 2,500 output tokens, [\d.e+]+ EUR by the target's prices/);
  assert.match(finished.stdout, /Stopped: +budget/);
  const tokens = await workspace.result();
  const { total_requests: requests } = tokens.results;
  assert.ok(requests > 10 && requests < 500, `${requests}`);
  assert.deepEqual([tokens.stop_reason, tokens.partial, tokens.admissible, tokens.results.failed], ['budget', false, false, 0]);
  // 7 + 5 tokens each, the one sent ahead among them.
  const { refused_tokens: refused, ...budget } = tokens['budget'] as Record<string, unknown>;
  assert.ok(typeof refused === 'number' && refused > 12, `${refused}`);
  assert.deepEqual(budget, {
    max_total_tokens: 2500,
    max_cost: null,
    currency: 'EUR',
    used_tokens: 12 * (requests + 1),
    used_cost: null,
    exhausted: true,
  });
  assert.equal(server.seen.length, requests + 1);

  assertExit(await workspace.run(['run', ...plain, '--max-cost', '1.5', '--runs', '3']), 0);
  const money = (await workspace.result())['budget'] as { used_cost: number; exhausted: boolean };
  assert.ok(money.exhausted && money.used_cost > 0.5 && money.used_cost <= 1.5, JSON.stringify(money));

  const unbounded = await workspace.run(['run', '--url', server.url, '--prompts', 'p.jsonl', ...plain, '--max-total-tokens', '100']);
  assertExit(unbounded, 2);
  await writeFile(workspace.file('p.jsonl'), '{"prompt":"hello"}\n');
  await writeFile(
    workspace.file('llm-bench.yaml'),
    `target: { base_url: '${server.url}' }\nscenario: { name: free, request: { prompts: p.jsonl }, load: { requests: 3 } }\n`,
  );
  const noEnd = await workspace.run(['run', ...plain, '--max-total-tokens', '1000']);
  assertExit(noEnd, 2);
  assert.match(noEnd.stderr, /a prompt without max_tokens has none/);
});

test('connections are opened ahead and used again, or opened for every request; how long that took stands in the result', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  const figures = async (args: string[]) => {
    assertExit(await workspace.run(['run', '--url', server.url, '-n', '12', '-c', '3', ...plain, ...args]), 0);
    const { results, series } = await workspace.result();
    const connect = series[0]?.metrics['connect_ms'];
    return { connections: results.connections, connects: connect && 'count' in connect ? connect.count : 0 };
  };
  assert.deepEqual(await figures([]), { connections: { opened: 3, reused: 12, failed: 0, resent: 0 }, connects: 3 });
  assert.deepEqual(await figures(['--fresh-connections']), { connections: { opened: 12, reused: 0, failed: 0, resent: 0 }, connects: 12 });
  assert.deepEqual(await figures(['--fresh-connections', '--transport', 'undici']), {
    connections: { opened: 12, reused: 0, failed: 0, resent: 0 },
    connects: 12,
  });
});

test('more threads than users: those without one have nothing to do', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  assertExit(await workspace.run(['run', '--url', server.url, '-n', '5', '-c', '2', '--workers', '4', ...plain]), 0);
  const { results, client } = await workspace.result();
  assert.deepEqual([results.total_requests, client.workers], [5, 4]);
});

test('as many threads as the machine can spare, left out or asked for, whatever the scenario says', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  const scenario = '{ name: one, workers: 1, load: { requests: 8, concurrency: 8 } }';
  await writeFile(workspace.file('llm-bench.yaml'), `target: { base_url: '${server.url}', model: m }\nscenario: ${scenario}\n`);
  const spare = Math.max(1, Math.min(8, availableParallelism() - 1));
  for (const [flags, workers] of [
    [[], 1],
    [['--workers', 'auto'], spare],
    [['--workers', '2'], 2],
  ] as const) {
    assertExit(await workspace.run(['run', ...flags, ...plain]), 0);
    const { results, client } = await workspace.result();
    assert.deepEqual([results.successful, client.workers], [8, workers]);
  }
});

test('an answer by another model is a failure only where that is checked', async () => {
  await using workspace = await Workspace.open();
  const stranger = (request: Seen, response: Parameters<NonNullable<Parameters<typeof chatServer>[0]>['answer'] & object>[1], number: number) => {
    if (number % 2 === 0) return false;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(
      `data: ${JSON.stringify({ model: 'other', choices: [{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`,
    );
    return request.path !== '';
  };
  await using server = await chatServer({ answer: stranger });
  for (const check of [false, true]) {
    const scenario = `{ name: routed, request: { check_model: ${check} }, load: { requests: 8 }, thresholds: { error_rate: { max: 100 } } }`;
    await writeFile(workspace.file('llm-bench.yaml'), `target: { base_url: '${server.url}', model: mine }\nscenario: ${scenario}\n`);
    assertExit(await workspace.run(['run', ...plain]), 0);
    const { results, errors } = await workspace.result();
    assert.equal(results.failed, check ? 4 : 0);
    if (!check) continue;
    assert.deepEqual(
      errors.map(({ kind, count, example }) => [kind, count, example]),
      [['wrong_model', 4, 'asked for the model mine, answered by other']],
    );
  }
});

test('attempts of a run that sends again: total, mean and most', async () => {
  await using workspace = await Workspace.open();
  const tries = new Map<string, number>();
  await using server = await chatServer({
    answer: ({ body }, response) => {
      const count = (tries.get(body) ?? 0) + 1;
      tries.set(body, count);
      // The first is the one sent ahead; every prompt then fails once.
      if (count > 1 || tries.size === 1) return false;
      response.writeHead(503).end('later');
      return true;
    },
  });
  const scenario = '{ name: again, request: { prompt_tokens: 8 }, retry: { max_attempts: 3, base: 10ms }, load: { requests: 6, concurrency: 2 } }';
  await writeFile(workspace.file('llm-bench.yaml'), `target: { base_url: '${server.url}' }\nscenario: ${scenario}\n`);
  assertExit(await workspace.run(['run', ...plain]), 0);
  const { retries, results, slowest } = await workspace.result();
  assert.deepEqual([results.failed, retries], [0, { total: 6, mean_attempts: 2, max_attempts: 2 }]);
  assert.equal(slowest.length, 6);
  for (const request of slowest) {
    assert.ok(request.headers_ms !== null && request.ttft_ms !== null && request.generation_ms !== null);
    assert.ok(request.ttft_ms + request.generation_ms <= request.latency_ms);
  }
});
