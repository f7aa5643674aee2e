import {
  type DistributionMetric,
  type ErrorCount,
  type Metric,
  type ResultDocument,
  type Run,
  type Series,
  type SlowRequest,
  schemaVersion,
  type TimelineBucket,
  type ValueMetric,
} from './document.ts';
import { canonicalUnit, describeMetric } from './metric-names.ts';
import { finite, normaliseResults, normaliseSummary, orZero, resultsOfSeries, seriesOfResults } from './normalise-results.ts';
import type { RawDocument, RawMetric } from './schema.ts';

/** What stands where a document does not say; comparisons do not count it as a difference. */
export const unstated = '';

/** Fills in what a document may leave out, so that everything after reading can rely on the whole contract. Unknown members stay. */
export function normalise(raw: RawDocument): ResultDocument {
  const { note, tag, imported, ...stated } = raw;
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
    ...(imported ? { imported: { ...imported, sessions: finite(imported.sessions) ?? 1, notes: imported.notes ?? [] } } : {}),
  };
}

function isoTime(time: string | number | null | undefined): string {
  if (typeof time === 'string') return time;
  if (typeof time !== 'number') return unstated;
  const date = new Date(time * 1000);
  return Number.isNaN(date.getTime()) ? unstated : date.toISOString();
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
