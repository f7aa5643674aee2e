import { type DistributionMetric, isDistribution, type Series } from '../document.ts';
import { distributionOf } from '../histogram.ts';

/**
 * Percent of the requests whose latency lies beyond mean + 3 sigma, each series by its own mean and sigma (a load that changes would else count its heavier
 * steps as spikes); null where no series kept a histogram. Pure.
 */
export function ownSpikeRate(series: readonly Series[]): number | null {
  return shareOfSpikes(series, ({ mean, stddev }) => ({ mean, stddev }));
}

/** The same with the mean and sigma (seconds) of other requests: those of the warm-up, or of a baseline. Pure. */
export function spikeRateAgainst(series: readonly Series[], reference: { mean: number; stddev: number }): number | null {
  return shareOfSpikes(series, ({ unit }) => {
    const scale = unit === 's' ? 1 : 1000;
    return { mean: reference.mean * scale, stddev: reference.stddev * scale };
  });
}

function shareOfSpikes(
  series: readonly Series[],
  referenceOf: (metric: DistributionMetric) => { mean: number | null; stddev: number | null },
): number | null {
  let [beyond, all] = [0, 0];
  for (const { detail, metrics } of series) {
    const metric = metrics['latency_s'];
    if (detail || metric === undefined || !isDistribution(metric)) continue;
    const { mean, stddev } = referenceOf(metric);
    if (mean === null || stddev === null) continue;
    const distribution = distributionOf('latency_s', metric, 'latency_s');
    if (distribution === null) continue;
    const bound = (mean + 3 * stddev) * (metric.unit === 's' ? 1000 : 1);
    beyond += metric.count * shareBeyond((percent) => distribution.percentile(percent) ?? 0, bound);
    all += metric.count;
  }
  return all === 0 ? null : (100 * beyond) / all;
}

/** The share above a bound, found on the percentiles by halving. */
function shareBeyond(percentile: (percent: number) => number, bound: number): number {
  if (percentile(100) <= bound) return 0;
  let [below, above] = [0, 100];
  for (let step = 0; step < 40; step++) {
    const middle = (below + above) / 2;
    if (percentile(middle) <= bound) below = middle;
    else above = middle;
  }
  return 1 - below / 100;
}
