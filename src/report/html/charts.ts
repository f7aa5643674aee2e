import type { ResultDocument } from '../../result/document.ts';
import { formatCount } from '../numbers.ts';
import type { Chart } from './svg.ts';

const mostBuckets = 600;

/** Requests, tokens, errors and times over the run, one chart each; empty where the run kept no timeline. */
export function timelineCharts(result: ResultDocument): Chart[] {
  const { timeline } = result;
  if (timeline.length < 2) return [];
  const step = Math.ceil(timeline.length / mostBuckets);
  const shown = timeline.filter((_, index) => index % step === 0);
  const first = shown[0]?.t ?? 0;
  const last = shown.at(-1)?.t ?? 0;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(first + share * (last - first)));
  const title = (text: string) => (step > 1 ? `${text} (every ${step} s)` : text);
  const chart = (name: string, yUnit: string, lines: { name: string; key: string }[]): Chart => ({
    title: title(name),
    yUnit,
    xName: 'after',
    xUnit: 's',
    scale: 'time',
    ticks: [...new Set(ticks)].map((x) => ({ x, label: `${formatCount(x)} s` })),
    lines: lines.map((line) => ({ name: line.name, points: shown.map((bucket) => ({ x: bucket.t, y: finite(bucket[line.key]) })) })),
  });
  const lines = [{ name: 'requests ended', key: 'requests' }];
  if (timeline.some((bucket) => bucket.errors > 0)) lines.push({ name: 'of them failed', key: 'errors' });
  const charts = [chart('Requests in each second', 'requests/s', lines)];
  if (timeline.some((bucket) => bucket.tokens > 0))
    charts.push(chart('Output tokens in each second', 'tokens/s', [{ name: 'tokens', key: 'tokens' }]));
  charts.push(chart('Latency p95 of each second', 'ms', [{ name: 'latency p95', key: 'latency_ms_p95' }]));
  if (timeline.some((bucket) => bucket.ttft_ms_p50 !== null))
    charts.push(chart('TTFT p50 of each second', 'ms', [{ name: 'TTFT p50', key: 'ttft_ms_p50' }]));
  if (timeline.some((bucket) => bucket.in_flight > 0))
    charts.push(chart('Requests in flight', 'requests', [{ name: 'in flight', key: 'in_flight' }]));
  return charts.filter(({ lines: drawn }) => drawn.some(({ points }) => points.some(({ y }) => y !== null)));
}

const finite = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
