import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { forHtml, forTerminal } from '../../src/report/escape.ts';
import { findingBlocks } from '../../src/report/findings/blocks.ts';
import { renderMarkdown, renderResultMarkdown } from '../../src/report/markdown.ts';
import { renderSummary } from '../../src/report/text.ts';
import type { ResultDocument } from '../../src/result/document.ts';
import { mergeResults } from '../../src/result/merge.ts';
import { sampleResult, sampleVerdict } from './sample.ts';

const level = (load: number, p95: number, ratio: number) => ({
  load,
  unit: 'users',
  requests: 100,
  requests_per_sec: load * 2,
  tokens_per_sec: load * 50,
  p50_latency_s: p95 / 2,
  p95_latency_s: p95,
  error_rate: 0,
  dropped: 0,
  goodput: null,
  p95_ratio: ratio,
});
const search = {
  unit: 'users',
  max_sustainable_load: 40,
  breaking_point: { load: 50, rule: 'max_p95_latency', value: 12, limit: 10 },
  knee: { load: 20, requests_per_sec: 31, p95_latency_s: 0.9 },
  stable_levels: [10, 20, 40],
};
const third = { from_s: 0, to_s: 10, requests_per_sec: 5, tokens_per_sec: 100, error_rate: 0, ttft_ms_p50: 80, latency_ms_p95: 900 };
const stability = {
  thirds: [third, third, { ...third, latency_ms_p95: 990 }],
  drift: { requests_per_sec_percent: 0, tokens_per_sec_percent: 0, ttft_ms_p50_percent: 0, latency_ms_p95_percent: 10, error_rate_points: 0.5 },
};

function resultWith(more: Record<string, unknown>, overrides: Partial<ResultDocument> = {}): ResultDocument {
  const sample = sampleResult(overrides);
  return { ...sample, results: { ...sample.results, ...more } };
}

const whole = resultWith(
  {
    levels: [level(10, 1, 1), level(50, 2.5, 2.5)],
    search,
    stability,
    mlperf: { standard: true, interactive: false },
    criteria: [{ name: 'TTFT p95', met: false, detail: '2.4 s, at most 2 s' }],
    concurrency: 100,
  },
  {
    retries: { total: 12, mean_attempts: 1.1, max_attempts: 4 },
    config: { resolved: { target: { expected_concurrency: 86 } }, sha256: 'x' },
  },
);

test('steps of load, what a search found, drift, badges, criteria, retries and the expected concurrency are in the console summary and in markdown', () => {
  for (const text of [renderSummary(whole), renderResultMarkdown(whole), renderMarkdown(sampleVerdict('ok', []), whole, null)])
    for (const part of [
      /Maximum sustainable load: 40 users/,
      /Breaking point: 50 users \(p95 latency 12.0 s, above 10 s\)/,
      /Knee: 20 users, 31.0 requests\/s at p95 900 ms/,
      /Stable concurrency levels: 10, 20, 40/,
      /Most throughput: 2,500 tokens\/s at 50 users/,
      /× 2.50/,
      /Latency p95.+990 ms.+\+10.0 %/,
      /\+0.5 points/,
      /memory of the service was not watched/,
      /Standard.+✅ met/,
      /Interactive.+❌ not met/,
      /TTFT p95.+2.4 s, at most 2 s.+❌ not met/,
      /12 retries; 1.10 attempts in the mean, 4 at most/,
      /Used 50 of the 86 requests at once/,
    ])
      assert.match(text, part);
});

test('a soak whose memory was watched shows its drift; a load of one is one user', () => {
  const watched = { ...stability, thirds: stability.thirds.map((one, at) => ({ ...one, memory_mb: 500 + 100 * at })) };
  const drift = { ...stability.drift, memory_percent: 40 };
  const results = { stability: { ...watched, drift }, search: { ...search, max_sustainable_load: 1 } };
  for (const text of [renderSummary(resultWith(results)), renderResultMarkdown(resultWith(results))]) {
    assert.match(text, /Service memory.+500 MB.+600 MB.+700 MB.+\+40.0 %/);
    assert.doesNotMatch(text, /was not watched/);
    assert.match(text, /Maximum sustainable load: 1 user$/m);
  }
});

test('a load that was cut off is told as one, and nothing is said to be held that was not', () => {
  const cut = { ...level(50, 9, 9), stop_reason: 'interrupted' };
  const none = { ...search, max_sustainable_load: null, breaking_point: null, stable_levels: [] };
  const stepped = renderSummary(resultWith({ levels: [level(10, 1, 1), cut] }));
  assert.match(stepped, /Cut off at 50 users \(interrupted\): this load neither held nor broke/);
  assert.match(stepped, /Most throughput: .+ at 10 users|^(?!.*Most throughput)/s);
  const sought = renderSummary(
    resultWith({ levels: [level(10, 1, 1), cut], search: { ...search, breaking_point: null, max_sustainable_load: 10, cut_off_levels: [50] } }),
  );
  assert.match(sought, /Maximum sustainable load: 10 users at least\n +Breaking point: none; the search was cut off before it found one/);
  assert.match(renderSummary(resultWith({ levels: [cut], search: none })), /Maximum sustainable load: not known; no load was measured to its end/);
});

test('a step with fewer requests than users is told as one', () => {
  const text = renderSummary(resultWith({ levels: [level(10, 1, 1), { ...level(50, 2, 2), requests: 20 }] }));
  assert.match(text, /Fewer requests than users at 50: so many were never under way at once; send more requests/);
  assert.doesNotMatch(renderSummary(resultWith({ levels: [level(10, 1, 1), level(50, 2, 2)] })), /Fewer requests than users/);
});

const emptySummary = { mean: null, min: null, p50: null, p90: null, p95: null, p99: null, p999: null, max: null, stddev: null };

test('what was measured stands beside what was asked, with the unit that its name says', () => {
  const result = resultWith({
    mlperf: { standard: true, interactive: false },
    ttft_ms: { ...emptySummary, p95: 511.487 },
    tpot_ms: { ...emptySummary, p95: 0.677 },
    stability: { assessment: { stable: false, crashes: 0, reasons: ['memory rose by 50.0 %', 'the error rate rose by 2.0 points'] } },
    criteria: [
      { of: 'mlperf.interactive', text: 'MLPerf interactive', is: true, value: false, met: false },
      { of: 'success_rate', text: 'nearly all succeed', min: 99.9, value: 99.95, met: true },
      { of: 'routing.routing_accuracy', text: 'by the model asked', min: 100, value: 98, met: false },
      { of: 'latency_s.p95', text: 'quick enough', max: 0.1, value: 0.0824, met: true },
      { of: 'production_readiness.ttft_ms_p95', text: 'first token', max: 2000, value: 511.487, met: true },
      { of: 'stability.assessment.stable', text: 'as it began', is: true, value: false, met: false },
      { of: 'max_sustainable_load', text: 'a user at least', min: 1, value: 50, met: true },
    ],
  });
  const text = renderSummary(result);
  for (const line of [
    /Standard +TTFT p95 511 ms \(at most 2 s\), TPOT p95 0\.677 ms \(at most 100 ms\) +✅ met/,
    /MLPerf interactive +TTFT p95 511 ms \(at most 500 ms\), TPOT p95 0\.677 ms \(at most 30 ms\) +❌ not met/,
    /nearly all succeed +100 %, at least 99\.9 % +✅/,
    /by the model asked +98\.0 %, at least 100 % +❌/,
    /quick enough +82\.4 ms, at most 100 ms +✅/,
    /as it began +memory rose by 50\.0 %; the error rate rose by 2\.0 points +❌ not met/,
    /first token +511 ms, at most 2 s +✅/,
    /a user at least +50\.0, at least 1 +✅/,
  ])
    assert.match(text, line);
});

test('throughput that grew to the highest load is not said to have stopped there, and refusals are none', () => {
  const capacity = { load: 50, unit: 'users', replicas: 1, per_replica: 50, requests_per_sec: 50 };
  const levels = [level(10, 1, 1), level(50, 2, 2)];
  const at = (load: number) => renderSummary(resultWith({ levels, capacity, plateau: { load, best_load: 50 } }));
  assert.match(at(50), /Throughput still grew at the highest load/);
  assert.match(at(10), /Throughput stops to grow at 10 users/);
  const cut = [level(10, 1, 1), { ...level(50, 2, 2), stop_reason: 'budget' }];
  assert.match(
    renderSummary(resultWith({ levels: cut, capacity, plateau: { load: 10, best_load: 10 } })),
    /Throughput still grew at the highest load/,
  );
  const refused = levels.map((one) => ({ ...one, tokens_per_sec: null, error_rate: 100 }));
  assert.doesNotMatch(renderSummary(resultWith({ levels: refused })), /Most throughput/);
});

test('a soak says whether it was stable; of several runs the worst is named, and each has its thirds', () => {
  const assessed = (stable: boolean | null, reasons: string[]) => ({ ...stability, assessment: { stable, crashes: 0, reasons } });
  assert.match(renderSummary(resultWith({ stability: assessed(true, []) })), /Stability:\n {2}Stable$/m);
  assert.match(renderSummary(resultWith({ stability: assessed(null, []) })), /not known: it was cut off/);
  const worst = assessed(false, ['memory rose by 30.0 %']);
  const text = renderSummary(resultWith({ stability: { ...worst, run: 2 }, rounds: [{ stability: assessed(true, []) }, { stability: worst }] }));
  assert.match(text, /Stability:\n {2}The worst run was run 2\n {2}Not stable: memory rose by 30.0 %\n/);
  assert.match(text, /Stability of round 2:\n {2}Not stable: memory/);
});

test('of plain HTTP there is no word of MLPerf', () => {
  assert.doesNotMatch(renderSummary(resultWith({ mlperf: { standard: null, interactive: null }, ttft_ms: null, tpot_ms: null })), /MLPerf/);
});

test('findings survive merging: by scenario where those differ, by round where they do not', () => {
  const at = (minute: number) => ({ timestamp: `2026-11-20T10:0${minute}:00.000Z` });
  const steps = resultWith({ levels: [level(10, 1, 1)] }, { scenario: 'stress_test', ...at(0), series: [], runs: [] });
  const sought = resultWith({ search }, { scenario: 'breaking_point', ...at(3), series: [], runs: [] });
  const plain = resultWith({}, { scenario: 'health', ...at(6), series: [], runs: [] });
  const united = mergeResults([mergeResults([steps, sought]), plain]);
  assert.deepEqual(Object.keys(united.results['scenarios'] as object), ['stress_test', 'breaking_point', 'health']);
  const titles = findingBlocks(united, forTerminal).map(({ title }) => title);
  assert.deepEqual(titles, ['Load steps of stress_test', 'Capacity of breaking_point']);

  const again = resultWith({ search: { ...search, max_sustainable_load: 35 } }, { scenario: 'breaking_point', ...at(8), series: [], runs: [] });
  const rounds = mergeResults([sought, again]);
  const text = renderSummary(rounds);
  assert.match(text, /Capacity of round 1:\n {2}Maximum sustainable load: 40 users/);
  assert.match(text, /Capacity of round 2:\n {2}Maximum sustainable load: 35 users/);
  assert.equal(mergeResults([plain, resultWith({}, { scenario: 'health', ...at(9), series: [], runs: [] })]).results['rounds'], undefined);
});

test('whatever another tool has in those places, nothing throws and nothing is markup', () => {
  const keys = ['levels', 'search', 'stability', 'mlperf', 'criteria', 'targets', 'scenarios', 'parts', 'rounds', 'overall_assessment'];
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...keys), fc.oneof(fc.jsonValue(), fc.array(fc.dictionary(fc.string(), fc.jsonValue())))), (more) => {
      for (const { title, lines, table } of findingBlocks(resultWith(more), forHtml))
        assert.doesNotMatch([title, ...lines, ...(table?.rows.flat() ?? [])].join(' '), /<(?!\/?code>)/);
    }),
  );
  const hostile = resultWith({ criteria: [{ name: '<img src=x>', met: true }], scenarios: { '<b>': { search } } });
  assert.doesNotMatch(JSON.stringify(findingBlocks(hostile, forHtml)), /<img|<b>/);
});
