import type { ResultDocument, Run } from './document.ts';
import { metricOf, splitKey } from './metric-values.ts';

/** A figure over whole runs, each of them one sample; in the unit of the metric. */
export interface RunSpread {
  /** Runs that measured it; at least 2. */
  runs: number;
  mean: number;
  /** Sample standard deviation, n - 1 below. */
  stddev: number;
  min: number;
  max: number;
}

/** Looked at for each series, in reading order. */
const keys: readonly string[] = [
  'ttft_ms.p50',
  'ttft_ms.p95',
  'tpot_ms.p50',
  'itl_ms.p95',
  'latency_s.p50',
  'latency_s.p95',
  'tokens_per_sec',
  'requests_per_sec',
  'error_rate',
];

/** Mean and spread of a figure over the runs that measured it; null for fewer than two. Pure. */
export function runSpread(runs: readonly Pick<Run, 'values'>[], series: string, key: string): RunSpread | null {
  const values = runs.map((run) => run.values[series]?.[key] ?? null).filter((value) => value !== null);
  if (values.length < 2) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const stddev = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  return { runs: values.length, mean, stddev, min: Math.min(...values), max: Math.max(...values) };
}

/** What the document's runs say of its main figures: series -> key -> spread; of details nothing. Empty where nothing was repeated. Pure. */
export function runSpreads({ runs, series }: Pick<ResultDocument, 'runs' | 'series'>): Record<string, Record<string, RunSpread>> {
  if (runs.length < 2) return {};
  const spreads = series
    .filter(({ detail }) => !detail)
    .map(({ id }): [string, Record<string, RunSpread>] => {
      const found = keys.map((key) => [key, runSpread(runs, id, key)] as const).filter((one): one is [string, RunSpread] => one[1] !== null);
      return [id, Object.fromEntries(found)];
    });
  return Object.fromEntries(spreads.filter(([, found]) => Object.keys(found).length > 0));
}

/** The unit of a key's values; empty where the series does not say. */
export function unitOfKey(document: Pick<ResultDocument, 'series'>, series: string, key: string): string {
  const found = document.series.find(({ id }) => id === series);
  return (found === undefined ? null : metricOf(found, key))?.unit ?? (splitKey(key).metric.endsWith('_ms') ? 'ms' : '');
}
