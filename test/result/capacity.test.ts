import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Level } from '../../src/load/levels.ts';
import { capacityOf } from '../../src/result/capacity.ts';
import { judgeCriteria } from '../../src/result/criteria.ts';
import type { Results } from '../../src/result/document.ts';

const level = (load: number, requestsPerSecond: number, p95: number, errors = 0): Level => ({
  load,
  unit: 'users',
  requests: 100,
  requests_per_sec: requestsPerSecond,
  tokens_per_sec: null,
  p50_latency_s: p95 / 2,
  p95_latency_s: p95,
  error_rate: errors,
  dropped: 0,
  goodput: null,
  p95_ratio: p95,
  stop_reason: 'completed',
});

test('the highest load below the first that broke a limit is sustained, and shared by the replicas', () => {
  const found = capacityOf(
    [level(1, 10, 1), level(10, 90, 1.5), level(50, 95, 4), level(100, 96, 12), level(200, 90, 9)],
    { max_error_rate: 5, max_p95_latency: 10 },
    2,
  );
  assert.deepEqual(found.stable_concurrency_levels, [1, 10, 50]);
  assert.deepEqual(found.capacity, { load: 50, unit: 'users', replicas: 2, per_replica: 25, requests_per_sec: 95 });
  assert.deepEqual(found.breaking_point, { load: 100, rule: 'max_p95_latency', value: 12, limit: 10 });
  assert.deepEqual(found.plateau, { load: 50, best_load: 100, best_throughput: 96, unit: 'req/s' });
  assert.equal(found.best_concurrency, 100);
  assert.equal(found.p95_degradation, 4);
});

test('a level that turned most requests away quickly is not the one with the most throughput', () => {
  const found = capacityOf([level(1, 10, 1), level(4, 38, 1.1), level(8, 2000, 1.2, 99)], { max_error_rate: 1 }, 1);
  assert.deepEqual([found.best_concurrency, found.plateau?.best_load, found.plateau?.best_throughput], [4, 4, 38]);
});

test('where all levels hold there is no breaking point; where none does, no capacity', () => {
  assert.equal(capacityOf([level(1, 10, 1)], { max_error_rate: 5 }, 1).breaking_point, null);
  const none = capacityOf([level(1, 10, 1, 50)], { max_error_rate: 5 }, 1);
  assert.deepEqual([none.max_sustainable_load, none.capacity.per_replica, none.stable_concurrency_levels], [null, null, []]);
});

test('criteria are met, not met, or not measured', () => {
  const results = { success_rate: 99.5, ttft_ms: { p95: 400, p99: null }, mlperf: { standard: true, interactive: false } } as unknown as Results;
  const judged = judgeCriteria(results, {
    criteria: [
      { of: 'ttft_ms.p95', max: 500 },
      { of: 'mlperf.interactive', is: true, says: 'interactive' },
      { of: 'nothing.there', min: 1 },
    ],
    slo: ['production', 'mlperf-llama2-70b'],
  });
  assert.deepEqual(
    judged.map(({ text, met, slo }) => [text, met, slo]),
    [
      ['ttft_ms.p95 at most 500', true, undefined],
      ['interactive', false, undefined],
      ['nothing.there at least 1', null, undefined],
      ['at least 99.9 % of the requests succeed', false, 'production'],
      ['ttft_ms.p99 at most 2000', null, 'mlperf-llama2-70b'],
      ['tpot_ms.p99 at most 200', null, 'mlperf-llama2-70b'],
    ],
  );
});

test('a level whose errors or latency are not known has not held', () => {
  const unknown = { ...level(4, 40, 1), error_rate: null };
  const limits = { max_error_rate: 1 };
  assert.deepEqual(capacityOf([level(1, 10, 1), unknown], limits, 1).stable_concurrency_levels, [1]);
  const unanswered = { ...level(4, 40, 1), p95_latency_s: null };
  assert.equal(capacityOf([unanswered], { ...limits, max_p95_latency: 2 }, 1).max_sustainable_load, null);
});

test('a level that was cut off is neither sustained nor the breaking point, nor the best', () => {
  const cut: Level = { ...level(8, 90, 1, 50), stop_reason: 'interrupted' };
  const found = capacityOf([level(1, 10, 1), level(4, 38, 1), cut], { max_error_rate: 1 }, 1);
  assert.deepEqual([found.max_sustainable_load, found.breaking_point, found.best_concurrency], [4, null, 4]);
  assert.equal(capacityOf([{ ...cut, error_rate: 0 }], { max_error_rate: 1 }, 1).max_sustainable_load, null);
});

test('a level that a rule ended has broken, also where its last answers brought the figure back', () => {
  const ended: Level = { ...level(8, 90, 1.9), stop_reason: 'p95_latency' };
  const found = capacityOf([level(4, 38, 1), ended], { max_error_rate: 1, max_p95_latency: 2 }, 1);
  assert.deepEqual([found.max_sustainable_load, found.breaking_point], [4, { load: 8, rule: 'stop.max_p95_latency', value: 1.9, limit: null }]);
});

test('where everything was refused no load is the best', () => {
  const found = capacityOf([level(1, 100, 1, 100), level(4, 400, 1, 100)], { max_error_rate: 1 }, 1);
  assert.deepEqual([found.plateau, found.best_concurrency, found.breaking_point?.load], [null, null, 1]);
});
