import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scenario } from '../../src/config/scenario/scenario.ts';
import { Distribution } from '../../src/measure/distribution.ts';
import { renderSummary } from '../../src/report/text.ts';
import { gradeOf, targetAssessment } from '../../src/result/findings/target-assessment.ts';
import { sampleResult } from '../report/sample.ts';

function assessed(targets: Scenario['targets'], spikes: number) {
  const distribution = new Distribution(1000);
  for (let index = 0; index < 1000; index++) distribution.record(index < spikes ? 10_000 : 100 + (index % 10));
  const latency = {
    unit: 's',
    better: 'lower' as const,
    count: 1000,
    sum: null,
    ...distribution.summary(0.001),
    hdr: distribution.encode(),
    hdr_per_unit: 1e6,
  };
  const document = sampleResult({ series: [{ id: 'quick', labels: {}, metrics: { latency_s: latency } }] });
  const scenario = { name: 'quick', targets, load: { executor: 'closed' } } as unknown as Scenario;
  Object.assign(document.results, targetAssessment({ name: 'quick', parts: [{ scenario, document }], document }).results);
  return document;
}

test('grades are of the targets that were measured', () => {
  assert.deepEqual(
    [gradeOf(9, 10), gradeOf(8, 10), gradeOf(6, 10), gradeOf(5, 10), gradeOf(0, 0)],
    ['EXCELLENT', 'GOOD', 'ACCEPTABLE', 'POOR', null],
  );
});

test('the spike rate is the share beyond mean + 3 sigma, and a healthy range has two sides', () => {
  const document = assessed({ spike_rate_range: [5, 15], tokens_per_sec: 30, error_rate: 1 }, 20);
  assert.ok(Math.abs((document.results.spike_rate_percent ?? 0) - 2) < 0.2, String(document.results.spike_rate_percent));
  assert.match(JSON.stringify(document.results['targets']), /below the range/);
  const text = renderSummary(document);
  assert.match(text, /Grade: ACCEPTABLE/);
  assert.match(text, /Targets: 2\/3/);
  assert.match(text, /Spike rate against own mean and sigma of each series: neither a baseline nor a warm-up has 10 requests or more/);
  assert.match(text, /Recommendations:\n {2}Spikes below the range/);
  assert.match(JSON.stringify(document.results['overall_assessment']), /load may be insufficient/);
});

test('a target that was not measured is listed and left out of the total', () => {
  const document = assessed({ ttft_ms: 500, tokens_per_sec: 30 }, 0);
  document.results.ttft_ms = null;
  const scenario = { name: 'quick', targets: { ttft_ms: 5, tokens_per_sec: 30 }, load: { executor: 'closed' } } as unknown as Scenario;
  const { results } = targetAssessment({ name: 'quick', parts: [{ scenario, document }], document });
  assert.match(JSON.stringify(results?.['overall_assessment']), /"total_targets":1,/);
  assert.match(JSON.stringify(results?.['targets']), /"name":"ttft","title":"TTFT p50","met":null/);
});

test('errors beyond 1 % are told where no target says how many there may be', () => {
  const document = assessed({ tokens_per_sec: 0.001 }, 0);
  const recommended = (errorRate: number, targets: Scenario['targets']) => {
    document.results.error_rate = errorRate;
    const scenario = { name: 'quick', targets, load: { executor: 'closed' } } as unknown as Scenario;
    const { results } = targetAssessment({ name: 'quick', parts: [{ scenario, document }], document });
    assert.ok(results);
    return (results['overall_assessment'] as { recommendations: string[] }).recommendations;
  };
  assert.deepEqual(recommended(1, { tokens_per_sec: 0.001 }), []);
  assert.match(recommended(1.5, { tokens_per_sec: 0.001 }).join(), /^Errors: /);
  assert.deepEqual(recommended(1.5, { error_rate: 2 }), []);
});

test('searches, memory and energy are judged where they were measured', () => {
  const asked = { retrieval_ms: 20, memory_percent: 90, energy_monitored: true };
  const times = (p95: number) => ({
    unit: 's',
    better: 'lower' as const,
    count: 100,
    sum: null,
    mean: p95,
    min: p95,
    p50: p95,
    p90: p95,
    p95,
    p99: p95,
    p999: null,
    max: p95,
    stddev: 0,
  });
  const series = (energy: number | null) => [
    { id: 'small', labels: { entries: 1000 }, metrics: { latency_s: times(0.5) } },
    { id: 'large', labels: { entries: 1_000_000 }, metrics: { latency_s: times(0.012) } },
    {
      id: 'chat',
      labels: {},
      metrics: {
        latency_s: times(3),
        machine_memory_percent: { ...times(95), unit: '%', observed: true as const },
        ...(energy === null ? {} : { energy_joules: { unit: 'J', better: 'lower' as const, value: energy, observed: true as const } }),
      },
    },
  ];
  const judged = (energy: number | null) => {
    const document = sampleResult({ series: series(energy) });
    const scenario = { name: 'full', targets: asked, load: { executor: 'closed' } } as unknown as Scenario;
    const { results } = targetAssessment({ name: 'full', parts: [{ scenario, document }], document });
    return ((results?.['targets'] ?? []) as { name: string; met: boolean | null; value: number | null }[]).map(({ name, met, value }) => [
      name,
      met,
      value,
    ]);
  };
  assert.deepEqual(judged(120), [
    ['retrieval', true, 12],
    ['memory', false, 95],
    ['energy', true, 120],
  ]);
  assert.deepEqual(judged(null)[2], ['energy', null, null]);
});

test('memory that only the whole run shows is judged, and load is what the part that stops at limits bore', () => {
  const document = assessed({ tokens_per_sec: 0.001 }, 0);
  const peak = { unit: '%', better: 'lower' as const, count: 9, sum: null, mean: 60, min: 1, p50: null, p90: null, p95: null, p99: null, p999: null };
  document.observed = {
    cost_percent_of_a_core: null,
    metrics: { machine_memory_percent: { ...peak, max: 93, stddev: null, observed: true } },
    absent: [],
  };
  const part = (name: string, load: number, stop: object | undefined) => {
    const level = { load, unit: 'users', requests: 5, error_rate: 0, p95_latency_s: 1 };
    const scenario = { name, targets: { memory_percent: 90 }, request: {}, load: { executor: 'steps' }, stop } as unknown as Scenario;
    return { scenario, document: { ...document, results: { ...document.results, levels: [level] } } };
  };
  const { results } = targetAssessment({ name: 'full', parts: [part('a', 32, undefined), part('b', 10, { max_error_rate: 5 })], document });
  assert.ok(results);
  assert.deepEqual(
    (results['targets'] as { met: boolean; value: number }[]).map(({ met, value }) => [met, value]),
    [[false, 93]],
  );
  assert.deepEqual(results?.['stress_test'], { max_sustainable_load: 10, stable_concurrency_levels: [10] });
});

test('where nothing is searched, the target of searches says what would', () => {
  const document = assessed({ tokens_per_sec: 0.001 }, 0);
  const scenario = { name: 'rtx_4090', targets: { retrieval_ms: 20 }, request: {}, load: { executor: 'closed' } } as unknown as Scenario;
  const { results } = targetAssessment({ name: 'rtx_4090', parts: [{ scenario, document }], document });
  assert.match(JSON.stringify(results?.['targets']), /not measured: nothing is searched here; the scenarios retrieval and full do, at most 20 ms/);
});

test('the spike rate is held against the warm-up where there was one, and says so', () => {
  const document = assessed({ spike_rate_range: [5, 15] }, 100);
  assert.match(String(document.results['spike_rate_basis']), /own mean and sigma/);
  document.results['warmup'] = { requests: 50, mean_latency_s: 0.1, stddev_latency_s: 0.01 };
  const scenario = { name: 'quick', targets: { spike_rate_range: [5, 15] }, load: { executor: 'closed' } } as unknown as Scenario;
  const { results } = targetAssessment({ name: 'quick', parts: [{ scenario, document }], document });
  assert.match(String(results?.['spike_rate_basis']), /50 requests of the warm-up/);
  assert.ok(Math.abs(Number(results?.['spike_rate_percent']) - 10) < 0.5, String(results?.['spike_rate_percent']));
});

test('a level counts as stable by the latency limit too, where the scenario has one', () => {
  const document = assessed({}, 0);
  const level = (load: number, p95: number) => ({ load, unit: 'users', error_rate: 0, p95_latency_s: p95 });
  document.results['levels'] = [level(1, 0.5), level(10, 3)];
  const scenario = { name: 'quick', targets: {}, stop: { max_p95_latency: 2 }, load: { executor: 'steps' } } as unknown as Scenario;
  const { results } = targetAssessment({ name: 'quick', parts: [{ scenario, document }], document });
  assert.deepEqual(results?.['stress_test'], { max_sustainable_load: 1, stable_concurrency_levels: [1] });
});

test('where there is a baseline, the spike rate and its target are held against the baseline', () => {
  const document = assessed({ spike_rate_range: [5, 15] }, 0);
  const before = assessed({}, 0);
  const slow = assessed({}, 300);
  slow.results['warmup'] = { requests: 50, mean_latency_s: 20, stddev_latency_s: 1 };
  const scenario = { name: 'quick', targets: { spike_rate_range: [5, 15] }, load: { executor: 'closed' } } as unknown as Scenario;
  const held = (current: typeof document) =>
    targetAssessment({ name: 'quick', parts: [{ scenario, document: current }], document: current, baseline: before }).results;
  assert.equal(held(slow)?.['spike_rate_percent'], 30);
  assert.match(String(held(slow)?.['spike_rate_basis']), /1000 requests of the baseline/);
  assert.match(JSON.stringify(held(slow)?.['targets']), /above the range/);
  assert.equal(held(document)?.['spike_rate_percent'], 0);
});
