import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scenario } from '../../src/config/scenario/scenario.ts';
import type { Level } from '../../src/load/levels.ts';
import type { Breach } from '../../src/load/search-rules.ts';
import type { SearchSummary } from '../../src/load/search-summary.ts';
import { acrossRounds } from '../../src/result/across-rounds.ts';
import type { Metric, Series } from '../../src/result/document.ts';
import type { MeasuredPart } from '../../src/result/findings/finding.ts';
import { valueAt } from '../../src/result/metric-values.ts';
import type { Stability } from '../../src/result/stability.ts';
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
  stop_reason: 'completed',
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

const search = { name: 'x', request: {}, load: { executor: 'search', max_error_rate: 1 } } as unknown as Scenario;

test('rounds of a search are united by their loads: one that broke is not the maximum, though each round chose others', () => {
  const found = (load: number) => ({ max_sustainable_load: { unit: 'users', better: 'higher' as const, value: load } });
  const rounds = [
    round(search, 0, [level(2), level(8, { error_rate: 50 }), level(4), level(6, { error_rate: 10 }), level(5)]),
    round(search, 10, [level(2), level(8), level(16, { error_rate: 50 }), level(12, { stop_reason: 'interrupted' })]),
  ];
  rounds.forEach(([part], index) => {
    if (part === undefined) return;
    // As details: levels of a search are.
    part.document.series = part.document.series.map((series) => ({ ...series, detail: true }));
    part.document.series.unshift({ id: 'x', labels: { scenario: 'x' }, metrics: found(index === 0 ? 5 : 8) });
  });
  const whole = uniteRounds(rounds);
  const summary = whole.results['search'] as SearchSummary;
  assert.deepEqual([summary.max_sustainable_load, summary.breaking_point?.load, summary.stable_levels], [5, 6, [2, 4, 5]]);
  assert.equal(whole.results['max_sustainable_load'], 5);
  assert.equal(valueAt(whole.series.find(({ id }) => id === 'x') as Series, 'max_sustainable_load'), 5);
  const levels = whole.results['levels'] as Level[];
  assert.deepEqual(
    levels.map(({ load, requests, error_rate, stop_reason }) => [load, requests, error_rate, stop_reason]),
    [
      [2, 40, 0, 'completed'],
      [8, 40, 25, 'completed'],
      [4, 20, 0, 'completed'],
      [6, 20, 10, 'completed'],
      [5, 20, 0, 'completed'],
      [16, 20, 50, 'completed'],
      [12, 20, 0, 'interrupted'],
    ],
  );
});

test('a level that a rule ended in one round has broken; one that was cut off in one round counts by the other', () => {
  const whole = uniteRounds([
    round(steps, 0, [level(2), level(4), level(8, { stop_reason: 'p95_latency' })]),
    round(steps, 10, [level(2), level(4, { stop_reason: 'interrupted' })]),
  ]);
  assert.deepEqual([whole.results['stable_concurrency_levels'], (whole.results['breaking_point'] as Breach & { load: number }).load], [[2, 4], 8]);
});

test('a level of an earlier version, which does not say how it ended, counts beside one that was cut off', () => {
  const whole = uniteRounds([
    round(steps, 0, [level(2), level(4, { stop_reason: 'interrupted' })]),
    round(steps, 10, [level(2), level(4, { stop_reason: null })]),
  ]);
  assert.deepEqual(whole.results['stable_concurrency_levels'], [2, 4]);
});

test('arrivals that were dropped have failed in the added levels, too', () => {
  const one = level(2, { dropped: 20, error_rate: 50 });
  const [pooled] = uniteRounds([round(steps, 0, [one]), round(steps, 10, [level(2)])]).results['levels'] as Level[];
  assert.deepEqual([pooled?.dropped, pooled?.error_rate], [20, (100 * 20) / 60]);
});

test('the rate of a level over several rounds is of the time that the level lasted in each, not of the whole rounds', () => {
  const rounds = [1, 2].map((seconds) => {
    const [part] = round(steps, 10 * seconds, [level(2)]);
    const [series] = part?.document.series ?? [];
    assert.ok(part && series);
    const rate: Metric = { unit: 'req/s', better: 'higher', value: 20 / seconds };
    series.metrics = { ...series.metrics, requests_per_sec: rate, successful_requests_per_sec: rate };
    return [part];
  });
  const [pooled] = uniteRounds(rounds).results['levels'] as Level[];
  assert.ok(Math.abs((pooled?.requests_per_sec ?? 0) - 40 / 3) < 1e-9);
});

test('results of several runs that are added name the worst of all their runs', () => {
  const soak = { name: 'x', request: {}, load: { executor: 'soak' } } as unknown as Scenario;
  const third = { from_s: 0, to_s: 3, requests_per_sec: 1, tokens_per_sec: 0, error_rate: 0, ttft_ms_p50: null, latency_ms_p95: 1, memory_mb: null };
  const stability = (stable: boolean) => ({
    thirds: [third, third, third],
    drift: { latency_ms_p95_percent: 0 },
    assessment: { stable, crashes: 0, reasons: stable ? [] : ['slower'] },
  });
  const one = (second: number, of: unknown) => {
    const [part] = round(soak, second, [], { stability: of });
    assert.ok(part);
    delete part.document.results['levels'];
    return part;
  };
  const two = (second: number, stable: [boolean, boolean]) => {
    const part = one(second, { ...stability(false), run: 2 });
    part.document.results['rounds'] = stable.map((of) => ({ stability: stability(of) }));
    return part;
  };
  const [first, second] = [two(0, [true, true]), two(100, [true, false])] as [MeasuredPart, MeasuredPart];
  const [added] = acrossRounds([[first], [second]]);
  const found = added?.document.results['stability'] as Stability;
  assert.deepEqual([found.run, found.assessment.stable], [4, false]);
});
