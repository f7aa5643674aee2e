import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeResults } from '../../src/result/merge.ts';
import { structuredRates } from '../../src/result/structured.ts';
import { sampleResult } from '../report/sample.ts';

const tally = (valid: number, invalid_json: number, violation: number) => ({ valid, invalid_json, violation, checkMs: 2, latencyMs: 100 });

test('rates are of the answers that were checked; without any there are none', () => {
  assert.equal(structuredRates(tally(0, 0, 0)), null);
  assert.deepEqual(structuredRates(tally(7, 2, 1)), {
    checked: 10,
    compliance_rate: 70,
    invalid_json_rate: 20,
    violation_rate: 10,
    validation_overhead_percent: 2,
  });
});

test('several runs: rates by the answers checked; what a run found stays, by round', () => {
  const run = (minute: number, more: Record<string, unknown>) => {
    const sample = sampleResult({ timestamp: `2026-11-20T10:0${minute}:00.000Z`, series: [], runs: [] });
    return { ...sample, results: { ...sample.results, ...more } };
  };
  const conversation = { begun: 7, completed: 7, failed: 0 };
  const merged = mergeResults([
    run(0, { structured: structuredRates(tally(10, 0, 0)), conversation }),
    run(3, { structured: structuredRates(tally(15, 15, 0)), conversation: { ...conversation, completed: 6 } }),
  ]);
  assert.deepEqual(merged.results['structured'], {
    checked: 40,
    compliance_rate: 62.5,
    invalid_json_rate: 37.5,
    violation_rate: 0,
    validation_overhead_percent: 2,
  });
  const rounds = merged.results['rounds'] as { conversation: { completed: number } }[];
  assert.deepEqual(
    rounds.map((round) => round.conversation.completed),
    [7, 6],
  );
  assert.equal(mergeResults([run(0, { structured: 'nonsense' }), run(3, {})]).results['structured'], undefined);
});
