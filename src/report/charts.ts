import { isDistribution, type ResultDocument } from '../result/document.ts';
import { distributionOf } from '../result/histogram.ts';
import { shortSeriesName } from './names.ts';
import { formatCount, formatValue } from './numbers.ts';
import { lineChart } from './svg.ts';

const mostBuckets = 600;

/** Requests, tokens, errors and times over the run, one chart each; empty where the run kept no timeline. */
export function timelineCharts(result: ResultDocument): string[] {
  const { timeline } = result;
  if (timeline.length < 2) return [];
  const step = Math.ceil(timeline.length / mostBuckets);
  const shown = timeline.filter((_, index) => index % step === 0);
  const first = shown[0]?.t ?? 0;
  const last = shown.at(-1)?.t ?? 0;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(first + share * (last - first)));
  const title = (text: string) => (step > 1 ? `${text} (every ${step} s)` : text);
  const chart = (name: string, yUnit: string, lines: { name: string; key: string }[]) =>
    lineChart({
      title: title(name),
      yUnit,
      ticks: [...new Set(ticks)].map((x) => ({ x, label: `${formatCount(x)} s` })),
      lines: lines.map((line) => ({ name: line.name, points: shown.map((bucket) => ({ x: bucket.t, y: finite(bucket[line.key]) })) })),
    });
  const lines = [{ name: 'requests ended', key: 'requests' }];
  if (timeline.some((bucket) => bucket.errors > 0)) lines.push({ name: 'of them failed', key: 'errors' });
  return [
    chart('Requests in each second', 'requests/s', lines),
    timeline.some((bucket) => bucket.tokens > 0) ? chart('Output tokens in each second', 'tokens/s', [{ name: 'tokens', key: 'tokens' }]) : '',
    chart('Latency p95 of each second', 'ms', [{ name: 'latency p95', key: 'latency_ms_p95' }]),
    timeline.some((bucket) => bucket.ttft_ms_p50 !== null) ? chart('TTFT p50 of each second', 'ms', [{ name: 'TTFT p50', key: 'ttft_ms_p50' }]) : '',
  ].filter((text) => text !== '');
}

const finite = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/** Percentiles are spread as -log10(1 - p), so that the tail has room: 90, 99 and 99.9 % are equally far apart. */
const spread = (percent: number): number => -Math.log10(1 - percent / 100);
const mostLines = 2;

/** Latency by percentile, of the first series that kept a histogram; a damaged histogram is left out rather than failing the page. */
export function distributionCharts(result: ResultDocument): string[] {
  return [
    { name: 'latency_s', title: 'Latency by percentile' },
    { name: 'ttft_ms', title: 'TTFT by percentile' },
  ].flatMap(({ name, title }) => {
    let longest = 0;
    const lines = result.series.slice(0, mostLines).flatMap((series) => {
      const metric = Object.hasOwn(series.metrics, name) ? series.metrics[name] : undefined;
      if (metric === undefined || !isDistribution(metric)) return [];
      const toMs = metric.unit === 's' ? 1000 : 1;
      const at = quantiles(name, metric);
      if (at === null) return [];
      longest = Math.max(longest, metric.count);
      const points = percentsFor(metric.count)
        .map((percent) => ({ x: spread(percent), y: finite(at(percent)) }))
        .map(({ x, y }) => ({ x, y: y === null ? null : y * toMs }));
      return [{ name: `${shortSeriesName(series.id, result.scenario)} (p50 ${formatValue(metric.p50, metric.unit)})`, points }];
    });
    if (lines.length === 0) return [];
    const last = percentsFor(longest).at(-1) ?? 50;
    const ticks = [0, 50, 90, 99, 99.9, 99.99].filter((percent) => percent <= last).map((percent) => ({ x: spread(percent), label: `${percent} %` }));
    return [lineChart({ title, yUnit: 'ms', ticks, lines })];
  });
}

function quantiles(name: string, metric: Parameters<typeof distributionOf>[1]): ((percent: number) => number | null) | null {
  try {
    const distribution = distributionOf(name, metric, name);
    const scale = metric.unit === 's' ? 0.001 : 1;
    return distribution && ((percent) => (percent === 0 ? metric.min : (distribution.percentile(percent) ?? 0) * scale));
  } catch {
    return null;
  }
}

/** Percents to draw for a sample of this size: none beyond the last value that stands alone. */
function percentsFor(count: number): number[] {
  const last = Math.min(4, Math.log10(Math.max(2, count)));
  return Array.from({ length: 121 }, (_, index) => 100 * (1 - 10 ** -((index / 120) * last)));
}
