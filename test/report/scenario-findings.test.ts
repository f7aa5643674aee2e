import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { forHtml, forMarkdown, forTerminal } from '../../src/report/escape.ts';
import { findingBlocks } from '../../src/report/findings/blocks.ts';
import { renderHtml } from '../../src/report/html/html.ts';
import { renderResultMarkdown } from '../../src/report/markdown.ts';
import { modelLines } from '../../src/report/model-lines.ts';
import { renderSummary } from '../../src/report/text.ts';
import type { Metric, ResultDocument } from '../../src/result/document.ts';
import { sampleResult } from './sample.ts';

const resultWith = (more: Record<string, unknown>): ResultDocument => {
  const sample = sampleResult();
  return { ...sample, results: { ...sample.results, ...more } };
};

/** What each renderer says, in words alone: no markup, one blank between words. */
const renderings = (result: ResultDocument): [string, string][] => [
  ['text', words(renderSummary(result))],
  ['markdown', words(renderResultMarkdown(result))],
  [
    'html',
    words(
      renderHtml(result, null)
        .replaceAll(/<(script|style)\b[\s\S]*?<\/\1>/g, '')
        .replaceAll(/<[^>]+>/g, ' '),
    ),
  ],
];
const words = (text: string) =>
  text
    .replaceAll('\\', '')
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replaceAll('&amp;', '&')
    .replaceAll(/[|\s]+/g, ' ');

function shows(more: Record<string, unknown>, expected: readonly RegExp[]): void {
  for (const [name, text] of renderings(resultWith(more))) for (const part of expected) assert.match(text, part, `${name}: ${part}`);
}

const model = (p50: number, more: Record<string, unknown>) => ({
  total_requests: 25,
  error_rate: 4,
  ttft_ms: { p95: 300 },
  tpot_ms: { p95: 20 },
  latency_s: { p50 },
  throughput: { tokens_per_sec: 88 },
  ...more,
});

suite('what a scenario finds is told as text, markdown and HTML', () => {
  test('routing: by model and for all', () => {
    const figures = {
      requests: 25,
      first_attempt_success_rate: 60,
      final_success_rate: 100,
      attempts_mean: 1.52,
      attempts_max: 4,
      routing_accuracy: 96,
    };
    shows(
      {
        routing: {
          ...figures,
          requests: 50,
          models: [
            { ...figures, model: 'phi', answered_by: { phi: 24, gemma: 1 } },
            { ...figures, model: 'gemma', answered_by: { gemma: 25 } },
          ],
        },
      },
      [/Routing/, /phi 25 60.0 % 100 % 1.52 4 96.0 % phi 24, gemma 1/, /all 50 60.0 % 100 %/],
    );
  });

  test('prefix cache: ratios, cached tokens, replicas, affinity, scaling and its notes', () => {
    shows(
      {
        prefix_cache: {
          ttft_ms: { cold: 200, warm: 50, shared_prefix: 80 },
          cached_percent: { cold: 0, warm: 95, shared_prefix: 60 },
          ttft_cold_warm_ratio: 4,
          ttft_cold_shared_ratio: 2.5,
          replicas: { expected: 3, seen: 2, requests: { a: 30, b: 10 }, skew: 1.5 },
          routing_affinity_percent: 87.5,
          throughput: { single: 50, scaled: 120 },
          throughput_scaling: 2.4,
          scaling_efficiency: 0.8,
          notes: ['expected 3 replicas, 2 answered: a, b'],
        },
      },
      [
        /Cold: new prompts 200 ms 0.0 %/,
        /Warm: the same again 50.0 ms 95.0 %/,
        /cold over warm × 4.00, cold over shared × 2.50/,
        /Replicas: 2 of 3 answered \(a 30, b 10\)/,
        /busiest over mean × 1.50, routing affinity 87.5 %/,
        /throughput 50.0 tokens\/s with one request at a time, 120 tokens\/s with one for each replica, scaling × 2.40, 80.0 % of the ideal/,
        /expected 3 replicas, 2 answered/,
      ],
    );
  });

  test('models: cost per token and tokens per dollar beside speed, and which is best for what', () => {
    shows(
      {
        models: {
          small: model(0.5, { currency: 'USD', cost_per_million_output_tokens: 1.25, tokens_per_dollar: 800_000 }),
          large: model(0.9, { currency: 'USD', cost_per_million_output_tokens: 30, tokens_per_dollar: 33_333 }),
        },
        model_comparison: { best_latency: 'small', best_throughput: 'large', best_cost: 'small' },
      },
      [/Tokens per dollar/, /small 25 4.0 % 300 ms 20.0 ms 500 ms 88.0 1.25 USD 800,000 latency, cost/, /large .* 30.0 USD 33,333 throughput/],
    );
  });

  test('models that are equally good are both called the best', () => {
    const priced = { currency: 'USD', cost_per_million_output_tokens: 1.25, tokens_per_dollar: 800_000 };
    const results = {
      models: { small: model(0.5, priced), large: model(0.9, priced) },
      model_comparison: { best_latency: 'small', best_throughput: 'large', best_cost: 'small', ties: { cost: ['small', 'large'] } },
    };
    shows(results, [/ 800,000 latency, cost/, / 800,000 throughput, cost/]);
    assert.deepEqual(modelLines(resultWith(results)).at(-1)?.split(' (')[0], 'latency_benchmark: best cost per token: small and large, equally');
  });

  test('models without prices have no columns of cost', () => {
    for (const [name, text] of renderings(resultWith({ models: { small: model(0.5, {}) }, model_comparison: { best_latency: 'small' } }))) {
      assert.match(text, /small 25 4.0 %/, name);
      assert.doesNotMatch(text, /per dollar|Per million/, name);
    }
  });

  test('plain HTTP: availability, connecting, size, JSON and what a cache brings', () => {
    shows(
      {
        http: {
          availability_percent: 99.5,
          connect_ms_p50: 1.5,
          connect_ms_max: 9,
          response_bytes_mean: 150,
          response_bytes_max: 2048,
          parse_ms_p50: 0.02,
          parse_ms_max: 0.3,
          cache: { first_latency_s: 0.06, repeat_latency_s_p50: 0.02, first_to_repeat: 3 },
        },
      },
      [
        /Availability: 99.5 %/,
        /Connecting: p50 1.50 ms, at most 9.00 ms/,
        /mean 150 B, at most 2.00 KiB/,
        /p50 20.0 µs, at most 0.300 ms/,
        /first over median × 3.00/,
      ],
    );
  });

  test('batches, capacity, readiness and requests at the edges', () => {
    shows(
      {
        batch_sizes: [
          { size: 1, tokens_per_sec: 100, requests_per_sec: 10, efficiency: 1 },
          { size: 8, tokens_per_sec: 480, requests_per_sec: 48, efficiency: 0.6 },
        ],
        capacity: { load: 8, unit: 'users', replicas: 2, per_replica: 4, requests_per_sec: 48 },
        stable_concurrency_levels: [1, 8],
        breaking_point: { load: 16 },
        plateau: { load: 8 },
        production_readiness: {
          ready: false,
          ttft_ms_p95: 2400,
          success_rate: 99.9,
          p95_ratio_under_load: 1.4,
          stable_under_load: true,
          stable_ratio_limit: 2,
        },
        edge_cases: {
          over_long: { outcome: 'refused', success_rate: 0, server_errors: 0, latency_s_p50: null, errors: ['http_4xx'] },
          server_errors: 0,
        },
      },
      [
        /8 480 48.0 60.0 %/,
        /Highest load within the limits: 8 users, 4.00 users for each of 2 replicas \(48.0 requests\/s\)/,
        /Stable levels: 1, 8/,
        /First load beyond them: 16 users/,
        /Ready for production: no/,
        /TTFT p95: 2.40 s/,
        /Stable under load: yes; p95 at the highest load is × 1.40/,
        /over long refused 0.0 % 0 http_4xx/,
      ],
    );
  });

  test('structured answers: a row for each series, and both endpoints side by side with their difference', () => {
    const row = {
      case: 'simple',
      title: 'Simple JSON object',
      requests: 10,
      median_latency_s: 0.4,
      mean_latency_s: 0.5,
      input_tokens: 23,
      output_tokens: 46,
      expected_input_tokens: 23,
      expected_output_tokens: 46,
      input_deviation_percent: 4.3,
      output_deviation_percent: 0,
      tokens_as_expected: true,
      error_rate: 0,
      compliance_rate: 100,
      invalid_json_rate: 0,
      validation_overhead_percent: 0.2,
      registration_ms: { count: 10, mean: 3, max: 5 },
    };
    const result = resultWith({
      structured_vs_unstructured: {
        rows: [
          { ...row, endpoint: 'structured' },
          {
            ...row,
            endpoint: 'unstructured',
            compliance_rate: 70,
            invalid_json_rate: 20,
            registration_ms: null,
            output_deviation_percent: -72,
            tokens_as_expected: false,
          },
        ],
        structured_less_unstructured: [{ case: 'simple', latency_s: 0.1, output_tokens: -4, compliance_rate: 30, error_rate: 0 }],
      },
    });
    const value = (unit: string, number: number): Metric => ({ unit, better: 'lower', value: number });
    const first = result.series[0];
    assert.ok(first);
    first.metrics['schema_compliance_rate'] = value('%', 97.5);
    first.metrics['invalid_json_rate'] = value('%', 2.5);
    for (const [name, text] of renderings(result))
      for (const part of [
        /Simple JSON object structured 10 400 ms 500 ms 23 46 ~23\/46 \+4\/±0 % 0.0 % 100 % 0.0 % 0.200 % 3.00 ms/,
        /Simple JSON object unstructured .*\+4\/−72 % ⚠️.* 70.0 % 20.0 %/,
        /half off the tokens that are expected: simple \(unstructured\)\./,
        /simple \+100 ms −4 \+30.0 ±0/,
        /Structured answers.* 97.5 % 2.5 %/,
      ])
        assert.match(text, part, name);
  });

  test('conversations: types, the context limit, and each turn over the iterations', () => {
    const turn = (number: number, latency: number, error: string | null = null) => ({
      turn: number,
      ttft_ms: error === null ? 20 : null,
      latency_s: latency,
      input_tokens: error === null ? 30 * number : null,
      output_tokens: 10,
      context_tokens: error === null ? 30 * number + 10 : null,
      error,
      memory_mb: 128,
    });
    shows(
      {
        conversation: {
          begun: 2,
          completed: 1,
          failed: 1,
          types: [{ type: 'short', conversations: 2, mean_duration_s: 0.3, max_duration_s: 0.4, answer_consistency: 0.9 }],
          context_limit: { refused: 1, cut: 3, largest_context_tokens: 2048 },
          conversations: [
            { type: 'short', iteration: 1, turns: [turn(1, 0.1), turn(2, 0.2)] },
            { type: 'short', iteration: 2, turns: [turn(1, 0.3), turn(2, 0.1, 'http_4xx')] },
          ],
        },
      },
      [
        /1 of 2 complete, 1 ended by a failed turn/,
        /Largest context answered: 2,048 tokens, refused for length 1, answers cut for length 3/,
        /short 2 300 ms 400 ms 0.900/,
        /short 1 2 20.0 ms 200 ms 30 10 40 128 0/,
        /short 2 2 20.0 ms 150 ms 60 10 70 128 1/,
      ],
    );
  });

  test('a name from outside is harmless in each', () => {
    const hostile = '<img src=x onerror=alert(1)>|`\n::error::';
    const result = resultWith({
      models: { [hostile]: model(1, { currency: hostile, cost_per_million_output_tokens: 1 }) },
      routing: { models: [{ model: hostile, requests: 1, answered_by: { [hostile]: 1 } }], note: hostile },
      edge_cases: { [hostile]: { outcome: hostile, errors: [hostile] } },
      conversation: { types: [{ type: hostile }], conversations: [{ type: hostile, turns: [{ turn: 1 }] }] },
      structured_vs_unstructured: { rows: [{ title: hostile, endpoint: hostile }], structured_less_unstructured: [{ case: hostile }] },
    });
    assert.doesNotMatch(renderHtml(result, null), /<img/);
    assert.doesNotMatch(renderResultMarkdown(result), /<img/);
    assert.doesNotMatch(renderSummary(result), /^::error::/m);
  });

  const keys = ['routing', 'prefix_cache', 'models', 'model_comparison', 'http', 'batch_sizes', 'capacity', 'plateau', 'edge_cases'];
  const more = ['production_readiness', 'structured_vs_unstructured', 'conversation', 'breaking_point', 'stable_concurrency_levels'];
  test('whatever another tool put there, nothing throws', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys, ...more), fc.jsonValue({ maxDepth: 4 })), (found) => {
        for (const escaping of [forTerminal, forMarkdown, forHtml]) findingBlocks(resultWith(found), escaping);
      }),
      { numRuns: 300 },
    );
  });
});
