import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { measure } from '../../src/jobs/measure/measure.ts';
import type { MockServer } from '../../src/mock/server.ts';
import { figureAt } from '../../src/result/criteria.ts';
import { Projects, set } from '../jobs/project.ts';
import { engineOf } from '../mock/helpers.ts';

const folder = new URL('../../config/scenarios/', import.meta.url);
/** Those that stand half an hour and more are shortened further, so that each takes seconds here. */
const shorter: Readonly<Record<string, number>> = {
  soak: 0.001,
  production_load: 0.001,
  steady: 0.005,
  load_test: 0.005,
  stress_test: 0.003,
  production_readiness: 0.005,
  resource_pressure: 0.002,
};

const hasUsearch = await import('usearch').then(
  () => true,
  () => false,
);
/** What one engine cannot show; test/jobs has tests with three behind a gateway. */
const ofSeveralReplicas: readonly string[] = ['prefix_cache.routing_affinity_percent', 'prefix_cache.replicas.skew'];
/** Those that have a row for everything that a target can be set for. */
const ofHardware: readonly string[] = ['full', 'cpu_only', 'rtx_3080', 'rtx_4090'];
/** Those that are about prompts that were sent before. */
const repeatsPrompts: readonly string[] = ['prefix_cache'];
/** Those that search vectors. */
const retrieves = (name: string) => name.startsWith('retrieval') || name === 'full';

const projects = new Projects();
let cache = '';
let engine: MockServer & AsyncDisposable;
before(async () => {
  cache = await mkdtemp(join(tmpdir(), 'llm-bench-catalogue-'));
  process.env['XDG_CACHE_HOME'] = cache;
  engine = await engineOf({
    prefillTokensPerSecond: 1e6,
    decodeStepMs: 0.2,
    decodeStepMsPerSequence: 0,
    replica: 'one',
    ...(hasUsearch ? { retrieval: true, retrievalEntries: [1000, 10_000] } : {}),
  });
  await engine.loaded;
});
after(async () => {
  await engine[Symbol.asyncDispose]();
  await projects.close();
  await rm(cache, { recursive: true, force: true });
});

interface Written {
  description: string;
  metrics?: string[];
  criteria?: { of: string }[];
}

for (const file of (await readdir(folder)).filter((name) => name.endsWith('.yaml')).toSorted()) {
  const name = file.replace('.yaml', '');
  const skip = retrieves(name) && !hasUsearch ? 'the package usearch is not installed' : false;
  test(`${name}, shortened, measures what it says it measures`, { skip }, async () => {
    const { metrics = [], criteria = [] } = parse(await readFile(new URL(file, folder), 'utf8')) as Written;
    const options = await projects.open(
      {},
      [
        set('scenario', name),
        set('scale', shorter[name] ?? 0.01),
        set('target.base_url', engine.url),
        ...(name === 'raw_http' ? [set('request.path', '/health')] : []),
      ],
      { selftest: false, env: { XDG_CACHE_HOME: cache } },
    );
    const { document, crash, interrupted } = await measure(options);
    assert.ok(document, 'nothing was measured');
    assert.deepEqual([crash, interrupted], [null, false]);
    assert.equal(document.scenario, name);
    const { results } = document;
    assert.ok(results.successful > 0, JSON.stringify(document.errors));
    for (const path of metrics.filter((one) => !ofSeveralReplicas.includes(one))) {
      const value = figureAt(results, path);
      assert.notEqual(value, null, `${path} was not measured`);
      if (typeof value === 'number') assert.ok(value >= 0, `${path} is ${value}`);
    }
    if (criteria.length > 0) {
      const judged = results['criteria'] as { of: string; met: boolean | null }[];
      assert.deepEqual(
        judged.slice(0, criteria.length).map(({ of }) => of),
        criteria.map(({ of }) => of),
      );
    }
    if (ofHardware.includes(name)) {
      const rows = (results['targets'] as { name: string }[]).map((row) => row.name);
      assert.deepEqual(rows, ['tok_s', 'ttft', 'spike_rate', 'retrieval', 'memory', 'energy']);
    }
    // All of them are driven at one engine, whose prefix cache holds what the others sent.
    if (!repeatsPrompts.includes(name))
      for (const { id, labels, metrics: measured } of document.series)
        if (labels['prompt_tokens'] !== undefined || labels['prompt_class'] !== undefined)
          assert.equal((measured['cached_tokens'] as { max?: number } | undefined)?.max ?? 0, 0, `${id}: prompts were sent before`);
    const { ttft_ms: ttft, latency_s: latency } = results;
    if (ttft !== null && latency !== null) assert.ok((ttft.min ?? 0) <= 1000 * (latency.max ?? 0), 'a first token after the last answer');
  });
}
