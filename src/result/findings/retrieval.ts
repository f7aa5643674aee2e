import { isDistribution, type Series } from '../document.ts';
import type { Finding } from './finding.ts';

/** What an index of one size came to. */
interface SizeFigures {
  entries: number | null;
  dimension: number | null;
  top_k: number | null;
  latency_ms: { p50: number | null; p95: number | null; p99: number | null };
  queries_per_sec: number | null;
  recall_at_k: number | null;
  hit_rate_percent: number | null;
  hit_accuracy_percent: number | null;
}

/** `results.retrieval`: the figures of each size of index, the smallest first, and those of the largest on their own. What was not measured is null. */
export const retrieval: Finding = ({ parts }) => {
  const sizes = parts
    .flatMap(({ document }) => document.series.filter(({ labels, detail }) => !detail && labels['entries'] !== undefined).map(figuresOf))
    .toSorted((a, b) => (a.entries ?? 0) - (b.entries ?? 0));
  const largest = sizes.at(-1);
  return largest === undefined ? {} : { results: { retrieval: { ...largest, sizes } } };
};

function figuresOf({ labels, metrics }: Series): SizeFigures {
  const number = (key: string) => (typeof labels[key] === 'number' ? labels[key] : null);
  const value = (key: string) => {
    const metric = metrics[key];
    return metric === undefined || isDistribution(metric) ? null : metric.value;
  };
  const latency = metrics['latency_s'];
  const inMs = (seconds: number | null | undefined) => (typeof seconds === 'number' ? seconds * 1000 : null);
  const known = latency !== undefined && isDistribution(latency) ? latency : null;
  return {
    entries: number('entries'),
    dimension: number('dimension'),
    top_k: number('top_k'),
    latency_ms: { p50: inMs(known?.p50), p95: inMs(known?.p95), p99: inMs(known?.p99) },
    queries_per_sec: value('requests_per_sec'),
    recall_at_k: value('recall_at_k'),
    hit_rate_percent: value('hit_rate_percent'),
    hit_accuracy_percent: value('hit_accuracy_percent'),
  };
}
