import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderSummary } from '../../src/report/text.ts';
import type { Results } from '../../src/result/document.ts';
import { recommend } from '../../src/result/recommendations.ts';
import { distribution, sampleResult } from '../report/sample.ts';

const resultWith = (results: Partial<Results>) => sampleResult({ results: { ...sampleResult().results, ...results } });
const first = (results: Partial<Results>) => recommend(resultWith(results)).map((text) => text.split(':')[0]);

test('what is wrong is told what to look at, and nothing is where nothing is wrong', () => {
  const slow = (p95: number) => ({ ...distribution(10, 'ms'), p95 });
  assert.deepEqual(first({}), []);
  assert.deepEqual(first({ ttft_ms: slow(2000), tpot_ms: slow(100), error_rate: 1 }), []);
  assert.deepEqual(first({ ttft_ms: slow(2001), tpot_ms: slow(101), error_rate: 1.1 }), ['TTFT', 'Throughput', 'Errors']);
  assert.deepEqual(first({ ttft_ms: null, tpot_ms: null, error_rate: null }), []);
  assert.deepEqual(first({ criteria: [{ of: 'retrieval.latency_ms.p95', met: false }] }), ['Retrieval']);
  const full = sampleResult();
  Object.assign(full.series[0]!.metrics, { machine_memory_percent: { ...distribution(50, '%'), max: 97 } });
  assert.match(recommend(full).join(), /^Memory/);
});

test('the report of a scenario without targets ends with them', () => {
  const text = renderSummary(resultWith({ recommendations: ['Errors: look into the log.'] }));
  assert.match(text, /Recommendations:\n {2}Errors: look into the log\.\n {2}More: docs\/optimization\.md/);
});
