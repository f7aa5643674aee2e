import type { DistributionSummary } from '../measure/distribution.ts';
import type { TimelineBucket as MeasuredSecond } from '../measure/timeline.ts';
import type { ValidityFinding } from '../measure/validity.ts';
import type { MachineEnvironment } from '../observe/environment.ts';
import type { ErrorKind } from '../protocol/error-kind.ts';

/**
 * The result document, schema_version 1: one side, one or more runs. It is all that crosses from measuring to judging.
 * Snake_case because it is written to disk as it is. Null means not measured; zero means zero.
 */
export const schemaVersion = 1;

export type Better = 'lower' | 'higher' | 'neither';

/** A metric with a distribution. Times carry their unit in the metric's name; `unit` repeats it for tools. */
export interface DistributionMetric extends DistributionSummary {
  unit: string;
  better: Better;
  count: number;
  sum: number | null;
  /** HdrHistogram V2 compressed, base64, recorded in microseconds for times (exact min, max and sum stand beside it). */
  hdr?: string;
  /** What one unit of the metric is in the histogram: 1,000 for ms kept in microseconds. */
  hdr_per_unit?: number;
  /** What the reader must know of how it was taken, such as `estimated` for an ITL without token counts per chunk. */
  note?: string;
  /** Sampled beside the load: shown with the service, and judged only where limits name it. */
  observed?: true;
}

/** A metric with one value. */
export interface ValueMetric {
  unit: string;
  better: Better;
  value: number | null;
  note?: string;
  observed?: true;
}

export type Metric = DistributionMetric | ValueMetric;

/** The statistics of a distribution that `metric.stat` may name. */
export const statistics = ['mean', 'min', 'p50', 'p90', 'p95', 'p99', 'p999', 'max', 'stddev'] as const satisfies (keyof DistributionSummary)[];
export type Statistic = (typeof statistics)[number];
export type Summary = Record<Statistic, number | null>;

export interface Series {
  /** Stable between base and head: the scenario's name, then `/key=value` for each label that varies within it. */
  id: string;
  labels: Record<string, string | number>;
  metrics: Record<string, Metric>;
  /** A class of requests within another series (a prompt length of a grid): shown, but judged only where thresholds name it. */
  detail?: boolean;
  /** How many of its requests ended which way, so that rates of several results add exactly; left out where that was not counted. */
  requests?: { successful: number; failed: number };
}

/** One run: the unit of evidence. `values` maps series id -> `metric.stat` or `metric` -> value. */
export interface Run {
  round: number;
  /** Position in the order of execution over both sides; 0 for the first. */
  order: number;
  /** ISO 8601. */
  started: string;
  duration_seconds: number;
  values: Record<string, Record<string, number | null>>;
  /** In a document that holds the runs of several jobs: the commit that this one measured. */
  sha?: string | null;
  /** As `sha`: the cohort that this one was measured in. */
  cohort?: string;
  /** As `sha`: the job that it is of. */
  origin?: RunOrigin;
  /** As `sha`: samples of each distribution, series id -> metric -> count. */
  counts?: Record<string, Record<string, number>>;
  /** A known slow-down of this commit was accepted: what was measured before it is no measure of what comes after. */
  accepted?: AcceptedChange;
  /** As `sha`: the label of this baseline, and whether it is kept as an anchor. */
  mark?: BaselineMark;
}

/** The job that a run is of, as a pool of many keeps it. */
export interface RunOrigin {
  /** Equal for the runs of one job, and for no others. */
  key: string;
  run_id: string | null;
  attempt: number | null;
  /** ISO 8601: the start of the job's measurement. */
  timestamp: string;
  /** The artifact that held it. */
  artifact?: number;
}

/** Who accepted a known slow-down, of which commit. */
export interface AcceptedChange {
  by: string;
  /** The head of the pull request that was accepted. */
  sha: string;
}

/** A baseline's label; a later one of the same baseline replaces an earlier one. */
export interface BaselineMark {
  /** A version, a commit or any word; null: the label was taken off. */
  tag: string | null;
  /** Kept whatever its age, and a fixed point for drift. */
  pinned: boolean;
  /** ISO 8601: when it was set. */
  at: string;
}

/** One second of the run. Percentiles are of the requests that ended in it. */
export interface TimelineBucket extends MeasuredSecond {
  [extra: string]: number | null;
}

export interface ErrorCount {
  kind: ErrorKind;
  count: number;
  /** Seconds from the run's start. */
  first_seen: number;
  /** One example: status line, message or the first bytes of the answer; secrets masked, at most 500 characters. */
  example: string;
}

export interface SlowRequest {
  index: number;
  series: string;
  started_s: number;
  connect_ms: number | null;
  headers_ms: number | null;
  ttft_ms: number | null;
  generation_ms: number | null;
  latency_ms: number;
  output_tokens: number | null;
}

export type ValidityCheck = ValidityFinding;

/** What decides speed beside the code: never compared across silently. */
export type Environment = MachineEnvironment;

export interface Throughput {
  tokens_per_sec: number | null;
  requests_per_sec: number | null;
  successful_requests_per_sec?: number | null;
}

/** All series pooled, for people; the names of the suites this replaces. */
export interface Results {
  total_requests: number;
  successful: number;
  failed: number;
  /** Percent. */
  success_rate: number | null;
  /** Percent. */
  error_rate: number | null;
  duration_seconds: number;
  concurrency: number | null;
  unique_prompts: number | null;
  ttft_ms: Summary | null;
  tpot_ms: Summary | null;
  itl_ms: Summary | null;
  latency_s: Summary | null;
  throughput: Throughput;
  /** Mean over requests of output tokens / (latency - ttft), beside the run's tokens_per_sec. */
  mean_request_tokens_per_sec: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  input_output_token_ratio: number | null;
  /** The standard verdict of `mlperf`. */
  mlperf_compliant: boolean | null;
  /** TTFT p95 and TPOT p95 within 2.0 s and 100 ms (standard), 0.5 s and 30 ms (interactive); null where they were not measured. */
  mlperf?: { standard: boolean | null; interactive: boolean | null };
  spike_rate_percent: number | null;
  /** How long the request that was due first took: beside the median it shows what caches and warm connections bring. */
  first_latency_s?: number | null;
  /** Connections opened (ahead of the requests or for one of them), requests that found one open, attempts to connect that failed, and requests whose open one was closed as they were sent. */
  connections?: { opened: number; reused: number; failed: number; resent?: number };
  /** The tool whose definitions the times and rates are by; left out for our own. */
  compat?: string;
  [extra: string]: unknown;
}

export interface ResultDocument {
  schema_version: number;
  tool: { name: string; version: string };
  /** ISO 8601, the start. */
  timestamp: string;
  target: string;
  scenario: string;
  base_url: string;
  model: string | null;
  /** True when the run was interrupted: what was measured until then. */
  partial: boolean;
  /** completed, duration, error_rate, p95_latency, interrupted, service_crashed, ... */
  stop_reason: string;
  results: Results;
  series: Series[];
  runs: Run[];
  timeline: TimelineBucket[];
  slowest: SlowRequest[];
  errors: ErrorCount[];
  retries: { total: number; mean_attempts: number | null; max_attempts: number | null } | null;
  validity: { valid: boolean; checks: ValidityCheck[] };
  /** Fit to be a baseline: valid, complete, errors within limits, output as asked. */
  admissible: boolean;
  client: {
    cpu_seconds: number | null;
    event_loop_p99_ms: number | null;
    late_sends: number | null;
    /** Threads that sent. */
    workers?: number;
    /** The client's own error of TTFT beside a server of known timings: reported minus true. */
    timing_error_ms: { p50: number | null; p99: number | null } | null;
    /** What one sending thread was certified to take. */
    ceiling?: { tokens_per_sec: number | null; requests_per_sec: number | null } | null;
  };
  environment: Environment;
  /** Short hash of what decides speed; equal cohorts may be compared by statistics. */
  cohort: string;
  git: { sha: string | null; ref: string | null; base_sha: string | null };
  ci: { run_id: string | null; attempt: number | null; event: string | null; workflow: string | null } | null;
  config: { resolved: unknown; sha256: string };
  /** One machine's part of a load that several shared, counted from 1. */
  shard?: { index: number; count: number };
  /** What samplers saw of service and machine over the whole run, and those that had nothing to read. */
  observed?: {
    cost_percent_of_a_core: number | null;
    metrics: Record<string, Metric>;
    absent: { sampler: string; reason: string }[];
  };
  note?: string;
  tag?: string;
  /** Where another tool measured it. */
  imported?: ImportedFrom;
  /** Whether this result, as a stored baseline, is kept as an anchor, and since when. */
  mark?: BaselineMark;
  /** For a document that compaction made of many jobs: what its runs have in common, by cohort. */
  pool?: CompactedPool;
  [extra: string]: unknown;
}

/** What is known of a result that another tool measured. */
export interface ImportedFrom {
  /** The format, as `import --from` names it. */
  from: string;
  /** Runs that were started apart, rather than repeated in one process. */
  sessions: number;
  /** What was left out and why, a sentence each. */
  notes: string[];
}

/** Runs of many jobs in one document. */
export interface CompactedPool {
  /** ISO 8601. */
  compacted: string;
  cohorts: Record<string, CompactedCohort>;
}

/** What the runs of one cohort share; the newest run's where they differ. */
export interface CompactedCohort {
  environment: Environment;
  target: string;
  scenario: string;
  model: string | null;
  config_sha256: string;
  /** Their series, distributions added histogram by histogram. */
  series: Series[];
  /** How many of the cohort's jobs those distributions are of: jobs whose own artifact was gone already have values left, but no histogram. */
  histograms_of: number;
}

/** Whether a metric is a distribution; else it is a single value. */
export function isDistribution(metric: Metric): metric is DistributionMetric {
  return !('value' in metric);
}
