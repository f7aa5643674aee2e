import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { alertsDefaults } from '../../../src/config/alerts.ts';
import { AlertBook } from '../../../src/publish/dashboard/alert-book.ts';
import { type AlertFinding, type AlertInput, findingsOf } from '../../../src/publish/dashboard/alert-rules.ts';
import { loadMetrics } from '../../../src/publish/dashboard/sample.ts';
import { statusOf } from '../../../src/publish/dashboard/status.ts';
import type { LiveTargets } from '../../../src/publish/dashboard/targets.ts';

const finding = (key: string, atOnce = false): AlertFinding => ({ key, category: 'performance', severity: 'bad', title: key, detail: '', atOnce });

test('an alert is told when it has lasted, once within its cool-down, and is over when it is over', () => {
  const book = new AlertBook({ coolDownMs: 60_000, sustainedMs: 10_000 });
  const at = (second: number, ...keys: string[]) =>
    book.update(
      keys.map((key) => finding(key)),
      second * 1000,
    );
  assert.equal(at(0, 'slow').told.length, 0);
  assert.equal(at(9, 'slow').told.length, 0);
  assert.equal(at(10, 'slow').told[0]?.sinceMs, 0);
  assert.equal(at(11, 'slow').told.length, 0);
  assert.equal(at(12).over.length, 0, 'a dip');
  assert.equal(at(15).over[0]?.overMs, 11_000);
  for (let second = 20; second < 70; second++) assert.equal(at(second, 'slow').told.length, 0, `cooling down at ${second}`);
  assert.equal(at(70, 'slow').told.length, 1, 'it lasts longer than the cool-down');
  assert.deepEqual(
    book.history().map(({ overMs }) => overMs),
    [null, 11_000],
  );
});

test('what must be known at once is, and a restart does not tell it again', () => {
  const book = new AlertBook({ coolDownMs: 60_000, sustainedMs: 10_000 });
  assert.equal(book.update([finding('down', true)], 1000).told.length, 1);
  const next = new AlertBook({ coolDownMs: 60_000, sustainedMs: 10_000 });
  next.restore(book.history(), 5000);
  assert.equal(next.update([finding('down', true)], 6000).told.length, 0);
  assert.equal(next.update([finding('down', true)], 61_000).told[0]?.id, 2);
});

test('whatever comes, the history stays bounded and no key is told twice within its cool-down', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.subarray(['a', 'b', 'c', 'd'])), { maxLength: 400 }), (steps) => {
      const book = new AlertBook({ coolDownMs: 7000, sustainedMs: 0 });
      const last = new Map<string, number>();
      let now = 0;
      for (const [step, keys] of steps) {
        now += step;
        for (const { key, toldMs } of book.update(
          keys.map((key) => finding(key)),
          now,
        ).told) {
          assert.ok(toldMs - (last.get(key) ?? Number.NEGATIVE_INFINITY) >= 7000);
          last.set(key, toldMs);
        }
      }
      assert.ok(book.history().length <= 200);
    }),
  );
});

function input(
  values: Record<string, number>,
  changes: Partial<AlertInput> = {},
  series: Record<string, Record<string, unknown>> = {},
  targets: LiveTargets = {},
): AlertInput {
  const sample = { t: 0, values };
  const yardstick = { thresholds: { series: { '*': series } }, series: 'chat', baseline: null, targets };
  return {
    sample,
    requests: 100,
    rows: statusOf(sample, loadMetrics, yardstick as never, true),
    earlier: () => [],
    scenario: 'chat',
    crash: null,
    settings: alertsDefaults,
    ...changes,
  };
}

const titles = (of: AlertInput) => findingsOf(of).map(({ category, title }) => `${category}: ${title}`);

test('performance alerts come of the limits', () => {
  const limits = { tokens_per_sec: { min: 100 }, 'ttft_ms.p95': { max: 200 }, spike_rate_percent: { min: 5, max: 15 } };
  assert.deepEqual(titles(input({ tokens_per_sec: 50, 'ttft_ms.p95': 300, spike_rate_percent: 1 }, {}, limits)), [
    'performance: token throughput below its limit',
    'performance: TTFT above its limit',
    'performance: spike rate below its range: the load may be insufficient',
  ]);
  assert.deepEqual(titles(input({ tokens_per_sec: 150, 'ttft_ms.p95': 200, spike_rate_percent: 5 }, {}, limits)), []);
  assert.deepEqual(titles(input({ 'latency_s.p95': 0.03 }, { scenario: 'retrieval' }, { 'latency_s.p95': { max: 0.02 } })), [
    'performance: retrieval latency above its target',
  ]);
  assert.deepEqual(titles(input({ tokens_per_sec: 50 }, { requests: 3 }, limits)), [], 'three requests say nothing');
  const targets = { tokens_per_sec: { min: 30 }, 'ttft_ms.p50': { max: 5 }, spike_rate_percent: { min: 5, max: 15 } };
  assert.deepEqual(titles(input({ tokens_per_sec: 20, 'ttft_ms.p50': 8, spike_rate_percent: 20 }, {}, {}, targets)), [
    'performance: token throughput below its target',
    'performance: TTFT above its target',
    'performance: spike rate above its range',
  ]);
});

test('a few slow requests, or probes, are enough for an alert; one that failed among them is none', () => {
  const limits = { error_rate: { max: 1 }, 'latency_s.p95': { max: 2 } };
  const few = (errorRate: number, requests: number) => titles(input({ error_rate: errorRate, 'latency_s.p95': 9 }, { requests }, limits));
  assert.deepEqual(few(0, 4), []);
  assert.deepEqual(few(100 / 6, 6), ['performance: latency_s.p95 above its limit']);
  assert.deepEqual(few(100 / 3, 6), ['performance: latency_s.p95 above its limit', 'stability: error_rate above its limit']);
  assert.deepEqual(titles(input({ error_rate: 100, 'errors.http_5xx': 0.1 }, { requests: 6 }, limits)), ['stability: error_rate above its limit']);
  const past = { earlier: () => [0, 0, 0, 0, 0, 0] };
  assert.deepEqual(titles(input({ error_rate: 100 / 6 }, { ...past, requests: 6 })), []);
});

test('resource alerts come of readings', () => {
  const values = { machine_memory_percent: 95, service_cpu_percent: 99, gpu_temperature_celsius: 90 };
  assert.equal(titles(input(values)).length, 3);
  assert.deepEqual(titles(input(values, { settings: { ...alertsDefaults, categories: ['stability'] } })), [], 'filtered');
  const steady = Array.from({ length: 80 }, () => 100);
  const power = (watts: number, load: number) => titles(input({ gpu_power_watts: watts, requests_per_sec: load }, { earlier: () => steady }));
  assert.deepEqual(power(160, 10), ['resource: unusual power draw']);
  assert.deepEqual(power(140, 10), []);
  assert.deepEqual(power(20, 0), [], 'no load draws less power');
});

test('stability alerts: rising errors, time-outs, nobody there, a crash', () => {
  const past = { earlier: (key: string) => (key === 'error_rate' ? [1, 1, 1, 1, 1, 1] : []) };
  assert.deepEqual(titles(input({ error_rate: 5 }, past)), ['stability: error rate is rising']);
  assert.deepEqual(titles(input({ error_rate: 2 }, past)), []);
  assert.deepEqual(titles(input({ 'errors.timeout_total': 0.2, error_rate: 0.5 })), ['stability: requests time out']);
  assert.deepEqual(titles(input({ error_rate: 100, 'errors.refused': 1 }, { requests: 2 })), ['stability: the service does not answer']);
  assert.deepEqual(titles(input({}, { crash: 'it exited' })), ['stability: the service is down']);
});
