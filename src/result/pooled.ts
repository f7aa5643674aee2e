import { UserError } from '../config/errors.ts';
import type { Distribution } from '../measure/distribution.ts';
import { type DistributionMetric, isDistribution, type Results, type Series, type Summary, statistics } from './document.ts';
import { distributionOf, histogramScale } from './histogram.ts';
import { pooledDistributions } from './metric-names.ts';

/** A metric of several parts as one: exact count, sum, mean, min, max; percentiles from the added histograms, null where a part has none. */
export function addDistributions(name: string, parts: readonly { metric: DistributionMetric; where: string }[]): DistributionMetric {
  const measured = parts.filter(({ metric }) => metric.count > 0 || metric.mean !== null);
  const [first] = measured;
  if (first === undefined) return (parts[0] as { metric: DistributionMetric }).metric;
  if (measured.length === 1) return first.metric;
  const metrics = measured.map(({ metric }) => metric);
  const count = metrics.reduce((sum, metric) => sum + metric.count, 0);
  const sums = metrics.map((metric) => metric.sum ?? (metric.mean === null || metric.count === 0 ? null : metric.mean * metric.count));
  const sum = total(sums);
  const { unit, better } = first.metric;
  const exact = {
    unit,
    better,
    count,
    sum,
    mean: sum === null || count === 0 ? null : sum / count,
    min: extreme(metrics, 'min', Math.min),
    max: extreme(metrics, 'max', Math.max),
  };
  const distributions = measured.map(({ metric, where }) => distributionOf(name, metric, where));
  const note = [...new Set(metrics.map((metric) => metric.note).filter((text) => text !== undefined))].join('; ');
  if (distributions.some((distribution) => distribution === null)) {
    const lacking = 'percentiles of the parts cannot be added: a part has no histogram';
    return {
      ...exact,
      p50: null,
      p90: null,
      p95: null,
      p99: null,
      p999: null,
      stddev: addedDeviation(metrics, exact.mean, count),
      note: note === '' ? lacking : `${note}; ${lacking}`,
    };
  }
  const [whole, ...others] = distributions as Distribution[];
  const unlike = others.findIndex((other) => other.resolution !== (whole as Distribution).resolution);
  if (unlike >= 0) {
    throw new UserError(`cannot add ${name}: its histograms have unlike resolutions in ${first.where} and ${measured[unlike + 1]?.where}`);
  }
  for (const other of others) whole?.add(other);
  const { resolution, scale } = histogramScale(name, first.metric);
  const summary = (whole as Distribution).summary(scale);
  return {
    ...summary,
    ...exact,
    hdr: (whole as Distribution).encode(),
    hdr_per_unit: Math.round(resolution / scale),
    ...(note === '' ? {} : { note }),
  };
}

const total = (values: readonly (number | null)[]): number | null =>
  values.some((value) => value === null) ? null : values.reduce((sum: number, value) => sum + (value as number), 0);

function extreme(metrics: readonly DistributionMetric[], key: 'min' | 'max', choose: (...values: number[]) => number): number | null {
  const values = metrics.map((metric) => metric[key]);
  return values.some((value) => value === null) ? null : choose(...(values as number[]));
}

/** Standard deviation of the sample over parts, from their means and deviations (sum of squares within and between the parts). */
function addedDeviation(metrics: readonly DistributionMetric[], mean: number | null, count: number): number | null {
  if (mean === null || count < 2) return null;
  let squares = 0;
  for (const part of metrics) {
    if (part.mean === null || (part.stddev === null && part.count > 1)) return null;
    squares += (part.stddev ?? 0) ** 2 * Math.max(0, part.count - 1) + part.count * (part.mean - mean) ** 2;
  }
  return Math.sqrt(squares / (count - 1));
}

/**
 * One distribution over all series, for `results`; null when no series measured it. A detail's requests are counted in the series it belongs to; where that has no
 * such distribution (a search, whose levels are all details), in the detail itself.
 */
export function pooledSummary(series: readonly Series[], name: string): Summary | null {
  const measured = series.flatMap(({ id, detail, metrics }) => {
    const metric = Object.hasOwn(metrics, name) ? metrics[name] : undefined;
    return metric !== undefined && isDistribution(metric) ? [{ id, detail, metric, where: `series ${id}` }] : [];
  });
  const within = (id: string) => measured.some((whole) => id.startsWith(`${whole.id}/`));
  const parts = measured.filter(({ id, detail }) => !detail || !within(id));
  if (parts.length === 0) return null;
  const whole = addDistributions(name, parts);
  return Object.fromEntries(statistics.map((statistic) => [statistic, whole[statistic]])) as Summary;
}

/** The four distributions of `results`, pooled. */
export function pooledSummaries(series: readonly Series[]): Pick<Results, 'ttft_ms' | 'tpot_ms' | 'itl_ms' | 'latency_s'> {
  return Object.fromEntries(pooledDistributions.map((name) => [name, pooledSummary(series, name)])) as Pick<
    Results,
    'ttft_ms' | 'tpot_ms' | 'itl_ms' | 'latency_s'
  >;
}
