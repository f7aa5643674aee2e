import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scenario } from '../../src/config/scenario/scenario.ts';
import type { Level } from '../../src/load/levels.ts';
import { uniteRounds } from '../../src/result/unite.ts';
import { documentOf } from './sample.ts';

const level = (load: number, changes: Partial<Level> = {}): Level => ({
  load,
  unit: 'users',
  requests: 20,
  requests_per_sec: 10,
  tokens_per_sec: null,
  p50_latency_s: 0.1,
  p95_latency_s: 0.2,
  error_rate: 0,
  dropped: 0,
  goodput: null,
  p95_ratio: null,
  ...changes,
});

/** A round of a scenario that drove these levels, from `second`. */
function round(scenario: Scenario, second: number, levels: readonly Level[], results: Record<string, unknown> = {}) {
  const failed = (one: Level) => Math.round((one.requests * (one.error_rate ?? 0)) / 100);
  const document = documentOf({
    scenario: 'x',
    timestamp: new Date(second * 1000).toISOString(),
    results: { total_requests: 40, successful: 20, failed: 20, duration_seconds: 2, levels, ...results },
    series: levels.map((one) => ({
      id: `x/concurrency=${one.load}`,
      labels: { concurrency: one.load },
      requests: { successful: one.requests - failed(one), failed: failed(one) },
      metrics: { error_rate: { unit: '%', better: 'lower', value: one.error_rate } },
    })),
  });
  return [{ scenario, document }];
}

const steps = { name: 'x', request: {}, load: { executor: 'steps' } } as unknown as Scenario;

test('a level that failed in one round and held in another has failed by half, and is not sustained', () => {
  const whole = uniteRounds([
    round(steps, 0, [level(2, { error_rate: 100 }), level(4, { error_rate: 100 })]),
    round(steps, 10, [level(2), level(4)]),
  ]);
  const levels = whole.results['levels'] as Level[];
  assert.deepEqual(
    levels.map(({ requests, error_rate }) => [requests, error_rate]),
    [
      [40, 50],
      [40, 50],
    ],
  );
  assert.equal(whole.results['max_sustainable_load'], null);
  assert.deepEqual(whole.results['breaking_point'], { load: 2, rule: 'max_error_rate', value: 50, limit: 1 });
});

test('arrivals that were dropped have failed in the added levels, too', () => {
  const one = level(2, { dropped: 20, error_rate: 50 });
  const [pooled] = uniteRounds([round(steps, 0, [one]), round(steps, 10, [level(2)])]).results['levels'] as Level[];
  assert.deepEqual([pooled?.dropped, pooled?.error_rate], [20, (100 * 20) / 60]);
});
