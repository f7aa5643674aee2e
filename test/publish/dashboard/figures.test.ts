import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Scenario } from '../../../src/config/scenario/scenario.ts';
import { Collector } from '../../../src/publish/dashboard/collector.ts';
import { keepsLargest, SampleHistory } from '../../../src/publish/dashboard/history.ts';
import { loadMetrics } from '../../../src/publish/dashboard/sample.ts';
import { statusOf } from '../../../src/publish/dashboard/status.ts';
import { liveTargets } from '../../../src/publish/dashboard/targets.ts';
import { normalise } from '../../../src/result/normalise.ts';

const request = (latencyMs: number, error: string | null = null) => ({ latencyMs, ttftMs: latencyMs / 2, outputTokens: 10, error });

test('figures are of the last ten seconds', () => {
  const collector = new Collector();
  collector.begin(0);
  for (let at = 0; at < 20_000; at += 100)
    collector.add(request(at < 10_000 ? 1000 : 100, at >= 15_000 && at % 1000 === 0 ? 'timeout_total' : null), at);
  const { values, requests } = collector.sample(19_999);
  assert.equal(requests, 100);
  assert.equal(Math.round(values['requests_per_sec'] ?? 0), 10);
  assert.equal(Math.round(values['tokens_per_sec'] ?? 0), 100);
  assert.equal(values['error_rate'], 5);
  assert.equal(values['errors.timeout_total']?.toFixed(2), '0.50');
  assert.equal(values['latency_s.p50'], 0.1);
  assert.equal(values['ttft_ms.p99'], 50);
  const later = collector.sample(40_000).values;
  assert.equal(later['requests_per_sec'], 0);
  assert.equal(later['error_rate'], null);
  assert.equal(later['latency_s.p50'], null, 'nothing ended: not known');
});

test('rates of a load that has just begun are over its own time; before any load they are not known', () => {
  const collector = new Collector();
  assert.equal(collector.sample(1000).values['requests_per_sec'], null);
  collector.begin(1000);
  for (let at = 0; at < 20; at++) collector.add(request(5), 1000 + at * 100);
  assert.equal(collector.sample(3000).values['requests_per_sec'], 10);
  assert.equal(collector.filled(3000), 0.2);
});

test('percentiles of few requests are null, and spikes are those beyond the baseline', () => {
  const collector = new Collector();
  for (let at = 0; at < 4; at++) collector.add(request(5), 100);
  assert.equal(collector.sample(100).values['latency_s.p95'], null);
  for (let at = 0; at < 96; at++) collector.add(request(at < 6 ? 500 : 5), 100);
  collector.spikeBeyondMs = 400;
  assert.equal(collector.sample(100).values['spike_rate_percent'], 6);
});

test('a history in bounded memory keeps means and extremes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 2, max: 40 }),
      (values, limit) => {
        const history = new SampleHistory(limit, keepsLargest);
        for (const [t, value] of values.entries()) history.add({ t, values: { cpu: value, 'ttft_ms.p95': value, gap: t % 2 === 0 ? value : null } });
        assert.ok(history.length <= limit);
        const { t, values: columns } = history.columns();
        assert.deepEqual(
          t,
          [...t].sort((a, b) => a - b),
        );
        assert.equal(t[0], 0);
        assert.equal(Math.max(...(columns['ttft_ms.p95'] as number[])), Math.max(...values));
        const means = columns['cpu'] as number[];
        assert.ok(Math.min(...means) >= Math.min(...values) * (1 - 1e-9) && Math.max(...means) <= Math.max(...values) * (1 + 1e-9));
      },
    ),
  );
});

const baseline = normalise({
  series: [
    {
      id: 'chat',
      labels: {},
      metrics: { ttft_ms: { unit: 'ms', better: 'lower', count: 500, p95: 100 }, tokens_per_sec: { unit: 'tokens/s', better: 'higher', value: 200 } },
    },
  ],
} as never);

test('each metric has its verdict by the thresholds, and the lines to draw', () => {
  const thresholds = {
    series: { '*': { 'ttft_ms.p95': { max_regression_percent: 20, max: 500 }, tokens_per_sec: { min: 50 }, 'service_memory_mb.max': { max: 1000 } } },
  };
  const of = (values: Record<string, number>, steady = true) =>
    Object.fromEntries(
      statusOf({ t: 0, values }, loadMetrics, { thresholds, series: 'chat', baseline, targets: {} }, steady).map((row) => [row.key, row]),
    );
  const slow = of({ 'ttft_ms.p95': 130, tokens_per_sec: 40, service_memory_mb: 1200, in_flight: 3 });
  assert.equal(slow['ttft_ms.p95']?.light, 'red');
  assert.equal(slow['ttft_ms.p95'].verdict, 'regressed');
  assert.equal(slow['ttft_ms.p95'].change_percent, 30);
  assert.deepEqual(
    slow['ttft_ms.p95'].lines.map(({ kind, value }) => [kind, value]),
    [
      ['max', 500],
      ['baseline', 100],
      ['regression', 120],
    ],
  );
  assert.equal(slow['tokens_per_sec']?.light, 'red');
  assert.equal(slow['service_memory_mb.max']?.light, 'red');
  const fine = of({ 'ttft_ms.p95': 110, tokens_per_sec: 190 });
  assert.equal(fine['ttft_ms.p95']?.light, 'green');
  assert.equal(fine['tokens_per_sec']?.light, 'green');
  assert.equal(of({ tokens_per_sec: 1 }, false)['tokens_per_sec']?.light, 'none', 'not before a whole window was under load');
});

test('what a scenario would like to see is drawn, and missed it is a warning that no limit outvotes', () => {
  const targets = liveTargets({
    targets: { tokens_per_sec: 30, ttft_ms: 5, spike_rate_range: [5, 15], retrieval_ms: 20, memory_percent: 90 },
    request: {} as Scenario['request'],
  });
  const thresholds = { series: { '*': { 'ttft_ms.p50': { max: 100 } } } };
  const of = (values: Record<string, number>, steady = true) =>
    Object.fromEntries(
      statusOf({ t: 0, values }, loadMetrics, { thresholds, series: 'chat', baseline: null, targets }, steady).map((row) => [row.key, row]),
    );
  const missed = of({ tokens_per_sec: 20, 'ttft_ms.p50': 8, spike_rate_percent: 1, machine_memory_percent: 95, 'latency_s.p95': 9 });
  const seen = (rows: typeof missed) => Object.values(rows).map(({ key, light, rule }) => [key, light, rule]);
  assert.deepEqual(seen(missed).sort(), [
    ['latency_s.p95', 'none', null],
    ['machine_memory_percent', 'yellow', 'target max 90'],
    ['spike_rate_percent', 'yellow', 'target min 5'],
    ['tokens_per_sec', 'yellow', 'target min 30'],
    ['ttft_ms.p50', 'yellow', 'target max 5'],
  ]);
  assert.deepEqual(missed['spike_rate_percent']?.lines, [
    { kind: 'target', value: 5 },
    { kind: 'target', value: 15 },
  ]);
  const red = of({ 'ttft_ms.p50': 130 })['ttft_ms.p50'];
  assert.deepEqual([red?.light, red?.rule], ['red', 'max 100']);
  const met = of({ tokens_per_sec: 40, 'ttft_ms.p50': 4, spike_rate_percent: 7 });
  assert.ok(Object.values(met).every(({ light }) => light === 'green'));
  assert.equal(of({ tokens_per_sec: 1 }, false)['tokens_per_sec']?.light, 'none');
  const searching = liveTargets({ targets: { retrieval_ms: 20 }, request: { retrieval: {} } as unknown as Scenario['request'] });
  assert.deepEqual(searching, { 'latency_s.p95': { max: 0.02 } });
});
