import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { hints, hintsFor } from '../../src/report/hints.ts';
import { renderSummary, renderText } from '../../src/report/text.ts';
import { distribution, sampleResult, sampleRow, sampleVerdict, slowTtft, throughput } from './sample.ts';

test('the summary has every line that the console promises', () => {
  assert.equal(
    renderSummary(sampleResult(), { color: false, savedTo: 'bench_results.json' }),
    `llm-bench: latency_benchmark
Timestamp:              2026-11-20T10:00:00.000Z
Base URL:               http://127.0.0.1:8000
Target:                 my-service
Model:                  my-model
Total requests:         500
Successful:             498
Failed:                 2
Concurrency:            8
Unique prompts:         10
Duration:               42 s
Throughput:             11.8 requests/s
Error rate:             0.40 %
Success rate:           99.60 %
Output tokens/s:        1,204 (the whole run)
Generation speed:       91.3 tokens/s (mean of the requests)
Tokens:                 60,000 in, 51,066 out (ratio 1.18)

             Min     Mean      p50      p90      p95      p99  p99.9      Max  Std dev
Latency   656 ms   853 ms   820 ms   984 ms   1.11 s   1.31 s      —   1.64 s   123 ms
TTFT      108 ms   140 ms   135 ms   162 ms   182 ms   216 ms      —   270 ms  20.3 ms
TPOT     8.80 ms  11.4 ms  11.0 ms  13.2 ms  14.9 ms  17.6 ms      —  22.0 ms  1.65 ms

Errors:
  http_5xx:             2, first after 7.1 s; 503 Service Unavailable: no capacity

Saved to bench_results.json
`,
  );
});

test('the note is printed: what a person remarked, and whose definitions the figures follow', () => {
  const text = renderSummary(sampleResult({ note: 'mine; times and rates by the definitions of vLLM bench serve (vllm-project/vllm, serve.py)' }));
  assert.match(text, /^Note: +mine; times and rates by the definitions of vLLM bench serve \(vllm-project\/vllm, serve\.py\)$/m);
});

test('what was not measured is left out, findings and an early stop are told', () => {
  const { results } = sampleResult();
  const nothing = {
    ...results,
    total_requests: 0,
    successful: 0,
    failed: 0,
    success_rate: null,
    error_rate: null,
    concurrency: null,
    unique_prompts: null,
  };
  const text = renderSummary(
    sampleResult({
      model: null,
      partial: true,
      stop_reason: 'interrupted',
      errors: [],
      results: {
        ...nothing,
        ttft_ms: null,
        tpot_ms: null,
        latency_s: null,
        throughput: { tokens_per_sec: null, requests_per_sec: null },
        mean_request_tokens_per_sec: null,
        input_tokens: null,
        output_tokens: null,
      },
      validity: {
        valid: false,
        checks: [
          { name: 'late_sends', ok: false, severity: 'fatal', detail: '40 requests were sent late' },
          { name: 'duration', ok: false, severity: 'advice', detail: 'measured for less than 30 s' },
        ],
      },
    }),
  );
  assert.doesNotMatch(text, /Model|Error rate|Output tokens|Concurrency|p95|null|NaN/);
  assert.match(text, /^Stopped: {16}interrupted \(partial result\)$/m);
  assert.match(text, /^Not valid: 40 requests were sent late\nAdvice: measured for less than 30 s$/m);
});

test('colour is the caller’s choice and changes nothing else', () => {
  const result = sampleResult();
  const verdict = sampleVerdict('regressed', [slowTtft, throughput]);
  assert.notEqual(renderText(verdict, result, null, { color: true }), renderText(verdict, result, null, { color: false }));
  assert.equal(stripVTControlCharacters(renderText(verdict, result, null, { color: true })), renderText(verdict, result, null, { color: false }));
  assert.equal(stripVTControlCharacters(renderSummary(result, { color: true, savedTo: 'x' })), renderSummary(result, { color: false, savedTo: 'x' }));
});

test('the comparison: a sentence, what changed first, columns that line up', () => {
  const rows = [throughput, sampleRow(), slowTtft];
  const lines = renderText(sampleVerdict('regressed', rows), sampleResult(), sampleResult(), { color: false }).split('\n');
  assert.deepEqual(lines.slice(0, 6), [
    '❌ llm-bench: TTFT p95 regressed by 31% (limit 20%)',
    '',
    'Metric           Baseline  Current             Change    Noise  Limit',
    'TTFT p95           182 ms   239 ms  +31.3 % (27 … 35)  ± 2.1 %  +20 %  ❌',
    'Output tokens/s     1,204    1,131   −6.1 % (−8 … −4)  ± 1.0 %  −15 %  ✅',
    'Latency p95        1.08 s   1.10 s             +1.9 %        —  +20 %  ✅',
  ]);
});

test('hints fit what went wrong, causes first, and each has its section in the guide', async () => {
  const guide = await readFile(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');
  for (const name of Object.keys(hints)) assert.match(guide, new RegExp(`^## ${name}$`, 'm'));

  const sections = (...parameters: Parameters<typeof hintsFor>) => hintsFor(...parameters).map(({ section }) => section.split('#')[1]);
  const failing = (kind: 'refused' | 'timeout_total' | 'wrong_model' | 'http_5xx' | 'http_4xx', success: number, example = '') => {
    const { results } = sampleResult();
    return sampleResult({
      errors: [{ kind, count: 9, first_seen: 0, example }],
      results: { ...results, error_rate: 100 - success, success_rate: success, successful: success },
    });
  };
  const fine = sampleResult({ errors: [] });
  assert.deepEqual(sections(fine, null), []);
  assert.deepEqual(sections(failing('refused', 0), null), ['connection-refused']);
  assert.deepEqual(sections(failing('wrong_model', 50), null), ['missing-models', 'high-error-rate', 'low-success-rate']);
  assert.deepEqual(sections(failing('http_4xx', 50, '404: The model `x` does not exist'), null), [
    'missing-models',
    'high-error-rate',
    'low-success-rate',
  ]);
  const tooLong = 'HTTP 400: This model holds 600 tokens; the prompt has 234 and 500 for the answer.';
  assert.deepEqual(sections(failing('http_4xx', 50, tooLong), null), ['high-error-rate', 'low-success-rate']);
  const wrongPath = 'HTTP 404: {"error":{"message":"There is nothing at /nowhere; there is /health, /v1/models"}}';
  assert.deepEqual(sections(failing('http_4xx', 50, wrongPath), null), ['high-error-rate', 'low-success-rate']);
  assert.deepEqual(sections(failing('timeout_total', 97), null), ['timeouts']);
  assert.deepEqual(sections(failing('http_5xx', 60), null), ['high-error-rate', 'low-success-rate']);
  const worse = (metric: string) => sampleVerdict('regressed', [sampleRow({ metric, verdict: 'regressed' })]);
  assert.deepEqual(sections(fine, worse('ttft_ms.p95')), ['high-ttft']);
  assert.deepEqual(sections(fine, worse('latency_s.p95')), ['high-p95-latency']);
  assert.deepEqual(sections(fine, worse('tokens_per_sec')), ['low-throughput']);
  assert.deepEqual(sections(fine, worse('error_rate')), ['high-error-rate']);
  assert.deepEqual(sections(fine, sampleVerdict('inconclusive', [sampleRow({ verdict: 'inconclusive' })])), ['high-variance']);
  const scattered = (executor: string) => {
    const sample = sampleResult({ errors: [], config: { resolved: { scenario: { name: 's', request: {}, load: { executor } } }, sha256: '' } });
    Object.assign(sample.series[0]!.metrics['latency_s']!, { stddev: 9 });
    return sample;
  };
  assert.deepEqual(sections(scattered('closed'), null), ['high-variance']);
  for (const executor of ['spike', 'ramping_users', 'ramping_rate', 'trace']) assert.deepEqual(sections(scattered(executor), null), [], executor);
  const better = sampleRow({ metric: 'tokens_per_sec', verdict: 'warn', rule: 'warn_change_percent 15 (better)' });
  assert.deepEqual(sections(fine, sampleVerdict('warn', [better])), []);
});

test('a load by a schedule has a row for how late the client sent; one of users has none', () => {
  const open = sampleResult();
  const series = open.series[0]!;
  series.metrics['send_lateness_ms'] = { ...distribution(0.4, 'ms'), better: 'neither' };
  assert.doesNotMatch(renderSummary({ ...open, client: { ...open.client, late_sends: null } }), /Send lateness/);
  const text = renderSummary({ ...open, client: { ...open.client, late_sends: 0 } });
  assert.match(text, /\nSend lateness +0\.320 ms +0\.416 ms +0\.400 ms/);
});
