import { isDistribution, type Metric, type Series, type Statistic, statistics } from './document.ts';

const statisticNames: ReadonlySet<string> = new Set(statistics);

/** `ttft_ms.p95` -> its metric and statistic; a key without a known statistic names a metric of one value. */
export function splitKey(key: string): { metric: string; statistic: Statistic | null } {
  const dot = key.lastIndexOf('.');
  const ending = key.slice(dot + 1);
  return dot > 0 && statisticNames.has(ending) ? { metric: key.slice(0, dot), statistic: ending as Statistic } : { metric: key, statistic: null };
}

/** The metric that a key such as `ttft_ms.p95` or `error_rate` names; null where the series lacks it or the statistic does not fit its kind. */
export function metricOf(series: Series, key: string): Metric | null {
  const { metric: name, statistic } = splitKey(key);
  const metric = Object.hasOwn(series.metrics, name) ? series.metrics[name] : undefined;
  if (metric === undefined || isDistribution(metric) !== (statistic !== null)) return null;
  return metric;
}

/** The value that a key names in the series' pooled metrics; null when not measured. */
export function valueAt(series: Series, key: string): number | null {
  const metric = metricOf(series, key);
  if (metric === null) return null;
  if (!isDistribution(metric)) return metric.value;
  const { statistic } = splitKey(key);
  return statistic === null ? null : metric[statistic];
}

/** Every key of a series with its value: what `runs[].values` holds for it. */
export function valuesOf(series: Series): Record<string, number | null> {
  const values: Record<string, number | null> = {};
  for (const [name, metric] of Object.entries(series.metrics)) {
    if (!isDistribution(metric)) values[name] = metric.value;
    else for (const statistic of statistics) values[`${name}.${statistic}`] = metric[statistic];
  }
  return values;
}

/** The values of all series by their id: what one run says. */
export function runValues(series: readonly Series[]): Record<string, Record<string, number | null>> {
  return Object.fromEntries(series.map((one) => [one.id, valuesOf(one)]));
}
