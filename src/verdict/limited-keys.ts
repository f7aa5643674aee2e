import type { Limits } from '../config/thresholds/limits.ts';
import { limitedMetrics, limitsFor } from '../config/thresholds/limits-for.ts';
import type { Thresholds } from '../config/thresholds/thresholds.ts';
import { distributionDefinitions } from '../measure/metrics.ts';
import { isDistribution, type Series } from '../result/document.ts';

/** Metrics shown with their change even where no limit is set on them, in reading order. */
export const mainKeys: readonly string[] = [
  'ttft_ms.p50',
  'ttft_ms.p95',
  'ttft_ms.p99',
  'tpot_ms.p50',
  'tpot_ms.p95',
  'itl_ms.p50',
  'itl_ms.p95',
  'latency_s.p50',
  'latency_s.p95',
  'latency_s.p99',
  'latency_s.mean',
  'tokens_per_sec',
  'requests_per_sec',
  'successful_requests_per_sec',
  'error_rate',
  'success_rate',
];

/** Measured by this program, but shown only where a limit names them: detail that few readers ask for. */
const ownDetail: ReadonlySet<string> = new Set([
  ...distributionDefinitions.map((definition) => definition.name),
  'input_output_token_ratio',
  'mean_request_tokens_per_sec',
  'spike_rate_percent',
]);

/** Whether this program measures the metric, rather than another tool or a component. */
export function isOwnMetric(metric: string): boolean {
  return ownDetail.has(metric) || mainKeys.includes(metric);
}

/** The metrics of a series that are shown without a limit: the main ones, and whatever another tool or a component measured. */
export function shownKeys(series: Series): string[] {
  const foreign = Object.entries(series.metrics).flatMap(([name, metric]) => {
    if (ownDetail.has(name) || mainKeys.includes(name) || metric.observed) return [];
    if (!isDistribution(metric)) return [name];
    return metric.p50 === null && metric.p95 === null ? [`${name}.mean`] : [`${name}.p50`, `${name}.p95`];
  });
  return [...mainKeys, ...foreign];
}

/** What one comparison asks of its thresholds. */
export interface LimitBook {
  /** The metrics that a limit names for a series. */
  limited(series: Series): string[];
  /** Limits of a series' metric; null where there are none. A detail is judged only where thresholds name it. */
  of(series: Series, key: string): Limits | null;
  /** Whether limits say that the metric only advises, or that it gates; null where they say neither. Statistics judge it without a limit, too. */
  gates(series: Series, key: string): boolean | null;
  /** Whether a glob other than `*` limits the metric: the series was meant, so that a metric it lacks is missing. */
  names(series: Series, key: string): boolean;
}

/** Looks up what thresholds say of a series, by the globs that match it. */
export function limitBook(thresholds: Thresholds): LimitBook {
  const named: Thresholds = { series: Object.fromEntries(Object.entries(thresholds.series).filter(([glob]) => glob !== '*')) };
  // A limit on whatever there is names no metric that has to be there.
  const spelled: Thresholds = {
    series: Object.fromEntries(Object.entries(named.series).map(([glob, { '*': _, ...metrics }]) => [glob, metrics])),
  };
  return {
    limited: ({ id }) => limitedMetrics(thresholds, id),
    of: ({ id, detail }, key) => stated(limitsFor(detail ? exactly(named, id) : thresholds, id, key)),
    gates: ({ id, detail }, key) => limitsFor(detail ? exactly(named, id) : thresholds, id, key)?.gate ?? null,
    names: ({ id, detail }, key) => stated(limitsFor(detail ? exactly(spelled, id) : spelled, id, key)) !== null,
  };
}

/**
 * The entries that mean this very series. A detail (a prompt length of a grid) lies below its scenario, whose limits are those of the whole; a limit on
 * the whole does not hold for the longest prompts alone. An entry means a detail when it reaches below the scenario's name.
 */
function exactly(thresholds: Thresholds, id: string): Thresholds {
  return id.includes('/') ? { series: Object.fromEntries(Object.entries(thresholds.series).filter(([glob]) => glob.includes('/'))) } : thresholds;
}

/** Limits that judge something; `gate` alone does not. */
function stated(limits: Limits | null): Limits | null {
  return limits && Object.entries(limits).some(([name, value]) => name !== 'gate' && value !== undefined) ? limits : null;
}
