import { type DistributionMetric, isDistribution, type ResultDocument } from '../../result/document.ts';
import { distributionOf } from '../../result/histogram.ts';
import { shortSeriesName } from '../names.ts';
import { formatValue } from '../numbers.ts';
import type { Chart, Line } from './svg.ts';

/** Percentiles are spread as -log10(1 - p), so that the tail has room: 90, 99 and 99.9 % are equally far apart. */
const spread = (percent: number): number => -Math.log10(1 - percent / 100);
const mostLines = 2;
const bins = 40;
const metrics = [
  { name: 'latency_s', title: 'Latency' },
  { name: 'ttft_ms', title: 'TTFT' },
  { name: 'tpot_ms', title: 'TPOT' },
] as const;

interface Curve {
  name: string;
  count: number;
  /** Percent -> milliseconds. */
  at(percent: number): number | null;
}

/**
 * Latency, TTFT and TPOT: how many requests took how long, and by percentile. Of the first series that kept a histogram, or of the first on each side where
 * there is a baseline; a damaged histogram is left out rather than failing the page.
 */
export function distributionCharts(result: ResultDocument, baseline: ResultDocument | null = null): Chart[] {
  return metrics.flatMap(({ name, title }) => {
    const curves = curvesOf(result, baseline, name);
    return curves.length === 0 ? [] : [sharesChart(title, curves), percentileChart(title, curves)];
  });
}

function curvesOf(result: ResultDocument, baseline: ResultDocument | null, name: string): Curve[] {
  const [own] = curvesIn(result, name, 1);
  const [other] = baseline === null ? [] : curvesIn(baseline, name, 1);
  if (own && other) return [own, { ...other, name: `baseline (${other.name})` }];
  return curvesIn(result, name, mostLines);
}

function curvesIn(result: ResultDocument, name: string, most: number): Curve[] {
  return result.series
    .filter(({ detail }) => !detail)
    .flatMap((series): Curve[] => {
      const metric = Object.hasOwn(series.metrics, name) ? series.metrics[name] : undefined;
      if (metric === undefined || !isDistribution(metric)) return [];
      const at = quantiles(name, metric);
      const title = `${shortSeriesName(series.id, result.scenario)} (p50 ${formatValue(metric.p50, metric.unit)})`;
      return at === null ? [] : [{ name: title, count: metric.count, at }];
    })
    .slice(0, most);
}

function percentileChart(title: string, curves: readonly Curve[]): Chart {
  const last = percentsFor(Math.max(...curves.map(({ count }) => count))).at(-1) ?? 50;
  const ticks = [0, 50, 90, 99, 99.9, 99.99].filter((percent) => percent <= last).map((percent) => ({ x: spread(percent), label: `${percent} %` }));
  const lines = curves.map(
    ({ name, count, at }): Line => ({ name, points: percentsFor(count).map((percent) => ({ x: spread(percent), y: finite(at(percent)) })) }),
  );
  return { title: `${title} by percentile`, yUnit: 'ms', ticks, lines, xName: 'requests up to', scale: 'percentile' };
}

/** Share of the requests in bins of equal width up to the 99th percentile, beyond which a few would flatten all others. */
function sharesChart(title: string, curves: readonly Curve[]): Chart {
  const low = Math.min(...curves.map(({ at }) => at(0) ?? 0));
  const high = Math.max(...curves.map(({ at }) => at(99) ?? 0), low);
  const width = (high - low || low || 1) / bins;
  const samples = Array.from({ length: 1000 }, (_, index) => (index + 0.5) / 10);
  const lines = curves.map(({ name, at }): Line => {
    const shares = new Array<number>(bins + 1).fill(0);
    for (const percent of samples) {
      const bin = Math.floor(((at(percent) ?? low) - low) / width);
      if (bin <= bins) shares[Math.max(0, bin)] = (shares[Math.max(0, bin)] as number) + 0.1;
    }
    return { name, points: shares.map((share, bin) => ({ x: round(low + bin * width), y: round(share) })) };
  });
  const ticks = [0, 0.5, 1].map((part) => ({ x: round(low + part * bins * width), label: formatValue(low + part * bins * width, 'ms') }));
  return { title: `${title}: share of the requests`, yUnit: '%', ticks, lines, xName: 'from', xUnit: 'ms', scale: 'value', shape: 'steps' };
}

const round = (value: number): number => Number(value.toPrecision(6));
const finite = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

function quantiles(name: string, metric: DistributionMetric): Curve['at'] | null {
  try {
    const distribution = distributionOf(name, metric, name);
    const scale = metric.unit === 's' ? 0.001 : 1;
    const toMs = metric.unit === 's' ? 1000 : 1;
    return (
      distribution &&
      ((percent) => {
        const value = percent === 0 ? metric.min : (distribution.percentile(percent) ?? 0) * scale;
        return value === null ? null : value * toMs;
      })
    );
  } catch {
    return null;
  }
}

/** Percents to draw for a sample of this size: none beyond the last value that stands alone. */
function percentsFor(count: number): number[] {
  const last = Math.min(4, Math.log10(Math.max(2, count)));
  return Array.from({ length: 121 }, (_, index) => 100 * (1 - 10 ** -((index / 120) * last)));
}
