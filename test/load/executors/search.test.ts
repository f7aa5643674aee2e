import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PhaseOutcome } from '../../../src/load/executor.ts';
import { figuresOf, levelsOf } from '../../../src/load/levels.ts';
import { breachOf as breachOfLevel, type LevelRules } from '../../../src/load/search-rules.ts';
import { kneeOf, searchSummary as summaryOf } from '../../../src/load/search-summary.ts';
import { loadOf, outcomeOf, searched } from './outcomes.ts';
import { faultsOf, optionsOf } from './schedule.ts';

const rulesOf = (options: Record<string, unknown>) => optionsOf('search', options) as unknown as LevelRules;
const searchSummary = (phases: ReturnType<typeof searched>, rules: LevelRules) => summaryOf(levelsOf(phases, true), rules);
const breachOf = (outcome: PhaseOutcome, rules: LevelRules) => breachOfLevel(figuresOf(outcome), rules);
/** A service whose p95 passes one second above a load. */
const holdsUpTo = (capacity: number) => (load: number) => outcomeOf({ latencyP95Ms: load <= capacity ? 500 : 2000 });
const loads = (phases: ReturnType<typeof searched>) => phases.map(({ phase }) => loadOf(phase));

test('steps up by the factor until a rule breaks, then halves the distance', () => {
  const options = { max: 1000, requests: 10, max_p95_latency: '1s', tolerance: 1 };
  const phases = searched(options, holdsUpTo(43));
  assert.deepEqual(loads(phases), [1, 2, 4, 8, 16, 32, 64, 48, 40, 44, 42, 43]);
  assert.deepEqual(searchSummary(phases, rulesOf(options)), {
    unit: 'users',
    max_sustainable_load: 43,
    breaking_point: { load: 44, rule: 'max_p95_latency', value: 2, limit: 1 },
    knee: null,
    stable_levels: [1, 2, 4, 8, 16, 32, 40, 42, 43],
    cut_off_levels: [],
  });
});

test('steps up by a fixed distance', () => {
  const phases = searched({ start: 10, step: 20, max: 100, requests: 10, max_p95_latency: 1, tolerance: 10 }, holdsUpTo(65));
  assert.deepEqual(loads(phases), [10, 30, 50, 70, 60, 65]);
});

test('a service that holds everything is driven to the maximum, and no further', () => {
  const options = { start: 3, max: 50, requests: 10, max_p95_latency: 1 };
  const phases = searched(options, holdsUpTo(1e9));
  assert.deepEqual(loads(phases), [3, 6, 12, 24, 48, 50]);
  const summary = searchSummary(phases, rulesOf(options));
  assert.deepEqual([summary?.max_sustainable_load, summary?.breaking_point], [50, null]);
});

test('a service that holds nothing', () => {
  const users = { start: 8, max: 50, requests: 10, max_p95_latency: 1 };
  const phases = searched(users, holdsUpTo(0));
  assert.deepEqual(loads(phases), [8, 4, 2, 1]);
  const summary = searchSummary(phases, rulesOf(users));
  assert.deepEqual([summary?.max_sustainable_load, summary?.breaking_point?.load, summary?.stable_levels], [null, 1, []]);
  assert.deepEqual(loads(searched({ unit: 'rate', start: 64, max: 100, duration: 1, max_p95_latency: 1 }, holdsUpTo(0))), [64, 32, 16, 8, 4, 2, 1]);
});

test('the search closes in on what the service holds, in few levels, and never goes above the maximum', () => {
  const service = fc.record({
    unit: fc.constantFrom('users' as const, 'rate' as const),
    start: fc.integer({ min: 1, max: 50 }),
    max: fc.integer({ min: 50, max: 5000 }),
    capacity: fc.integer({ min: 1, max: 6000 }),
    tolerance: fc.double({ min: 0.1, max: 20, noNaN: true }),
  });
  fc.assert(
    fc.property(service, ({ unit, start, max, capacity, tolerance }) => {
      const options = { unit, start, max, tolerance, duration: 1, max_p95_latency: 1 };
      const phases = searched(options, holdsUpTo(capacity));
      const driven = loads(phases);
      assert.equal(new Set(driven).size, driven.length);
      assert.ok(driven.every((load) => load > 0 && load <= max));
      assert.ok(driven.length <= 40, `${driven.length} levels`);
      if (unit === 'users') assert.ok(driven.every(Number.isInteger));
      const found = searchSummary(phases, rulesOf(options));
      if (capacity >= max) assert.deepEqual([found?.max_sustainable_load, found?.breaking_point], [max, null]);
      else if (found?.max_sustainable_load != null && found.breaking_point) {
        const [low, high] = [found.max_sustainable_load, found.breaking_point.load];
        assert.ok(low <= capacity && high > capacity);
        assert.ok(high - low <= Math.max(unit === 'users' ? 1 : 0, (tolerance / 100) * high) + 1e-9);
      } else assert.ok(capacity < start);
    }),
  );
});

test('each rule breaks a level by its own figure', () => {
  const rules = { max_error_rate: 5, max_p95_latency: 1, min_goodput: 90 };
  assert.equal(breachOf(outcomeOf({ good: 95, succeeded: 96, failed: 4 }), rules), null);
  assert.deepEqual(breachOf(outcomeOf({ succeeded: 90, failed: 10 }), rules), { rule: 'max_error_rate', value: 10, limit: 5 });
  assert.deepEqual(breachOf(outcomeOf({}, { dropped: 100 }), rules), { rule: 'max_error_rate', value: 50, limit: 5 });
  assert.deepEqual(breachOf(outcomeOf({ latencyP95Ms: 1001 }), rules), { rule: 'max_p95_latency', value: 1.001, limit: 1 });
  // Half of the requests timed out: those that were answered are no measure of what people waited.
  const timedOut = outcomeOf({ latencyP95Ms: 300, waitedP95Ms: 5000 });
  assert.deepEqual(breachOf(timedOut, rules), { rule: 'max_p95_latency', value: 5, limit: 1 });
  assert.deepEqual(breachOf(outcomeOf({ good: 80 }), rules), { rule: 'min_goodput', value: 80, limit: 90 });
  assert.deepEqual(breachOf(outcomeOf({}, { stopReason: 'p95_latency' }), rules), { rule: 'stop.max_p95_latency', value: 0.5, limit: null });
  assert.deepEqual(breachOf(outcomeOf({}, { stopReason: 'error_rate' }), rules), { rule: 'stop.max_error_rate', value: 0, limit: null });
  assert.equal(breachOf(outcomeOf({ succeeded: 0, latencyP95Ms: null }), rules), null);
});

test('a level of fewer requests than users sends two for each', () => {
  const sent = searched({ max: 64, requests: 20, max_p95_latency: 1 }, holdsUpTo(1e9)).map(({ phase }) => phase.requests);
  assert.deepEqual(sent, [20, 20, 20, 20, 32, 64, 128]);
});

test('a level that was cut off neither held nor broke, whoever cut it off', () => {
  const options = { max: 8, requests: 10, max_p95_latency: 1 };
  for (const stopReason of ['interrupted', 'service_crashed', 'budget', 'ended'] as const) {
    for (const latencyP95Ms of [500, 5000]) {
      const phases = searched(options, holdsUpTo(1e9)).slice(0, 3);
      const last = phases.at(-1);
      if (last) last.outcome = outcomeOf({ latencyP95Ms }, { stopReason });
      const summary = searchSummary(phases, rulesOf(options));
      assert.deepEqual([summary?.max_sustainable_load, summary?.stable_levels, summary?.breaking_point], [2, [1, 2], null], stopReason);
    }
  }
  assert.equal(searchSummary([], rulesOf(options)), null);
});

test('the knee is where throughput stops to grow and latency begins to', () => {
  // A service of 100 requests/s and 0.1 s: by Little's law at n users min(n / 0.1, 100) requests/s and max(0.1, n / 100) s.
  const levels = [1, 2, 5, 10, 20, 40, 80].map((load) => ({
    load,
    requests_per_sec: Math.min(load / 0.1, 100),
    p95_latency_s: Math.max(0.1, load / 100),
  }));
  assert.deepEqual(kneeOf(levels), { load: 10, requests_per_sec: 100, p95_latency_s: 0.1 });
  // Beyond the knee throughput may fall again.
  assert.equal(kneeOf([...levels, { load: 160, requests_per_sec: 60, p95_latency_s: 3 }])?.load, 10);
});

test('no knee where there is none', () => {
  const line = [1, 2, 3, 4].map((load) => ({ load, requests_per_sec: load, p95_latency_s: load }));
  assert.equal(kneeOf(line), null);
  assert.equal(kneeOf(line.slice(0, 2)), null);
  assert.equal(kneeOf(line.map((level) => ({ ...level, p95_latency_s: 1 }))), null);
  assert.equal(kneeOf(line.map((level) => ({ ...level, p95_latency_s: 5 - level.load }))), null);
});

test('searches that cannot be are refused', () => {
  const refused = (options: Record<string, unknown>, reason: RegExp) => {
    const faults = faultsOf('search', options);
    assert.ok(
      faults.some((fault) => reason.test(fault)),
      `${JSON.stringify(options)}: ${faults.join(' | ')}`,
    );
  };
  assert.deepEqual(faultsOf('search', { max: 10, requests: 5 }), []);
  refused({ requests: 5 }, /max/);
  refused({ max: 10 }, /never end/);
  refused({ max: 0, requests: 5 }, /max/);
  refused({ start: 20, max: 10, requests: 5 }, /at least the start/);
  refused({ step: 1, factor: 2, max: 10, requests: 5 }, /found both/);
  refused({ factor: 1, max: 10, requests: 5 }, /factor/);
  refused({ start: 1.5, max: 10, requests: 5 }, /whole number/);
  refused({ max: 10, requests: 5, min_goodput: 90 }, /slo/);
  refused({ max: 10, requests: 5, min_goodput: 90, slo: {} }, /slo/);
  refused({ max: 10, requests: 5, tolerance: 0 }, /tolerance/);
  refused({ max: 10, requests: 5, max_error_rate: 101 }, /max_error_rate/);
});

test('refusals are quick and no throughput: the knee is not the level that turns nearly everything away', () => {
  const options = { start: 1, step: 1, max: 8, requests: 10, tolerance: 5 };
  // Four at once are served; p95 rises with every further one that waits, and beyond six nearly all are refused at once.
  const phases = searched(options, (load) =>
    load > 6
      ? outcomeOf({ succeeded: 70, failed: 2000, latencyP95Ms: 110 })
      : outcomeOf({ succeeded: Math.min(load, 4) * 17, latencyP95Ms: load <= 4 ? 58 + load : 60 + 25 * (load - 4) }),
  );
  const summary = searchSummary(phases, rulesOf(options));
  assert.deepEqual([summary?.max_sustainable_load, summary?.breaking_point?.load, summary?.knee?.load], [6, 7, 4]);
  assert.ok(Math.abs((summary?.knee?.requests_per_sec ?? 0) - 6.8) < 1e-9);
});
