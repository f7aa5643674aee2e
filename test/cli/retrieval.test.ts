import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { startMock } from '../../src/mock/server.ts';
import { type ChatServer, chatServer, told, until, Workspace } from './harness.ts';

const hasUsearch = await import('usearch').then(
  () => true,
  () => false,
);
const skip = hasUsearch ? false : 'the package usearch is not installed';

const figures = (metrics: Record<string, unknown> | undefined, name: string) =>
  (metrics?.[name] as { value: number; better: string } | undefined) ?? null;

test('retrieval on the embedded engine: recall, latency, and the index kept for the next time; compare gates on recall', { skip }, async () => {
  await using workspace = await Workspace.open();
  const env = { XDG_CACHE_HOME: workspace.file('cache') };
  const args = ['run', '--scenario', 'retrieval_1k', '-n', '120', '--warmup', '2'];
  const finished = await workspace.run([...args, '-o', 'base.json'], env);
  assert.equal(finished.code, 0, told(finished));
  const document = await workspace.result('base.json');
  const [series] = document.series;
  assert.deepEqual([series?.id, series?.labels['entries'], series?.labels['top_k']], ['retrieval_1k', 1000, 10]);
  const recall = figures(series?.metrics, 'recall_at_k');
  assert.ok(recall !== null && recall.value > 0.8 && recall.value <= 1, `recall ${recall?.value}`);
  assert.equal(recall.better, 'higher');
  assert.equal(document.results.output_tokens, null, 'vectors are no tokens');
  assert.match(finished.stdout, /Recall@10/);
  const kept = await readdir(workspace.file('cache', 'llm-bench'));
  assert.deepEqual(kept.map((name) => name.split('-')[0]).sort(), ['neighbours', 'vectors']);

  const again = await workspace.run([...args, '-o', 'again.json'], env);
  assert.equal(again.code, 0, told(again));
  const second = figures((await workspace.result('again.json')).series[0]?.metrics, 'recall_at_k')?.value ?? 0;
  // Added up in the order of the answers, so the last digit may differ.
  assert.ok(Math.abs(second - recall.value) < 1e-9, 'the same index and queries');

  const worse = await workspace.result('again.json');
  Object.assign(worse.series[0]?.metrics['recall_at_k'] as object, { value: recall.value * 0.8 });
  for (const run of worse.runs) Object.assign(run.values['retrieval_1k'] as object, { recall_at_k: recall.value * 0.8 });
  await writeFile(workspace.file('worse.json'), JSON.stringify(worse));
  await writeFile(workspace.file('limits.yaml'), 'series: { "*": { recall_at_k: { max_regression_percent: 5 } } }\n');
  const compared = await workspace.run(['compare', '--baseline', 'base.json', '--current', 'worse.json', '--thresholds', 'limits.yaml']);
  assert.equal(compared.code, 1, told(compared));
  assert.match(compared.stdout, /recall/i);
});

test('a semantic cache: its hits are those that the exact search finds, at about the rate of the questions made near', { skip }, async () => {
  await using workspace = await Workspace.open();
  await writeFile(
    workspace.file('llm-bench.yaml'),
    'scenario:\n  name: cache\n  extends: retrieval_semantic_cache\n  request: { retrieval: { entries: 2000, sample: 200 } }\n  load: { requests: 200 }\n',
  );
  const finished = await workspace.run(['run', '--warmup', '0', '-o', 'out.json'], { XDG_CACHE_HOME: workspace.file('cache') });
  assert.equal(finished.code, 0, told(finished));
  const { metrics } = (await workspace.result('out.json')).series[0] ?? {};
  const rate = figures(metrics, 'hit_rate_percent')?.value ?? 0;
  // Half are near, half of these nearer than the threshold.
  assert.ok(rate > 12 && rate < 38, `hit rate ${rate}`);
  const accuracy = figures(metrics, 'hit_accuracy_percent')?.value ?? 0;
  assert.ok(accuracy > 97, `accuracy ${accuracy}`);
});

/** Answers as somebody's own search service does, under other names; every third answer leaves out the nearest. */
async function ownService(answers: (number: number) => unknown): Promise<ChatServer> {
  return chatServer({
    answer: (_, response, number) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers(number)));
      return true;
    },
  });
}

const ownScenario = `scenario:
  name: own
  request:
    api: template
    retrieval: { entries: 50, dimension: 8, top_k: 2, queries: 4, sample: 4 }
    template:
      path: /find
      body: { query: { embedding: "\${vector}", limit: "\${top_k}" } }
      answer: { ids: /hits/*/document/id, distances: /hits/*/far }
  load: { executor: closed, requests: 20, concurrency: 2 }
`;

test("a service of one's own: the body by the template, the entries by a pointer; what is not there is malformed", async () => {
  await using workspace = await Workspace.open();
  await using server = await ownService((number) => (number % 2 === 0 ? { hits: [{ document: { id: 'none' }, far: 0.4 }] } : { nothing: true }));
  await writeFile(workspace.file('llm-bench.yaml'), ownScenario);
  const finished = await workspace.run(['run', '--base-url', server.url, '-o', 'out.json'], { XDG_CACHE_HOME: workspace.file('cache') }, () =>
    server.forget(),
  );
  assert.equal(finished.code, 1, told(finished));
  assert.match(finished.stdout, /Error rate is 50\.0 %, above its limit/);
  const body = JSON.parse(server.seen.find(({ path }) => path === '/find')?.body ?? '{}') as { query: { embedding: number[]; limit: number } };
  assert.deepEqual([body.query.embedding.length, body.query.limit], [8, 2]);
  const document = await workspace.result('out.json');
  assert.ok(document.results.failed > 0 && document.results.successful > 0);
  assert.deepEqual(
    document.errors.map(({ kind }) => kind),
    ['malformed'],
  );
  assert.match(document.errors[0]?.example ?? '', /no list at \/hits\/\*\/document\/id/);
  assert.equal(figures(document.series[0]?.metrics, 'recall_at_k')?.value, 0);
});

test('a retrieval that cannot be asked is a fault of the configuration', async () => {
  await using workspace = await Workspace.open();
  await writeFile(workspace.file('llm-bench.yaml'), 'scenario:\n  name: x\n  request: { api: chat, retrieval: { entries: 10 } }\n');
  const finished = await workspace.run(['run', '--base-url', 'http://127.0.0.1:9', '-o', 'x.json']);
  assert.equal(finished.code, 2, told(finished));
  assert.match(finished.stderr, /request\.retrieval: needs request\.api: template, found chat/);
});

test('the embedded server: what it refuses, and the vectors themselves', { skip }, async () => {
  await using workspace = await Workspace.open();
  const cache = workspace.file('cache');
  await mkdir(cache);
  const before = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = cache;
  const server = await startMock({ retrieval: true, retrievalEntries: [100, 200], dimension: 8, logEvery: 0 });
  try {
    await server.loaded;
    const search = async (body: unknown) => {
      const response = await fetch(`${server.url}/v1/search`, { method: 'POST', body: JSON.stringify(body) });
      return {
        status: response.status,
        body: (await response.json()) as { matches?: { id: number; score: number }[]; hit?: boolean; error?: unknown },
      };
    };
    const lines = (await (await fetch(`${server.url}/v1/vectors?from=42&count=2`)).text()).trim().split('\n');
    assert.equal(lines.length, 2);
    const { id, vector } = JSON.parse(lines[0] as string) as { id: number; vector: number[] };
    const { body } = await search({ vector, top_k: 3, threshold: 0.9 });
    assert.equal(id, 42);
    assert.deepEqual([body.matches?.[0]?.id, body.matches?.length, body.hit], [42, 3, true]);
    assert.ok((body.matches?.[0]?.score ?? 0) > 0.98);
    // An approximate index may miss one or the other of its entries.
    const all = (await search({ vector, entries: 200, top_k: 300 })).body.matches?.length ?? 0;
    assert.ok(all >= 190 && all <= 200, String(all));
    for (const [wrong, status] of [
      [{ vector: [1] }, 400],
      [{ vector: 'x' }, 400],
      [{ vector, top_k: 0 }, 400],
      [{ vector, entries: 7 }, 404],
      ['x', 400],
    ] as const)
      assert.equal((await search(wrong)).status, status);
  } finally {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
    await server.close();
  }
});

test('an index that is being built is given up with its server, which says until then that it is loading', { skip }, async () => {
  await using workspace = await Workspace.open();
  const args = ['mock', '--port', '0', '--retrieval', '--retrieval-entries', '100000000', '--dimension', '64'];
  const started = workspace.start(args, { XDG_CACHE_HOME: workspace.file('cache') });
  let said = '';
  started.child.stdout.on('data', (text: string) => {
    said += text;
  });
  await until('it listens', () => said.includes('listening on'));
  const url = /listening on (\S+)/.exec(said)?.[1];
  assert.equal((await fetch(`${url}/health`)).status, 503);
  started.child.kill('SIGTERM');
  const finished = await started.done;
  assert.equal(finished.code, 0, told(finished));
  assert.deepEqual(await readdir(workspace.file('cache', 'llm-bench')), [], 'nothing half made is left');
});

test('a part that searches is skipped with its reason where the target offers no search, and its target is not measured', async () => {
  await using workspace = await Workspace.open();
  const engine = await startMock({ logEvery: 0 });
  try {
    await writeFile(
      workspace.file('llm-bench.yaml'),
      `scenario:
  name: whole
  targets: { tokens_per_sec: 0.001 }
  findings: [retrieval, target_assessment]
  parts:
    - { name: chat, request: { prompt_tokens: [10], max_tokens: 4 }, load: { requests: 4 } }
    - { name: search, scenario: retrieval_1k, load: { requests: 4 }, warmup: 0 }
`,
    );
    const finished = await workspace.run(['run', '--base-url', engine.url, '--model', 'm', '--no-selftest', '-o', 'out.json'], {
      XDG_CACHE_HOME: workspace.file('cache'),
    });
    assert.equal(finished.code, 0, told(finished));
    const { results, series } = await workspace.result('out.json');
    assert.deepEqual(results['skipped'], [
      {
        series: 'whole/part=search',
        reason: 'the target does not offer /v1/search (status 404)',
        targets: { retrieval_ms: 20, tokens_per_sec: 0.001 },
      },
    ]);
    const kept = await readdir(workspace.file('cache', 'llm-bench')).catch(() => []);
    assert.deepEqual(kept, [], 'what its searches should find is not looked for');
    assert.ok(!series.some(({ id }) => id.includes('search')));
    const targets = results['targets'] as { name: string; met: boolean | null; value: number | null; detail: string }[];
    const search = targets.find(({ name }) => name === 'retrieval');
    assert.deepEqual([search?.met, search?.value], [null, null]);
    assert.match(search?.detail ?? '', /not measured: the target does not offer/);
    assert.equal((results['overall_assessment'] as { total_targets: number }).total_targets, 1);
    assert.match(finished.stdout, /Not measured:\n +whole\/part=search: the target does not offer/);
    // By itself it is what was asked for: its failures are measured.
    const alone = await workspace.run(['run', '--base-url', engine.url, '--scenario', 'retrieval_1k', '-n', '3', '--warmup', '0', '--no-selftest'], {
      XDG_CACHE_HOME: workspace.file('cache'),
    });
    assert.equal(alone.code, 1, told(alone));
  } finally {
    await engine.close();
  }
});
