import { nearMiss, suggestion } from '../yaml/near-miss.ts';

/** The statistics that a distribution has; the second half of `ttft_ms.p95`. */
const statistics = ['mean', 'min', 'p50', 'p90', 'p95', 'p99', 'p999', 'max', 'stddev'] as const;

/** What each known metric is: a distribution needs a statistic, a value has none, some are kept as either. */
const knownMetrics: Record<string, 'distribution' | 'value' | 'either'> = {
  ttft_ms: 'distribution',
  tpot_ms: 'distribution',
  itl_ms: 'distribution',
  latency_s: 'distribution',
  tokens_per_sec: 'value',
  requests_per_sec: 'value',
  successful_requests_per_sec: 'value',
  error_rate: 'value',
  success_rate: 'value',
  first_attempt_success_rate: 'value',
  routing_accuracy: 'value',
  routing_affinity: 'value',
  ttft_cold_warm_ratio: 'value',
  throughput_scaling: 'value',
  replica_skew: 'value',
  recall_at_k: 'value',
  hit_rate_percent: 'value',
  hit_accuracy_percent: 'value',
  input_tokens: 'either',
  output_tokens: 'either',
  generation_tokens_per_sec: 'either',
};

/** Those that `max_regression_percent` without a metric gates: the five figures that users of an LLM service feel. */
export const headlineMetrics: readonly string[] = ['latency_s.p95', 'ttft_ms.p95', 'tpot_ms.p95', 'tokens_per_sec', 'requests_per_sec'];

/** Splits `ttft_ms.p95` into metric and statistic; a name without a known statistic behind its last dot is whole. */
export function splitMetricKey(key: string): { metric: string; statistic: string | null } {
  const dot = key.lastIndexOf('.');
  return dot > 0 ? { metric: key.slice(0, dot), statistic: key.slice(dot + 1) } : { metric: key, statistic: null };
}

/** Whether this tool measures it under that name. */
export function isKnownMetric(metric: string): boolean {
  return Object.hasOwn(knownMetrics, metric);
}

/**
 * What is wrong with a metric's key in thresholds, or null. Names that we do not know are allowed (components bring their own metrics),
 * unless they are a slip of one that we do.
 */
export function metricKeyFault(key: string): string | null {
  const { metric, statistic } = splitMetricKey(key);
  // Other tools' names may hold spaces and brackets: `"queue wait (avg)"`, quoted in YAML.
  if (!/^[A-Za-z][\w%/ ()[\]+:#@,=-]*(?<! )(\.\w+)?$/.test(key))
    return `expected a metric (error_rate) or metric.statistic (ttft_ms.p95), found ${JSON.stringify(key)}`;
  if (isKnownMetric(metric)) return statisticFault(key, metric, statistic);
  // Stricter than for keys: `io_ms` is a metric of its own and no slip of `itl_ms`.
  const near = nearMiss(metric, Object.keys(knownMetrics), (name) => (name.length < 10 ? 1 : 2));
  if (near) return `unknown metric ${JSON.stringify(key)}; did you mean ${JSON.stringify(statistic === null ? near : `${near}.${statistic}`)}?`;
  return statistic === null ? null : unknownStatistic(statistic);
}

function statisticFault(key: string, metric: string, statistic: string | null): string | null {
  const kind = knownMetrics[metric];
  if (statistic === null)
    return kind === 'distribution' ? `${metric} is a distribution: name a statistic, such as ${metric}.p95 (one of ${statistics.join(', ')})` : null;
  if (kind === 'value') return `${metric} is a single value: write ${JSON.stringify(metric)}, not ${JSON.stringify(key)}`;
  return unknownStatistic(statistic);
}

function unknownStatistic(statistic: string): string | null {
  if ((statistics as readonly string[]).includes(statistic)) return null;
  return `unknown statistic ${JSON.stringify(statistic)}, expected one of ${statistics.join(', ')}${suggestion(statistic, statistics)}`;
}
