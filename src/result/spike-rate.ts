import { type DistributionMetric, isDistribution, type ResultDocument, type Series } from './document.ts';
import { distributionOf, histogramScale } from './histogram.ts';
import { metricOf } from './metric-values.ts';

/** Latency of the requests before the measured ones, seconds. */
export interface WarmUp {
  requests: number;
  mean_latency_s: number;
  stddev_latency_s: number;
}

/** Requests slower than mean + 3 sigma of those that they are held against. */
export interface SpikeRate {
  /** Percent of all requests; null where no series kept a histogram. */
  percent: number | null;
  /** Whose mean and sigma, in words. */
  basis: string;
  /** Percent by series id; a series without a histogram is left out. */
  series: Map<string, number>;
}

/** Below it a standard deviation says little of the requests to come. */
const fewestForSigma = 10;

/**
 * Held against the baseline's spread where one is given and has every series, else against that of the warm-up, else against each series' own (a load that changes
 * would else count its heavier steps as spikes). Pure.
 */
export function spikeRate(document: Pick<ResultDocument, 'series' | 'results'>, baseline: Pick<ResultDocument, 'series'> | null): SpikeRate {
  const latencies = latenciesOf(document);
  const before = new Map((baseline === null ? [] : latenciesOf(baseline)).map(({ id, metric }) => [id, metric]));
  if (latencies.length > 0 && latencies.every(({ id }) => (before.get(id)?.count ?? 0) >= fewestForSigma)) {
    const requests = latencies.reduce((sum, { id }) => sum + (before.get(id)?.count ?? 0), 0);
    return against(latencies, `mean + 3 sigma of the ${requests} requests of the baseline`, ({ id }) => spreadOf(before.get(id)));
  }
  const warm = document.results['warmup'] as WarmUp | undefined;
  if (warm !== undefined && warm.requests >= fewestForSigma) {
    const spread = { mean: warm.mean_latency_s, stddev: warm.stddev_latency_s };
    return against(latencies, `mean + 3 sigma of the ${warm.requests} requests of the warm-up`, () => spread);
  }
  return against(
    latencies,
    `own mean and sigma of each series: neither a baseline nor a warm-up has ${fewestForSigma} requests or more`,
    ({ metric }) => spreadOf(metric),
  );
}

/** A document with its spike rate, of the whole and of each series, held against a baseline; the document itself where that says nothing of its series. Pure. */
export function withSpikesAgainst(document: ResultDocument, baseline: ResultDocument): ResultDocument {
  const rate = spikeRate(document, baseline);
  if (rate.percent === null || !rate.basis.endsWith('baseline')) return document;
  return {
    ...document,
    results: { ...document.results, spike_rate_percent: rate.percent, spike_rate_basis: rate.basis },
    series: document.series.map((series) => {
      const value = rate.series.get(series.id);
      return value === undefined ? series : { ...series, metrics: { ...series.metrics, spike_rate_percent: metricOfRate(value) } };
    }),
  };
}

/** Writes the rate into a document: `results`, its series and the values of its only run. */
export function addSpikeRate(document: ResultDocument, { percent, basis, series }: SpikeRate): void {
  if (percent === null) return;
  Object.assign(document.results, { spike_rate_percent: percent, spike_rate_basis: basis });
  const run = document.runs.length === 1 ? document.runs[0] : undefined;
  for (const one of document.series) {
    const value = series.get(one.id);
    if (value === undefined) continue;
    one.metrics['spike_rate_percent'] = metricOfRate(value);
    if (run !== undefined) run.values[one.id] = { ...run.values[one.id], spike_rate_percent: value };
  }
}

/** Two warm-ups of the same load as one; null for none. Pure. */
export function addWarmUps(warmUps: readonly WarmUp[]): WarmUp | null {
  const requests = warmUps.reduce((sum, one) => sum + one.requests, 0);
  if (requests === 0) return null;
  const mean = warmUps.reduce((sum, one) => sum + one.requests * one.mean_latency_s, 0) / requests;
  const squares = warmUps.reduce(
    (sum, one) => sum + Math.max(0, one.requests - 1) * one.stddev_latency_s ** 2 + one.requests * (one.mean_latency_s - mean) ** 2,
    0,
  );
  return { requests, mean_latency_s: mean, stddev_latency_s: requests === 1 ? 0 : Math.sqrt(squares / (requests - 1)) };
}

const metricOfRate = (value: number) => ({ unit: '%', better: 'lower' as const, value });

interface Latencies {
  id: string;
  metric: DistributionMetric;
}

function latenciesOf({ series }: Pick<ResultDocument, 'series'>): Latencies[] {
  return series.flatMap((one: Series) => {
    const metric = one.detail ? null : metricOf(one, 'latency_s.mean');
    return metric !== null && isDistribution(metric) && metric.hdr !== undefined && metric.mean !== null && metric.stddev !== null
      ? [{ id: one.id, metric }]
      : [];
  });
}

/** Seconds. */
interface Spread {
  mean: number;
  stddev: number;
}

function spreadOf(metric: DistributionMetric | undefined): Spread {
  const scale = metric?.unit === 'ms' ? 0.001 : 1;
  return { mean: (metric?.mean ?? 0) * scale, stddev: (metric?.stddev ?? 0) * scale };
}

function against(latencies: readonly Latencies[], basis: string, spread: (latencies: Latencies) => Spread): SpikeRate {
  const series = new Map<string, number>();
  let [beyond, all] = [0, 0];
  for (const one of latencies) {
    const { mean, stddev } = spread(one);
    const share = shareBeyond(one.metric, mean + 3 * stddev);
    if (share === null) continue;
    series.set(one.id, 100 * share);
    beyond += one.metric.count * share;
    all += one.metric.count;
  }
  return { percent: all === 0 ? null : (100 * beyond) / all, basis, series };
}

/** The share above a bound in seconds; null without a histogram. */
function shareBeyond(metric: DistributionMetric, boundSeconds: number): number | null {
  const distribution = distributionOf('latency_s', metric, 'latency_s');
  if (distribution === null) return null;
  const bound = boundSeconds * (metric.unit === 'ms' ? 1000 : 1);
  return distribution.countAbove(bound / histogramScale('latency_s', metric).scale) / distribution.count;
}
