import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { measure } from '../../../src/jobs/measure/measure.ts';
import { Projects, set } from '../project.ts';

const projects = new Projects();
after(() => projects.close());

test('the embedded engine is watched from inside and outside', async () => {
  const options = await projects.open({}, [set('load.requests', 60), set('load.concurrency', 4)]);
  const { document } = await measure(options);
  const metrics = document?.series.find(({ detail }) => !detail)?.metrics ?? {};
  for (const name of [
    'service_cpu_cores',
    'service_memory_mb',
    'server_requests_waiting',
    'server_cache_hit_percent',
    'server_queue_ms',
    'server_inference_ms',
  ])
    assert.equal(metrics[name]?.observed, true, name);
  const ttft = metrics['server_ttft_ms'];
  assert.equal(ttft !== undefined && 'count' in ttft ? ttft.count : null, 60, 'the warm-up is not in it');
  assert.ok(document?.validity.checks.some(({ name }) => name === 'server_agrees'));
});

test('a metrics page that was asked for and is none stops the run before a request', async () => {
  const options = await projects.open({ 'llm-bench.yaml': 'observe: { metrics: { url: /health } }\n' }, [set('load.requests', 3)]);
  await assert.rejects(measure(options), { name: 'UserError', message: /observe\.metrics: http.*\/health: line 1: expected a series/ });
});

test('asked to watch nothing, it does not', async () => {
  const options = await projects.open({ 'llm-bench.yaml': 'observe: { metrics: false, resources: false, gpu: false, energy: false }\n' }, [
    set('load.requests', 3),
  ]);
  const { document } = await measure(options);
  assert.deepEqual(document?.observed?.absent, []);
  assert.deepEqual(Object.keys(document.observed.metrics), ['startup_ready_s', 'startup_first_token_s']);
});
