import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scenario } from '../../src/config/scenario/scenario.ts';
import { uniteRounds, uniteScenarios } from '../../src/result/unite.ts';
import { documentOf, measuredSeries } from './sample.ts';

const batch = (size: number, tokensPerSecond: number, at: number) => {
  const name = `batch/size=${size}`;
  const series = measuredSeries(name, [10, 20, 30], [1, 2, 3], { tokens_per_sec: tokensPerSecond });
  const scenario = { name, part: { of: 'batch', labels: { size } }, findings: ['batch_efficiency'] } as unknown as Scenario;
  const document = documentOf({
    scenario: 'batch',
    timestamp: new Date(at * 1000).toISOString(),
    cohort: `c${size}`,
    results: { total_requests: 3, successful: 3, failed: 0, duration_seconds: 2, concurrency: size, throughput: { tokens_per_sec: tokensPerSecond } },
    series: [series],
    runs: [
      {
        round: 0,
        order: 0,
        started: new Date(at * 1000).toISOString(),
        duration_seconds: 2,
        values: { [name]: { tokens_per_sec: tokensPerSecond } },
      },
    ],
  });
  return { scenario, document };
};

test('a round of parts is one run of one document, with the figures of all parts together', () => {
  const document = uniteRounds([[batch(1, 100, 0), batch(4, 300, 10)]]);
  assert.equal(document.scenario, 'batch');
  assert.deepEqual(
    document.series.map(({ id }) => id),
    ['batch/size=1', 'batch/size=4', 'batch'],
  );
  assert.equal(document.runs.length, 1);
  assert.equal(document.runs[0]?.duration_seconds, 4);
  assert.equal(document.runs[0]?.values['batch/size=1']?.['tokens_per_sec'], 100);
  assert.equal(document.runs[0]?.values['batch']?.['batch_efficiency'], 0.75);
  assert.equal(document.results['batch_efficiency'], 0.75);
  assert.deepEqual(
    (document.results['parts'] as { series: string; labels: object }[]).map(({ series, labels }) => [series, labels]),
    [
      ['batch/size=1', { size: 1 }],
      ['batch/size=4', { size: 4 }],
    ],
  );
});

test('each round is a run with its own findings; those of the whole are of the pooled figures', () => {
  const document = uniteRounds([
    [batch(1, 100, 0), batch(4, 200, 10)],
    [batch(1, 100, 20), batch(4, 400, 30)],
  ]);
  assert.deepEqual(
    document.runs.map(({ round, values }) => [round, values['batch']?.['batch_efficiency']]),
    [
      [0, 0.5],
      [1, 1],
    ],
  );
  assert.equal(document.results['batch_efficiency'], 0.75);
  assert.equal(document.results.total_requests, 12);
});

test('a part that did not run any more leaves the figures that need it null', () => {
  const document = uniteRounds([[batch(4, 300, 0)]]);
  assert.deepEqual((document.results['batch_sizes'] as object[]).length, 1);
  assert.match(JSON.stringify(document), /"parts":\[\{/, 'it can be written');
  assert.equal(document.results['batch_efficiency'], 1);
});

test('scenarios beside each other keep what each found', () => {
  const other = documentOf({
    scenario: 'chat',
    timestamp: new Date(60_000).toISOString(),
    results: { total_requests: 1, successful: 1, failed: 0, duration_seconds: 1 },
    series: [measuredSeries('chat', [5])],
  });
  const document = uniteScenarios([uniteRounds([[batch(1, 100, 0), batch(4, 300, 10)]]), other]);
  const scenarios = document.results['scenarios'] as Record<string, Record<string, unknown>>;
  assert.equal(scenarios['batch']?.['batch_efficiency'], 0.75);
  assert.deepEqual(Object.keys(scenarios), ['batch', 'chat']);
});

test('runs of one scenario keep their warm-up, and spikes of all of them are held against it', () => {
  const round = (at: number, mean: number) => {
    const latencies = Array.from({ length: 100 }, (_, index) => (index < 10 ? 500 : 100));
    const document = documentOf({
      scenario: 'chat',
      timestamp: new Date(at * 1000).toISOString(),
      results: {
        total_requests: 100,
        successful: 100,
        failed: 0,
        duration_seconds: 1,
        warmup: { requests: 20, mean_latency_s: mean, stddev_latency_s: 0.01 },
      },
      series: [measuredSeries('chat', latencies)],
      runs: [{ round: 0, order: 0, started: new Date(at * 1000).toISOString(), duration_seconds: 1, values: {} }],
    });
    return [{ scenario: { name: 'chat' } as unknown as Scenario, document }];
  };
  const document = uniteRounds([round(0, 0.1), round(60, 0.12)]);
  const warmUp = document.results['warmup'] as { requests: number; mean_latency_s: number; stddev_latency_s: number };
  assert.equal(warmUp.requests, 40);
  assert.ok(Math.abs(warmUp.mean_latency_s - 0.11) < 1e-9);
  // 20 values each of sigma 0.01 around 0.10 and 0.12: (38 x 0.0001 + 40 x 0.0001) / 39.
  assert.ok(Math.abs(warmUp.stddev_latency_s - Math.sqrt(0.0078 / 39)) < 1e-9);
  assert.equal(document.results.spike_rate_percent, 10);
  assert.match(String(document.results['spike_rate_basis']), /40 requests of the warm-up/);
  assert.deepEqual(
    document.runs.map(({ values }) => values['chat']?.['spike_rate_percent']),
    [10, 10],
  );
});
