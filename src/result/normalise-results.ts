import { isDistribution, type Metric, type Results, type Series, type Summary, statistics } from './document.ts';
import { describeMetric, pooledDistributions } from './metric-names.ts';
import type { RawDocument, RawResults, RawSummary } from './schema.ts';

/** A finite number as it is; anything else was not measured. */
export const finite = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
/** A finite number as it is, else zero: for counts. */
export const orZero = (value: unknown): number => finite(value) ?? 0;

/** A distribution with every statistic of the contract, null where it is missing. */
export function normaliseSummary(raw: RawSummary): Summary {
  const summary: Record<string, unknown> = { ...raw };
  for (const statistic of statistics) summary[statistic] = finite(raw[statistic]);
  return summary as Summary;
}

/** `results` with every member of the contract; rates that follow from the counts are filled in. */
export function normaliseResults(raw: RawResults): Results {
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
export function seriesOfResults(raw: RawDocument, rawResults: RawResults): Series {
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
export function resultsOfSeries(series: readonly Series[]): Results {
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
