import type { DistributionMetric, ResultDocument } from '../../src/result/document.ts';
import type { MetricVerdict, Verdict } from '../../src/verdict/verdict.ts';

/** A distribution around a median, shaped like a measured one. */
export function distribution(p50: number, unit: string, count = 500): DistributionMetric {
  return {
    unit,
    better: 'lower',
    count,
    sum: p50 * count * 1.04,
    mean: p50 * 1.04,
    min: p50 * 0.8,
    p50,
    p90: p50 * 1.2,
    p95: p50 * 1.35,
    p99: p50 * 1.6,
    p999: null,
    max: p50 * 2,
    stddev: p50 * 0.15,
  };
}

const summary = ({ mean, min, p50, p90, p95, p99, p999, max, stddev }: DistributionMetric) => ({ mean, min, p50, p90, p95, p99, p999, max, stddev });

/** A complete result as a run writes it; `overrides` replace whole members. */
export function sampleResult(overrides: Partial<ResultDocument> = {}): ResultDocument {
  const latency = distribution(0.82, 's');
  const ttft = distribution(135, 'ms');
  return {
    schema_version: 1,
    tool: { name: 'llm-bench', version: '0.1.0' },
    timestamp: '2026-11-20T10:00:00.000Z',
    target: 'my-service',
    scenario: 'latency_benchmark',
    base_url: 'http://127.0.0.1:8000',
    model: 'my-model',
    partial: false,
    stop_reason: 'completed',
    results: {
      total_requests: 500,
      successful: 498,
      failed: 2,
      success_rate: 99.6,
      error_rate: 0.4,
      duration_seconds: 42.4,
      concurrency: 8,
      unique_prompts: 10,
      ttft_ms: summary(ttft),
      tpot_ms: summary(distribution(11, 'ms')),
      itl_ms: null,
      latency_s: summary(latency),
      throughput: { tokens_per_sec: 1204.4, requests_per_sec: 11.79 },
      mean_request_tokens_per_sec: 91.3,
      input_tokens: 60_000,
      output_tokens: 51_066,
      input_output_token_ratio: 1.175,
      mlperf_compliant: null,
      spike_rate_percent: null,
    },
    series: [
      {
        id: 'latency_benchmark',
        labels: { scenario: 'latency_benchmark' },
        metrics: {
          ttft_ms: ttft,
          latency_s: latency,
          tokens_per_sec: { unit: 'tokens/s', better: 'higher', value: 1204.4 },
          error_rate: { unit: '%', better: 'lower', value: 0.4 },
        },
      },
    ],
    runs: [{ round: 0, order: 0, started: '2026-11-20T10:00:00.000Z', duration_seconds: 42.4, values: {} }],
    timeline: Array.from({ length: 42 }, (_, t) => ({
      t,
      requests: 12,
      tokens: 1200,
      errors: t === 7 ? 2 : 0,
      in_flight: 8,
      ttft_ms_p50: t === 9 ? null : 130 + t,
      latency_ms_p95: 1100 + t,
    })),
    slowest: [
      {
        index: 17,
        series: 'latency_benchmark',
        started_s: 1.2,
        connect_ms: 1,
        headers_ms: 3,
        ttft_ms: 400,
        generation_ms: 1200,
        latency_ms: 1640,
        output_tokens: 100,
      },
    ],
    errors: [{ kind: 'http_5xx', count: 2, first_seen: 7.1, example: '503 Service Unavailable: no capacity' }],
    retries: null,
    validity: {
      valid: true,
      checks: [
        { name: 'client_cpu', ok: true, severity: 'fatal', detail: 'the client used 12 % of a core' },
        { name: 'late_sends', ok: true, severity: 'fatal', detail: 'no request was sent late' },
      ],
    },
    admissible: true,
    client: { cpu_seconds: 5.1, event_loop_p99_ms: 1.3, late_sends: 0, timing_error_ms: { p50: 0.11, p99: 0.42 } },
    environment: {
      os: 'linux',
      arch: 'x64',
      cpu_model: 'AMD EPYC 7763',
      cpu_cores: 4,
      memory_gb: 15.6,
      node: 'v24.1.0',
      runner_image: 'ubuntu24 20261101.1',
    },
    cohort: '9f3a61c2',
    git: { sha: 'a1b2c3d4e5f60718293a4b5c6d7e8f9001122334', ref: 'refs/pull/7/merge', base_sha: null },
    ci: null,
    config: { resolved: { concurrency: 8 }, sha256: 'ab'.repeat(32) },
    ...overrides,
  };
}

/** One judged row; within its limit unless told otherwise. */
export function sampleRow(overrides: Partial<MetricVerdict> = {}): MetricVerdict {
  return {
    series: 'latency_benchmark',
    metric: 'latency_s.p95',
    verdict: 'ok',
    baseline: 1.08,
    current: 1.1,
    unit: 's',
    better: 'lower',
    change_percent: 1.85,
    interval_percent: null,
    noise_percent: null,
    detectable_percent: null,
    limit_percent: 20,
    limit: null,
    rule: 'max_regression_percent 20',
    ...overrides,
  };
}

export const baseSha = 'd4e5f6a7b8c9d0e1f2031425364758697a8b9cad';

/** The comparison of these rows against one run of main at the merge base. */
export function sampleVerdict(verdict: Verdict['verdict'], series: MetricVerdict[], overrides: Partial<Verdict> = {}): Verdict {
  return {
    verdict,
    rule_version: 1,
    mode: 'rules',
    baseline: { runs: 1, sha: baseSha, cohort: '9f3a61c2', distance: 0 },
    alpha: null,
    beta: null,
    series,
    notes: [],
    ...overrides,
  };
}

/** A time to first token 31.3 % above main's: regressed in paired mode. */
export const slowTtft = sampleRow({
  metric: 'ttft_ms.p95',
  verdict: 'regressed',
  baseline: 182,
  current: 239,
  unit: 'ms',
  change_percent: 31.3,
  interval_percent: [27.2, 35.4],
  noise_percent: 2.1,
  detectable_percent: 4,
  limit_percent: 20,
  rule: 'max_regression_percent 20',
});

export const throughput = sampleRow({
  metric: 'tokens_per_sec',
  baseline: 1204.4,
  current: 1131.2,
  unit: 'tokens/s',
  better: 'higher',
  change_percent: -6.1,
  interval_percent: [-8, -4],
  noise_percent: 1,
  limit_percent: 15,
  rule: 'max_regression_percent 15',
});
