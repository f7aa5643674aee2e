import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scenario } from '../../src/config/scenario/scenario.ts';
import { models } from '../../src/result/findings/models.ts';
import { documentOf } from './sample.ts';

test('of models that are equally good the first is the best, and all of them are named', () => {
  const prices = { input_per_million: 1, output_per_million: 2 };
  const partOf = (model: string, p50: number, tokensPerSecond: number, successful = 4) => ({
    scenario: { name: `s/model=${model}`, part: { of: 's', labels: { model } } } as unknown as Scenario,
    document: documentOf({
      results: {
        total_requests: 4,
        successful,
        latency_s: { p50 },
        throughput: { tokens_per_sec: tokensPerSecond },
        input_tokens: 10,
        output_tokens: 10,
      },
      config: { resolved: { target: { prices } } },
    }),
  });
  const compared = (...parts: ReturnType<typeof partOf>[]) =>
    models({ name: 's', parts, document: documentOf({ results: {} }) }).results?.['model_comparison'];
  assert.deepEqual(compared(partOf('a', 0.5, 10), partOf('b', 0.4, 10), partOf('dead', 0.1, 99, 0)), {
    best_latency: 'b',
    best_throughput: 'a',
    best_cost: 'a',
    ties: { throughput: ['a', 'b'], cost: ['a', 'b'] },
  });
  assert.deepEqual(compared(partOf('dead', 0.1, 99, 0)), { best_latency: null, best_throughput: null, best_cost: null });
});
