import type { Selector } from '../config/thresholds/metric-expression.ts';
import type { MetricSample } from './prometheus-text.ts';
import { select } from './selector.ts';

/** A cumulative histogram as a metrics page gives it, summed over the series that were chosen. */
export interface ServerHistogram {
  /** Upper bounds, ascending, the last one infinite. */
  bounds: readonly number[];
  /** Observations at or below each bound. */
  cumulative: readonly number[];
  sum: number;
  count: number;
}

/** Null where the page has no such histogram. */
export function readHistogram(samples: readonly MetricSample[], selector: Selector): ServerHistogram | null {
  const buckets = select(samples, { ...selector, name: `${selector.name}_bucket` });
  if (buckets.length === 0) return null;
  const byBound = new Map<number, number>();
  for (const { labels, value } of buckets) {
    const bound = labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le']);
    if (!Number.isNaN(bound)) byBound.set(bound, (byBound.get(bound) ?? 0) + value);
  }
  const bounds = [...byBound.keys()].sort((a, b) => a - b);
  const total = (name: string) => select(samples, { ...selector, name }).reduce((sum, { value }) => sum + value, 0);
  return {
    bounds,
    cumulative: bounds.map((bound) => byBound.get(bound)!),
    sum: total(`${selector.name}_sum`),
    count: total(`${selector.name}_count`),
  };
}

/** What came in between two readings; null where nothing did, or where the server began anew in between. */
export function difference(before: ServerHistogram | null, after: ServerHistogram): ServerHistogram | null {
  if (before === null) return after.count > 0 ? after : null;
  const count = after.count - before.count;
  if (count <= 0 || before.bounds.length !== after.bounds.length) return null;
  return {
    bounds: after.bounds,
    cumulative: after.cumulative.map((value, at) => value - (before.cumulative[at] ?? 0)),
    sum: after.sum - before.sum,
    count,
  };
}

/**
 * A quantile, taken to lie evenly within its bucket, as Prometheus' histogram_quantile does; one in the last, unbounded bucket is the highest bound.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */
export function quantile({ bounds, cumulative }: ServerHistogram, share: number): number | null {
  const total = cumulative.at(-1) ?? 0;
  if (total <= 0) return null;
  const rank = share * total;
  const at = cumulative.findIndex((value) => value >= rank);
  const bound = bounds[at];
  if (at === -1 || bound === undefined) return null;
  if (bound === Number.POSITIVE_INFINITY) return at === 0 ? null : (bounds[at - 1] ?? null);
  const [below, floor] = at === 0 ? [0, Math.min(0, bound)] : [cumulative[at - 1]!, bounds[at - 1]!];
  const within = cumulative[at]! - below;
  return within <= 0 ? bound : floor + ((bound - floor) * (rank - below)) / within;
}
