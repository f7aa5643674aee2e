import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunPhase } from '../../src/load/levels.ts';
import { loadFindings, searchMetrics } from '../../src/result/load-findings.ts';
import { outcomeOf, searched } from '../load/executors/outcomes.ts';
import { optionsOf, phasesOf } from '../load/executors/schedule.ts';

const measured = { tokensKnown: true, timeline: [], durationSeconds: 60 };
const scenarioOf = (name: string, options: Record<string, unknown>) => ({ load: { executor: name, ...optionsOf(name, options) } });

test('levels of steps, with the degradation against the lowest load', () => {
  const options = { levels: [10, 1, 5], requests: 100 };
  const p95 = [2000, 500, 1000];
  const phases = phasesOf('steps', options).map((phase, index): RunPhase => ({ phase, outcome: outcomeOf({ latencyP95Ms: p95[index] ?? null }) }));
  const { levels, search, stability } = loadFindings(phases, scenarioOf('steps', options), measured);
  assert.deepEqual(
    levels?.map(({ load, p95_latency_s, p95_ratio, requests_per_sec, tokens_per_sec }) => [
      load,
      p95_latency_s,
      p95_ratio,
      requests_per_sec,
      tokens_per_sec,
    ]),
    [
      [10, 2, 4, 10, 100],
      [1, 0.5, 1, 10, 100],
      [5, 1, 2, 10, 100],
    ],
  );
  assert.deepEqual([search, stability], [undefined, undefined]);
  const unknown = loadFindings(phases, scenarioOf('steps', options), { ...measured, tokensKnown: false });
  assert.equal(unknown.levels?.[0]?.tokens_per_sec, null);
});

test('what was not measured stays unknown', () => {
  const options = { levels: [1, 2], unit: 'rate', duration: 1 };
  const nothing = outcomeOf({ succeeded: 0, latencyP50Ms: null, latencyP95Ms: null, waitedP95Ms: null, outputTokens: 0 }, { durationMs: 0 });
  const phases = phasesOf('steps', options).map((phase): RunPhase => ({ phase, outcome: nothing }));
  assert.deepEqual(loadFindings(phases, scenarioOf('steps', options), measured).levels?.[1], {
    load: 2,
    unit: 'rate',
    requests: 0,
    requests_per_sec: null,
    tokens_per_sec: null,
    p50_latency_s: null,
    p95_latency_s: null,
    waited_p95_s: null,
    error_rate: null,
    dropped: 0,
    goodput: null,
    p95_ratio: null,
    stop_reason: 'completed',
  });
});

test('a search is told, and compared by what it found', () => {
  const options = { max: 100, requests: 10, max_p95_latency: 1 };
  const phases = searched(options, (load) => outcomeOf({ latencyP95Ms: load <= 20 ? 500 : 3000 }));
  const { search, levels } = loadFindings(phases, scenarioOf('search', options), measured);
  assert.deepEqual([search?.max_sustainable_load, search?.breaking_point?.load], [20, 21]);
  assert.equal(levels?.length, phases.length);
  assert.ok(search);
  assert.deepEqual(searchMetrics(search), {
    max_sustainable_load: { unit: 'users', better: 'higher', value: 20 },
    breaking_load: { unit: 'users', better: 'higher', value: 21 },
    knee_load: { unit: 'users', better: 'higher', value: null },
  });
});

test('a soak is told by its thirds, up to the end of its load; other loads are not', () => {
  const timeline = Array.from({ length: 70 }, (_, t) => ({ t, requests: 1, tokens: 1, errors: 0, in_flight: 1, ttft_ms_p50: 1, latency_ms_p95: 1 }));
  const of = (name: string, options: Record<string, unknown>) =>
    loadFindings(
      phasesOf(name, options).map((phase) => ({ phase, outcome: outcomeOf() })),
      scenarioOf(name, options),
      { tokensKnown: true, timeline, durationSeconds: 69 },
    );
  assert.equal(of('soak', { users: 1, duration: '1m' }).stability?.thirds[2].to_s, 60);
  assert.deepEqual(of('closed', { concurrency: 1, duration: '1m' }), {});
});
