import * as z from 'zod';

/** What a member holds, short enough for a sentence. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Spellings that other languages give to numbers JSON cannot hold; they are read as not measured. */
const nonFinite: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity']);

/** A number or null; the reader turns what is not finite into null. */
const measured = z.custom<number | null>((value) => value === null || typeof value === 'number' || nonFinite.has(value), {
  error: (issue) => `expected a number or null, found ${show(issue.input)}`,
});
const maybe = measured.optional();

const summary = z.looseObject({ mean: maybe, min: maybe, p50: maybe, p90: maybe, p95: maybe, p99: maybe, p999: maybe, max: maybe, stddev: maybe });

const metric = z.looseObject({
  ...summary.shape,
  unit: z.string().nullish(),
  better: z.enum(['lower', 'higher', 'neither']).nullish(),
  count: maybe,
  sum: maybe,
  value: maybe,
  hdr: z.string().nullish(),
  hdr_per_unit: maybe,
  note: z.string().nullish(),
});

const text = z.string().nullish();
const flag = z.boolean().nullish();

/** Members of `results` that this version knows; the older suites' documents hold a part of them. */
const results = z.looseObject({
  total_requests: maybe,
  successful: maybe,
  failed: maybe,
  success_rate: maybe,
  error_rate: maybe,
  duration_seconds: maybe,
  concurrency: maybe,
  unique_prompts: maybe,
  ttft_ms: summary.nullish(),
  tpot_ms: summary.nullish(),
  itl_ms: summary.nullish(),
  latency_s: summary.nullish(),
  throughput: z.looseObject({ tokens_per_sec: maybe, requests_per_sec: maybe, successful_requests_per_sec: maybe }).nullish(),
  mean_request_tokens_per_sec: maybe,
  input_tokens: maybe,
  output_tokens: maybe,
  input_output_token_ratio: maybe,
  mlperf_compliant: flag,
  spike_rate_percent: maybe,
});

/**
 * A result as it may come: by this program, made by hand with only the core (`results` and `series`), or by the older suites (`results` alone).
 * Loose throughout: members that a later version of schema_version 1 adds survive.
 */
export const rawDocumentSchema = z.looseObject({
  tool: z.looseObject({ name: text, version: text }).nullish(),
  /** ISO 8601, or seconds since 1970 as one of the older suites wrote. */
  timestamp: z.union([z.string(), z.number()], { error: (issue) => `expected a time as text or seconds, found ${show(issue.input)}` }).nullish(),
  target: text,
  scenario: text,
  base_url: text,
  model: text,
  partial: flag,
  stop_reason: text,
  results: results.nullish(),
  series: z
    .array(
      z.looseObject({
        id: z.string().min(1, 'expected a name, found an empty one'),
        labels: z.record(z.string(), z.union([z.string(), z.number()], 'expected text or a number')).nullish(),
        metrics: z.record(z.string(), metric),
        detail: flag,
      }),
    )
    .nullish(),
  runs: z
    .array(
      z.looseObject({
        round: maybe,
        order: maybe,
        started: text,
        duration_seconds: maybe,
        values: z.record(z.string(), z.record(z.string(), measured)).nullish(),
      }),
    )
    .nullish(),
  timeline: z.array(z.record(z.string(), measured)).nullish(),
  slowest: z.array(z.looseObject({ index: maybe, series: text, started_s: maybe, latency_ms: maybe })).nullish(),
  errors: z.array(z.looseObject({ kind: z.string(), count: maybe, first_seen: maybe, example: text })).nullish(),
  retries: z.looseObject({ total: maybe, mean_attempts: maybe, max_attempts: maybe }).nullish(),
  validity: z
    .looseObject({
      valid: flag,
      checks: z.array(z.looseObject({ name: z.string(), ok: z.boolean(), severity: z.enum(['fatal', 'advice']).nullish(), detail: text })).nullish(),
    })
    .nullish(),
  admissible: flag,
  client: z
    .looseObject({
      cpu_seconds: maybe,
      event_loop_p99_ms: maybe,
      late_sends: maybe,
      timing_error_ms: z.looseObject({ p50: maybe, p99: maybe }).nullish(),
    })
    .nullish(),
  environment: z.looseObject({ os: text, arch: text, cpu_model: text, cpu_cores: maybe, memory_gb: maybe, node: text, runner_image: text }).nullish(),
  cohort: text,
  git: z.looseObject({ sha: text, ref: text, base_sha: text }).nullish(),
  ci: z.looseObject({ run_id: z.union([z.string(), z.number()]).nullish(), attempt: maybe, event: text, workflow: text }).nullish(),
  config: z.looseObject({ sha256: text }).nullish(),
  note: text,
  tag: text,
  imported: z.looseObject({ from: z.string(), sessions: maybe, notes: z.array(z.string()).nullish() }).nullish(),
});
export type RawDocument = z.output<typeof rawDocumentSchema>;
export type RawMetric = z.output<typeof metric>;
export type RawSummary = z.output<typeof summary>;
export type RawResults = z.output<typeof results>;
