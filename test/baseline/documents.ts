import type { ResultDocument } from '../../src/result/document.ts';
import { parseResult } from '../../src/result/read.ts';
import { zip } from '../fakes/zip.ts';
import { measuredSeries } from '../result/sample.ts';

/** The text of a small, admissible result; `changes` replaces members. */
export function resultText(changes: Record<string, unknown> = {}): string {
  return JSON.stringify({
    schema_version: 1,
    tool: { name: 'llm-bench', version: '0.1.0' },
    timestamp: '2026-01-31T12:00:00.000Z',
    target: 'service',
    scenario: 'quick_validation',
    base_url: 'http://127.0.0.1:8000',
    partial: false,
    stop_reason: 'completed',
    results: { total_requests: 100, successful: 100, failed: 0, error_rate: 0 },
    series: [{ id: 'quick_validation', labels: { scenario: 'quick_validation' }, metrics: { error_rate: { unit: '%', better: 'lower', value: 0 } } }],
    validity: { valid: true, checks: [] },
    admissible: true,
    git: { sha: 'd'.repeat(40), ref: 'refs/heads/main', base_sha: null },
    ...changes,
  });
}

/** That result as the archive of an artifact. */
export function resultArchive(changes: Record<string, unknown> = {}): Buffer {
  return zip([{ name: 'result.json', content: resultText(changes) }]);
}

/** The commit number n of a made-up history. */
export const shaOf = (n: number): string => n.toString(16).padStart(40, '0');

const environment = {
  os: 'linux 6.8.0',
  arch: 'x64',
  cpu_model: 'AMD EPYC 7763',
  cpu_cores: 4,
  memory_gb: 15.6,
  node: '24.0.0',
  runner_image: 'ubuntu24 20260101.1',
};

/** The members of a measured job: run n, of commit n, measured on the n-th minute, with latencies that depend on n. */
export function jobMembers(n: number, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const latencies = Array.from({ length: 200 }, (_, index) => 100 + n + (index % 17));
  const series = measuredSeries('quick_validation', latencies, latencies, { tokens_per_sec: 100 + n, error_rate: 0 });
  const timestamp = new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString();
  const values: Record<string, number | null> = {};
  for (const [name, metric] of Object.entries(series.metrics)) {
    if ('value' in metric) values[name] = metric.value;
    else for (const key of ['mean', 'min', 'p50', 'p90', 'p95', 'p99', 'max', 'stddev'] as const) values[`${name}.${key}`] = metric[key];
  }
  return {
    timestamp,
    target: 'service',
    model: 'm',
    results: { total_requests: 200, successful: 200, failed: 0, error_rate: 0, duration_seconds: 20, throughput: { tokens_per_sec: 100 + n } },
    series: [series],
    runs: [{ round: 0, order: 0, started: timestamp, duration_seconds: 20, values: { quick_validation: values } }],
    timeline: [{ t: 0, requests: 200, tokens: 1, errors: 0, in_flight: 1 }],
    slowest: [{ index: 0, series: 'quick_validation', started_s: 0, latency_ms: 116 + n }],
    environment,
    cohort: 'aaaa',
    git: { sha: shaOf(n), ref: 'refs/heads/main', base_sha: null },
    ci: { run_id: String(n), attempt: 1, event: 'push', workflow: 'bench' },
    config: { resolved: { scenario: 'quick_validation' }, sha256: 'c'.repeat(64) },
    ...changes,
  };
}

export const jobDocument = (n: number, changes: Record<string, unknown> = {}): ResultDocument =>
  parseResult(resultText(jobMembers(n, changes)), `job ${n}`);
export const jobArchive = (n: number, changes: Record<string, unknown> = {}): Buffer => resultArchive(jobMembers(n, changes));
