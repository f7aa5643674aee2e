import {
  type DistributionMetric,
  type ErrorCount,
  isDistribution,
  type Metric,
  type ResultDocument,
  type Results,
  type Run,
  type Series,
  type SlowRequest,
  type Summary,
  schemaVersion,
  statistics,
  type TimelineBucket,
  type ValueMetric,
} from './document.ts';
import { canonicalUnit, describeMetric, pooledDistributions } from './metric-names.ts';
import type { RawDocument, RawMetric, RawResults, RawSummary } from './schema.ts';

/** What stands where a document does not say; comparisons do not count it as a difference. */
export const unstated = '';

/** A finite number as it is; anything else was not measured. */
const finite = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const orZero = (value: unknown): number => finite(value) ?? 0;

/** Fills in what a document may leave out, so that everything after reading can rely on the whole contract. Unknown members stay. */
export function normalise(raw: RawDocument): ResultDocument {
  const { note, tag, ...stated } = raw;
  const valid = raw.validity?.valid ?? true;
  const partial = raw.partial ?? false;
  const series = raw.series ? raw.series.map(normaliseSeries) : raw.results ? [seriesOfResults(raw, raw.results)] : [];
  return {
    ...(stated as Record<string, unknown>),
    schema_version: schemaVersion,
    tool: { ...raw.tool, name: raw.tool?.name ?? unstated, version: raw.tool?.version ?? unstated },
    timestamp: isoTime(raw.timestamp),
    target: raw.target ?? unstated,
    scenario: raw.scenario ?? unstated,
    base_url: raw.base_url ?? unstated,
    model: raw.model ?? null,
    partial,
    stop_reason: raw.stop_reason ?? (partial ? 'interrupted' : 'completed'),
    results: raw.results ? normaliseResults(raw.results) : resultsOfSeries(series),
    series,
    runs: (raw.runs ?? []).map(normaliseRun),
    timeline: (raw.timeline ?? []).map(normaliseBucket),
    slowest: (raw.slowest ?? []).map(
      (request): SlowRequest => ({
        ...request,
        index: orZero(request.index),
        series: request.series ?? unstated,
        started_s: orZero(request.started_s),
        connect_ms: finite(request['connect_ms']),
        headers_ms: finite(request['headers_ms']),
        ttft_ms: finite(request['ttft_ms']),
        generation_ms: finite(request['generation_ms']),
        latency_ms: orZero(request.latency_ms),
        output_tokens: finite(request['output_tokens']),
      }),
    ),
    errors: (raw.errors ?? []).map((error) => ({
      ...error,
      kind: error.kind as ErrorCount['kind'],
      count: orZero(error.count),
      first_seen: orZero(error.first_seen),
      example: error.example ?? '',
    })),
    retries: raw.retries
      ? {
          ...raw.retries,
          total: orZero(raw.retries.total),
          mean_attempts: finite(raw.retries.mean_attempts),
          max_attempts: finite(raw.retries.max_attempts),
        }
      : null,
    validity: {
      ...raw.validity,
      valid,
      checks: (raw.validity?.checks ?? []).map((check) => ({ ...check, severity: check.severity ?? 'fatal', detail: check.detail ?? '' })),
    },
    admissible: raw.admissible ?? (valid && !partial),
    client: {
      ...raw.client,
      cpu_seconds: finite(raw.client?.cpu_seconds),
      event_loop_p99_ms: finite(raw.client?.event_loop_p99_ms),
      late_sends: finite(raw.client?.late_sends),
      timing_error_ms: raw.client?.timing_error_ms
        ? { ...raw.client.timing_error_ms, p50: finite(raw.client.timing_error_ms.p50), p99: finite(raw.client.timing_error_ms.p99) }
        : null,
    },
    environment: {
      ...raw.environment,
      os: raw.environment?.os ?? unstated,
      arch: raw.environment?.arch ?? unstated,
      cpu_model: raw.environment?.cpu_model ?? unstated,
      cpu_cores: orZero(raw.environment?.cpu_cores),
      memory_gb: orZero(raw.environment?.memory_gb),
      node: raw.environment?.node ?? unstated,
      runner_image: raw.environment?.runner_image ?? null,
    },
    cohort: raw.cohort ?? unstated,
    git: { ...raw.git, sha: raw.git?.sha ?? null, ref: raw.git?.ref ?? null, base_sha: raw.git?.base_sha ?? null },
    ci: raw.ci
      ? {
          ...raw.ci,
          run_id: raw.ci.run_id === null || raw.ci.run_id === undefined ? null : String(raw.ci.run_id),
          attempt: finite(raw.ci.attempt),
          event: raw.ci.event ?? null,
          workflow: raw.ci.workflow ?? null,
        }
      : null,
    config: { ...raw.config, resolved: raw.config?.['resolved'] ?? null, sha256: raw.config?.sha256 ?? unstated },
    ...(note ? { note } : {}),
    ...(tag ? { tag } : {}),
  };
}

function isoTime(time: string | number | null | undefined): string {
  if (typeof time === 'string') return time;
  if (typeof time !== 'number') return unstated;
  const date = new Date(time * 1000);
  return Number.isNaN(date.getTime()) ? unstated : date.toISOString();
}

function normaliseSummary(raw: RawSummary): Summary {
  const summary: Record<string, unknown> = { ...raw };
  for (const statistic of statistics) summary[statistic] = finite(raw[statistic]);
  return summary as Summary;
}

function normaliseMetric(name: string, raw: RawMetric): Metric {
  const { hdr, hdr_per_unit, note, ...rest } = raw;
  const described = describeMetric(name);
  const common = { ...rest, unit: canonicalUnit(raw.unit ?? described.unit), better: raw.better ?? described.better, ...(note ? { note } : {}) };
  if ('value' in raw) return { ...common, value: finite(raw.value) } as ValueMetric;
  const distribution = {
    ...common,
    ...normaliseSummary(raw),
    unit: common.unit,
    better: common.better,
    count: orZero(raw.count),
    sum: finite(raw.sum),
  };
  const perUnit = finite(hdr_per_unit);
  return { ...distribution, ...(hdr ? { hdr } : {}), ...(perUnit !== null && perUnit > 0 ? { hdr_per_unit: perUnit } : {}) } as DistributionMetric;
}

function normaliseSeries(raw: NonNullable<RawDocument['series']>[number]): Series {
  const metrics: Record<string, Metric> = {};
  for (const [name, metric] of Object.entries(raw.metrics)) metrics[name] = normaliseMetric(name, metric);
  const { detail, ...rest } = raw;
  return { ...rest, labels: raw.labels ?? {}, metrics, ...(detail ? { detail } : {}) };
}

function normaliseRun(raw: NonNullable<RawDocument['runs']>[number], index: number): Run {
  const values: Run['values'] = {};
  for (const [id, ofSeries] of Object.entries(raw.values ?? {})) {
    values[id] = Object.fromEntries(Object.entries(ofSeries).map(([key, value]) => [key, finite(value)]));
  }
  return {
    ...raw,
    round: finite(raw.round) ?? index,
    order: finite(raw.order) ?? index,
    started: raw.started ?? unstated,
    duration_seconds: orZero(raw.duration_seconds),
    values,
  };
}

function normaliseBucket(raw: Record<string, number | null>): TimelineBucket {
  const bucket = Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, finite(value)]));
  return {
    ttft_ms_p50: null,
    latency_ms_p95: null,
    ...bucket,
    t: orZero(raw['t']),
    requests: orZero(raw['requests']),
    tokens: orZero(raw['tokens']),
    errors: orZero(raw['errors']),
    in_flight: orZero(raw['in_flight']),
  };
}

function normaliseResults(raw: RawResults): Results {
  const failed = finite(raw.failed);
  const successful = finite(raw.successful);
  const total = finite(raw.total_requests) ?? (failed !== null && successful !== null ? failed + successful : null);
  const errorRate = finite(raw.error_rate) ?? rate(failed, total) ?? complement(finite(raw.success_rate));
  return {
    ...raw,
    total_requests: total ?? 0,
    successful: successful ?? 0,
    failed: failed ?? 0,
    success_rate: finite(raw.success_rate) ?? complement(errorRate),
    error_rate: errorRate,
    duration_seconds: orZero(raw.duration_seconds),
    concurrency: finite(raw.concurrency),
    unique_prompts: finite(raw.unique_prompts),
    ttft_ms: raw.ttft_ms ? normaliseSummary(raw.ttft_ms) : null,
    tpot_ms: raw.tpot_ms ? normaliseSummary(raw.tpot_ms) : null,
    itl_ms: raw.itl_ms ? normaliseSummary(raw.itl_ms) : null,
    latency_s: raw.latency_s ? normaliseSummary(raw.latency_s) : null,
    throughput: {
      ...raw.throughput,
      tokens_per_sec: finite(raw.throughput?.tokens_per_sec),
      requests_per_sec: finite(raw.throughput?.requests_per_sec),
      successful_requests_per_sec: finite(raw.throughput?.successful_requests_per_sec),
    },
    mean_request_tokens_per_sec: finite(raw.mean_request_tokens_per_sec),
    input_tokens: finite(raw.input_tokens),
    output_tokens: finite(raw.output_tokens),
    input_output_token_ratio: finite(raw.input_output_token_ratio),
    mlperf_compliant: raw.mlperf_compliant ?? null,
    spike_rate_percent: finite(raw.spike_rate_percent),
  };
}

const rate = (part: number | null, whole: number | null): number | null =>
  part === null || whole === null || whole === 0 ? null : (100 * part) / whole;
const complement = (percent: number | null): number | null => (percent === null ? null : 100 - percent);

/** The one series of a document that has only `results`: all its requests pooled, named by the scenario. */
function seriesOfResults(raw: RawDocument, rawResults: RawResults): Series {
  const results = normaliseResults(rawResults);
  const metrics: Record<string, Metric> = {};
  for (const name of pooledDistributions) {
    const summary = results[name];
    if (!summary) continue;
    const sum = summary.mean === null ? null : summary.mean * results.successful;
    metrics[name] = { ...describeMetric(name), ...summary, count: results.successful, sum };
  }
  const { tokens_per_sec, requests_per_sec, successful_requests_per_sec } = results.throughput;
  const values = {
    tokens_per_sec,
    requests_per_sec,
    successful_requests_per_sec: successful_requests_per_sec ?? null,
    mean_request_tokens_per_sec: results.mean_request_tokens_per_sec,
    error_rate: results.error_rate,
    success_rate: results.success_rate,
    spike_rate_percent: results.spike_rate_percent,
  };
  for (const [name, value] of Object.entries(values)) if (value !== null) metrics[name] = { ...describeMetric(name), value };
  const labels = { scenario: raw.scenario, target: raw.target, model: raw.model };
  const stated = Object.entries(labels).filter((label): label is [string, string] => typeof label[1] === 'string');
  return { id: raw.scenario || 'all', labels: Object.fromEntries(stated), metrics };
}

/** `results` of a document that states only its series. Of one series they are known; several cannot be pooled without their counts. */
function resultsOfSeries(series: readonly Series[]): Results {
  const metrics = series.length === 1 ? (series[0] as Series).metrics : {};
  const raw: Record<string, unknown> = {};
  for (const [name, metric] of Object.entries(metrics)) raw[name] = isDistribution(metric) ? metric : metric.value;
  const { ttft_ms, tpot_ms, itl_ms, latency_s, tokens_per_sec, requests_per_sec, success_rate, error_rate } = raw;
  const summaries = { ttft_ms, tpot_ms, itl_ms, latency_s };
  const known = Object.fromEntries(
    Object.entries(summaries).map(([name, summary]) => [name, typeof summary === 'object' ? statisticsOf(summary) : null]),
  );
  return normaliseResults({ ...known, throughput: { tokens_per_sec, requests_per_sec }, success_rate, error_rate } as RawResults);
}

const statisticsOf = (summary: unknown) => Object.fromEntries(statistics.map((statistic) => [statistic, (summary as Summary)[statistic]]));
