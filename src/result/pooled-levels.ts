import type { Level } from '../load/levels.ts';
import type { ResultDocument, Series } from './document.ts';
import { valueAt } from './metric-values.ts';

/**
 * The levels of steps over several rounds, read off the series that the rounds were added up to; null where the rounds drove no levels or not the same.
 */
export function pooledLevels(rounds: readonly ResultDocument[], series: readonly Series[]): Level[] | null {
  const all = rounds.map(({ results }) => results['levels'] as Level[] | undefined);
  const [first] = all;
  if (first === undefined || !all.every((levels) => levels !== undefined && sameLoads(levels, first))) return null;
  const pooled = first.map((level, index): Level => {
    const key = level.unit === 'users' ? 'concurrency' : 'rate';
    const own = series.find(({ labels, detail }) => !detail && labels[key] === level.load);
    const at = (metric: string) => (own === undefined ? null : valueAt(own, metric));
    const sum = (of: (one: Level) => number) => all.reduce((total, levels) => total + of(levels?.[index] as Level), 0);
    return {
      ...level,
      requests: sum((one) => one.requests),
      dropped: sum((one) => one.dropped),
      requests_per_sec: at('requests_per_sec'),
      tokens_per_sec: at('tokens_per_sec'),
      p50_latency_s: at('latency_s.p50'),
      p95_latency_s: at('latency_s.p95'),
      error_rate: errorsOf(all.map((levels) => levels?.[index] as Level)),
      goodput: null,
      p95_ratio: null,
    };
  });
  const lowest = pooled.toSorted((a, b) => a.load - b.load)[0]?.p95_latency_s ?? null;
  return pooled.map((level) => ({ ...level, p95_ratio: !lowest || level.p95_latency_s === null ? null : level.p95_latency_s / lowest }));
}

/** Percent of all arrivals, those that were dropped among them; null where a part with some does not say. */
function errorsOf(parts: readonly Level[]): number | null {
  const arrived = parts.filter(({ requests, dropped }) => requests + dropped > 0);
  if (arrived.length === 0 || arrived.some(({ error_rate }) => error_rate === null)) return null;
  const failed = arrived.reduce(
    (sum, { requests, dropped, error_rate }) => sum + Math.round(((requests + dropped) * (error_rate as number)) / 100),
    0,
  );
  return (100 * failed) / arrived.reduce((sum, { requests, dropped }) => sum + requests + dropped, 0);
}

function sameLoads(levels: readonly Level[], others: readonly Level[]): boolean {
  return levels.length === others.length && levels.every(({ load, unit }, index) => load === others[index]?.load && unit === others[index]?.unit);
}
