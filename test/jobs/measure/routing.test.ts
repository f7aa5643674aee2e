import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { measure } from '../../../src/jobs/measure/measure.ts';
import { startMock } from '../../../src/mock/server.ts';
import { renderSummary } from '../../../src/report/text.ts';
import type { ResultDocument } from '../../../src/result/document.ts';
import type { RoutedModel } from '../../../src/result/findings/routing.ts';
import { chatServer } from '../../cli/harness.ts';
import { Projects, set } from '../project.ts';
import { gateway } from '../routed.ts';

const projects = new Projects();
after(() => projects.close());

async function measured(url: string, scenario: string, more: ReturnType<typeof set>[] = []): Promise<ResultDocument> {
  const { document } = await measure({
    ...(await projects.open({}, [set('scenario', scenario), set('target.base_url', url), ...more])),
    selftest: false,
  });
  assert.ok(document);
  return document;
}
const metricOf = (document: ResultDocument, series: string, metric: string) => {
  const found = document.series.find(({ id }) => id === series)?.metrics[metric];
  return found !== undefined && 'value' in found ? found.value : undefined;
};
type Routing = RoutedModel & { models: RoutedModel[] };

test('multi_model_routing: every model by itself and all together; first attempts, attempts and accuracy', async () => {
  const failed = new Set<string>();
  // The first two requests of each model fail once; one in five for gemma is answered by another model.
  let gemma = 0;
  await using server = await chatServer({
    tokens: 2,
    tokenMs: 1,
    answer: ({ body }, response) => {
      const { model, max_tokens } = JSON.parse(body) as { model: string; max_tokens: number };
      // The request that is sent ahead asks for less.
      if (max_tokens < 50) return false;
      const key = `${model} ${failed.size}`;
      if ([...failed].filter((one) => one.startsWith(model)).length < 2) {
        failed.add(key);
        response.writeHead(503).end('no endpoint');
        return true;
      }
      if (!model.includes('gemma') || gemma++ % 5 !== 0) return false;
      const choice = { index: 0, delta: { content: 'hi' }, finish_reason: 'stop' };
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(
        `data: ${JSON.stringify({ model: 'other', choices: [choice], usage: { prompt_tokens: 1, completion_tokens: 1 } })}\n\ndata: [DONE]\n\n`,
      );
      return true;
    },
  });
  const document = await measured(server.url, 'multi_model_routing', [set('retry', { max_attempts: 10, base: 0.01 })]);
  const routing = document.results['routing'] as Routing;
  assert.deepEqual([document.results.total_requests, document.results.failed], [50, 0]);
  assert.equal(document.results.unique_prompts, 50);
  const [phi, gemmas] = routing.models;
  assert.deepEqual([phi?.model, phi?.requests, phi?.final_success_rate, phi?.routing_accuracy], ['microsoft/Phi-3-mini-4k-instruct', 25, 100, 100]);
  assert.deepEqual(
    [gemmas?.model, gemmas?.requests, gemmas?.routing_accuracy, gemmas?.answered_by],
    ['google/gemma-2b-it', 25, 80, { 'google/gemma-2b-it': 20, other: 5 }],
  );
  for (const model of [phi, gemmas]) {
    assert.equal((model?.attempts_mean ?? 0) * 25, 27);
    assert.ok([92, 96].includes(model?.first_attempt_success_rate ?? 0), JSON.stringify(model));
  }
  assert.equal(routing.routing_accuracy, 90);
  assert.ok((routing.attempts_max ?? 0) >= 2);
  assert.equal(metricOf(document, 'multi_model_routing', 'routing_accuracy'), 90);
  assert.equal(metricOf(document, 'multi_model_routing/model=google/gemma-2b-it', 'routing_accuracy'), 80);
});

interface PrefixCache {
  ttft_cold_warm_ratio: number | null;
  ttft_cold_shared_ratio: number | null;
  cached_percent: Record<string, number | null>;
  replicas: { expected: number | null; seen: number | null; requests: Record<string, number> | null; skew: number | null };
  routing_affinity_percent: number | null;
  throughput_scaling: number | null;
  notes: string[];
}

/** Three engines that cache prefixes, each with its name, behind a gateway. */
async function behind(choose: (body: string, number: number) => number, run: (url: string, engines: string[]) => Promise<void>): Promise<void> {
  const engines = await Promise.all(
    ['r1', 'r2', 'r3'].map((replica) => startMock({ replica, logEvery: 0, jitterPercent: 0, prefillTokensPerSecond: 12_000, decodeStepMs: 1 })),
  );
  try {
    await using front = await gateway(
      engines.map(({ url }) => url),
      choose,
    );
    await run(
      front.url,
      engines.map(({ url }) => url),
    );
  } finally {
    await Promise.all(engines.map((engine) => engine.close()));
  }
}
const byPrefix = (body: string) => {
  const { messages } = JSON.parse(body) as { messages: { content: string }[] };
  let hash = 0;
  for (const letter of (messages[0]?.content ?? '').slice(0, 400)) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0;
  return hash;
};

test('prefix_cache behind a router that knows prefixes: warm is quicker than cold, the same prefix goes to the same replica', async () => {
  await behind(
    (body) => (body === '' ? 0 : byPrefix(body)),
    async (url) => {
      const document = await measured(url, 'prefix_cache', [set('target.replicas', 3)]);
      const found = document.results['prefix_cache'] as PrefixCache;
      const told = JSON.stringify(found);
      assert.equal(document.results.failed, 0);
      assert.ok((found.ttft_cold_warm_ratio ?? 0) > 1.3, told);
      assert.ok((found.ttft_cold_shared_ratio ?? 0) > 1, told);
      assert.equal(found.cached_percent['cold'], 0, told);
      assert.ok((found.cached_percent['warm'] ?? 0) > 90, told);
      assert.ok((found.cached_percent['shared_prefix'] ?? 0) > 50, told);
      assert.equal(found.routing_affinity_percent, 100, told);
      assert.deepEqual([found.replicas.expected, found.replicas.seen], [3, 3], told);
      assert.ok((found.replicas.skew ?? 0) >= 1 && (found.replicas.skew ?? 9) <= 3, told);
      assert.ok((found.throughput_scaling ?? 0) > 0.5, told);
      assert.deepEqual(found.notes, []);
      assert.equal(metricOf(document, 'prefix_cache', 'routing_affinity'), 100);
      const again = (await measured(url, 'prefix_cache', [set('target.replicas', 3), set('load.requests', 12)])).results[
        'prefix_cache'
      ] as PrefixCache;
      assert.match(again.notes[0] ?? '', /not cold.*--seed/);
    },
  );
});

test('prefix_cache behind a round-robin: affinity is that of chance, the spread even, and a name that nobody tells is a note', async () => {
  await behind(
    (_, number) => number,
    async (url) => {
      const document = await measured(url, 'prefix_cache', [set('load.requests', 18)]);
      const found = document.results['prefix_cache'] as PrefixCache;
      assert.ok((found.routing_affinity_percent ?? 100) < 80, JSON.stringify(found));
      assert.ok((found.replicas.skew ?? 9) < 1.1, JSON.stringify(found));
      const nameless = await measured(url, 'prefix_cache', [set('load.requests', 6), set('target.replica_header', 'x-pod'), set('seed', 77)]);
      const { replicas, routing_affinity_percent, notes } = nameless.results['prefix_cache'] as PrefixCache;
      assert.deepEqual([replicas.seen, replicas.skew, routing_affinity_percent], [null, null, null]);
      assert.ok(
        notes.some((note) => note.includes('replica_header')),
        notes.join(),
      );
    },
  );
});

test('prefix_cache where no header names a replica: their own counters tell how the requests were spread', async () => {
  await behind(
    (_, number) => number % 2,
    async (url, engines) => {
      const pages = engines.map((engine) => ({ url: `${engine}/metrics` }));
      const document = await measured(url, 'prefix_cache', [
        set('load.requests', 6),
        set('target.replica_header', 'x-pod'),
        set('target.replicas', 3),
        set('observe', { metrics: pages, replicas: { counter: 'vllm:request_success_total', label: 'pod' } }),
      ]);
      const { replicas, notes } = document.results['prefix_cache'] as PrefixCache & { replicas: { counted_by: string } };
      assert.equal(replicas.counted_by, 'metrics');
      const [first, second] = engines.map((engine) => new URL(engine).host);
      assert.deepEqual(Object.keys(replicas.requests ?? {}).toSorted(), [first, second].toSorted(), 'a page without the label is named by its host');
      const all = Object.values(replicas.requests ?? {}).reduce((sum, times) => sum + times, 0);
      assert.ok(all >= document.results.total_requests, JSON.stringify(replicas));
      assert.ok((replicas.skew ?? 9) < 1.3, JSON.stringify(replicas));
      assert.ok(
        notes.some((note) => note.startsWith('expected 3 replicas, 2 answered')),
        notes.join(),
      );
      assert.match(renderSummary(document), /Replicas: 2 of 3 answered .*by their own counters/);
    },
  );
});

test('what was asked for is what was sent: the model that a scenario falls back to, where the target names none', async () => {
  await using server = await chatServer({ tokens: 1 });
  const { document } = await measure({
    ...(await projects.open(
      {
        'llm-bench.yaml':
          'scenario:\n  name: fallback\n  request: { default_model: fallen-back-to, check_model: report, max_tokens: 2 }\n  load: { requests: 3 }\n',
      },
      [set('target.base_url', server.url)],
    )),
    selftest: false,
  });
  const sent = server.seen.map(({ body }) => (body ? (JSON.parse(body) as { model?: string }).model : undefined)).filter((model) => model);
  assert.deepEqual(new Set(sent), new Set(['fallen-back-to']));
  assert.ok(document);
  assert.equal((document.results['dispatch'] as { asked: string | null }).asked, 'fallen-back-to');
  assert.equal(document.model, 'fallen-back-to');
});
