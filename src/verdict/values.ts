import type { ResultDocument, Series } from '../result/document.ts';
import { valueAt } from '../result/metric-values.ts';

/** Shares of requests, which pool exactly: a median over three runs would hide the one in which every request failed. */
const pooledExactly: ReadonlySet<string> = new Set(['error_rate', 'success_rate']);

/**
 * The values of one metric of a series, one per run: the run is the unit of evidence. A document without runs, or whose runs lack the metric,
 * counts as one run with the value of its pooled metrics. Empty when it was not measured.
 */
export function runValues(document: ResultDocument, series: Series, key: string): number[] {
  const pooled = valueAt(series, key);
  if (pooledExactly.has(key) && pooled !== null) return [pooled];
  const values: number[] = [];
  for (const run of document.runs) {
    const ofSeries = Object.hasOwn(run.values, series.id) ? run.values[series.id] : undefined;
    const value = ofSeries && Object.hasOwn(ofSeries, key) ? ofSeries[key] : null;
    if (typeof value === 'number') values.push(value);
  }
  return values.length > 0 ? values : pooled === null ? [] : [pooled];
}
