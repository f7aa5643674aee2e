import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { limitsFor } from '../../../src/config/thresholds/limits-for.ts';
import { pairedThresholds } from '../../../src/jobs/paired/limits.ts';
import { Projects } from '../project.ts';

const projects = new Projects();
after(() => projects.close());

/** The limits of a metric in a paired comparison, with these thresholds of the user. */
async function limitsWith(thresholds: string | null, metric = 'latency_s.p95', series = 'chat') {
  const files = thresholds === null ? {} : { 'llm-bench.yaml': `thresholds: ${thresholds}\n` };
  const { config } = await projects.open(files as Record<string, string>, []);
  return limitsFor(pairedThresholds(config), series, metric);
}

test("the shipped 20% of p95 latency is none of a paired comparison's, which has its own 5%", async () => {
  assert.deepEqual(await limitsWith(null), {});
  assert.deepEqual(await limitsWith('{ series: { "*": { error_rate: { max: 3 } } } }'), {});
});

test('what the user wrote wins over the 5%, wider or narrower', async () => {
  for (const percent of [2, 20, 40])
    assert.equal(
      (await limitsWith(`{ series: { "*": { latency_s.p95: { max_regression_percent: ${percent} } } } }`))?.max_regression_percent,
      percent,
    );
  assert.equal((await limitsWith('{ max_regression_percent: 30 }'))?.max_regression_percent, 30);
  assert.equal((await limitsWith('{ max_regression_percent: 3 }', 'tokens_per_sec'))?.max_regression_percent, 3);
  assert.equal((await limitsWith('{ series: { chat: { latency_s.p95: { max_regression_percent: 15 } } } }'))?.max_regression_percent, 15);
  assert.deepEqual(await limitsWith('{ series: { "*": { latency_s.p95: { warn_regression_percent: 3 } } } }'), { warn_regression_percent: 3 });
});

test('shipped limits on values, counts and components stay', async () => {
  assert.deepEqual(await limitsWith(null, 'error_rate'), { max: 1 });
  assert.deepEqual(await limitsWith(null, 'allocs/op'), { max_regression_percent: 1 });
  assert.equal((await limitsWith(null, 'ns/op', 'cache/search_1000_entries'))?.max_regression_percent, 15);
  assert.equal((await limitsWith(null, 'latency_s.p95', 'embedded'))?.max, 0.1);
});
