import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LiveTotals } from '../../../src/measure/live-totals.ts';
import { parsePrometheus } from '../../../src/observe/prometheus-text.ts';
import { liveFamilies } from '../../../src/report/exposition/exposed-live.ts';
import { resultFamilies } from '../../../src/report/exposition/exposed-result.ts';
import { exposedName, type Family, renderOpenMetrics, renderPrometheus } from '../../../src/report/exposition/exposition.ts';
import { recordOf } from '../../measure/records.ts';
import { sampleResult } from '../sample.ts';

const labels = fc.dictionary(
  fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/).filter((key) => key !== 'le'),
  fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\r', ' ').replaceAll('\u2028', ' ')),
  { maxKeys: 3 },
);

test('whatever the labels and values are, our own reader of metrics pages reads back what was written', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(labels, fc.double({ noNaN: true })), { minLength: 1, maxLength: 5 }), (series) => {
      const values = series.map(([label, value]) => ({ labels: { ...label }, value }));
      const families: Family[] = [
        { name: 'a_counter', type: 'counter', help: 'of\nsomething \\ "quoted"', values },
        { name: 'a_gauge', type: 'gauge', help: '', values },
      ];
      for (const text of [renderPrometheus(families), renderOpenMetrics(families)]) {
        const read = parsePrometheus(text);
        assert.deepEqual(
          read.map(({ name }) => name),
          [...values.map(() => 'a_counter_total'), ...values.map(() => 'a_gauge')],
        );
        for (const [at, one] of [...values, ...values].entries()) {
          assert.deepEqual({ ...read[at]?.labels }, one.labels);
          assert.equal(read[at]?.value, one.value === 0 ? Number(String(one.value)) : one.value);
        }
      }
    }),
  );
});

test('buckets of a histogram add up, and end with the count', () => {
  const family: Family = {
    name: 'x_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'x',
    histograms: [{ labels: { series: 'a' }, bounds: [0.1, 1], counts: [3, 2, 1], sum: 4.5, count: 6 }],
  };
  assert.equal(
    renderOpenMetrics([family]),
    [
      '# TYPE x_seconds histogram',
      '# UNIT x_seconds seconds',
      '# HELP x_seconds x',
      'x_seconds_bucket{series="a",le="0.1"} 3',
      'x_seconds_bucket{series="a",le="1"} 5',
      'x_seconds_bucket{series="a",le="+Inf"} 6',
      'x_seconds_sum{series="a"} 4.5',
      'x_seconds_count{series="a"} 6',
      '# EOF',
      '',
    ].join('\n'),
  );
});

test('live figures: requests, errors by kind, tokens, times, rates of the last ten seconds, and what is watched', () => {
  const totals = new LiveTotals();
  for (let i = 0; i < 20; i++)
    totals.record(
      recordOf({ series: 's', intendedMs: 0, sentMs: 0, firstOutputMs: 30, lastOutputMs: 80, endMs: 90, outputTokens: 5, streamed: true }),
      1000 + i * 100,
    );
  totals.record(recordOf({ series: 's', error: 'http_5xx', errorMessage: 'HTTP 500' }), 2900);
  totals.inFlight = 3;
  const observed = new Map([
    ['service_memory_mb', { gauge: { name: 'service_memory_mb', unit: 'MB', better: 'lower' as const }, value: 12.5 }],
    ['gpu_power_watts', { gauge: { name: 'gpu_power_watts', unit: 'W', better: 'lower' as const }, value: null }],
  ]);
  const page = parsePrometheus(renderPrometheus(liveFamilies(totals, observed, 3500)));
  const got = (name: string, label = '', value = '') => page.find((one) => one.name === name && (label === '' || one.labels[label] === value))?.value;
  assert.equal(got('llm_bench_requests_total'), 21);
  assert.equal(got('llm_bench_request_errors_total', 'kind', 'http_5xx'), 1);
  assert.equal(got('llm_bench_output_tokens_total'), 100);
  assert.equal(got('llm_bench_requests_in_flight'), 3);
  assert.equal(got('llm_bench_output_tokens_per_second'), 10);
  assert.equal(got('llm_bench_requests_per_second'), 2.1);
  assert.equal(got('llm_bench_request_duration_seconds_count'), 20);
  assert.equal(got('llm_bench_request_duration_seconds_bucket', 'le', '0.1'), 20);
  assert.equal(got('llm_bench_request_duration_seconds_bucket', 'le', '0.05'), 0);
  assert.equal(got('llm_bench_time_to_first_token_seconds_bucket', 'le', '0.05'), 20);
  assert.equal(got('llm_bench_service_memory_mb'), 12.5);
  assert.equal(got('llm_bench_gpu_power_watts'), undefined, 'what is not known is left out');
  // Half a minute later nothing of it is recent.
  const later = parsePrometheus(renderPrometheus(liveFamilies(totals, new Map(), 40_000)));
  assert.equal(later.find(({ name }) => name === 'llm_bench_requests_per_second')?.value, 0);
  assert.equal(later.find(({ name }) => name === 'llm_bench_requests_total')?.value, 21);
});

test('a result as OpenMetrics: times in seconds, statistics as labels, null left out', () => {
  const document = sampleResult();
  const [series] = document.series;
  assert.ok(series);
  series.metrics = {
    ttft_ms: {
      unit: 'ms',
      better: 'lower',
      count: 5,
      sum: 500,
      mean: 100,
      min: 50,
      p50: 90,
      p90: 120,
      p95: 130,
      p99: null,
      p999: null,
      max: 150,
      stddev: 1,
    },
    latency_s: { unit: 's', better: 'lower', count: 5, sum: 5, mean: 1, min: 1, p50: 1, p90: 1, p95: 1.5, p99: null, p999: null, max: 2, stddev: 0 },
    error_rate: { unit: '%', better: 'lower', value: 0 },
    recall_at_k: { unit: 'ratio', better: 'higher', value: null },
  };
  document.series = [series];
  const text = renderOpenMetrics(resultFamilies(document));
  assert.ok(text.endsWith('# EOF\n'));
  const page = parsePrometheus(text);
  const of = (name: string, stat?: string) => page.filter((one) => one.name === name && (stat === undefined || one.labels['stat'] === stat));
  assert.equal(of('llm_bench_result_ttft_seconds', 'p95')[0]?.value, 0.13);
  assert.equal(of('llm_bench_result_ttft_seconds', 'p99').length, 0);
  assert.equal(of('llm_bench_result_latency_seconds', 'p95')[0]?.value, 1.5);
  assert.equal(of('llm_bench_result_error_rate')[0]?.value, 0);
  assert.equal(of('llm_bench_result_recall_at_k').length, 0);
  assert.equal(of('llm_bench_result_error_rate')[0]?.labels['series'], series.id);
});

test('names that no reader would take are made into ones that they do', () => {
  assert.equal(exposedName('ops/s-2'), 'ops_s_2');
  assert.equal(exposedName('99th'), '_99th');
});
