import type { Level } from '../load/levels.ts';
import { isCutOff } from '../load/search-rules.ts';
import { seriesId } from '../load/series-id.ts';
import { isRule } from '../load/stop-rules.ts';
import type { ResultDocument, Series } from './document.ts';
import { valueAt } from './metric-values.ts';

/**
 * The levels of several rounds united by their load, read off the series that the rounds were added up to; empty where the rounds drove none. A search
 * chooses its levels anew in each round, and a round that was cut off lacks some: a level is of the rounds that drove it.
 * @param name of the scenario, or part, whose levels they are
 */
export function pooledLevels(rounds: readonly ResultDocument[], series: readonly Series[], name: string): Level[] {
  const byLoad = Map.groupBy(
    rounds.flatMap(({ results }) => (results['levels'] as Level[] | undefined) ?? []),
    ({ unit, load }) => `${unit} ${load}`,
  );
  const pooled = [...byLoad.values()].map((parts): Level => {
    const { load, unit } = parts[0] as Level;
    const id = seriesId(name, { [unit === 'users' ? 'concurrency' : 'rate']: load }, name);
    const own = series.find((one) => one.id === id);
    const at = (metric: string) => (own === undefined ? null : valueAt(own, metric));
    const sum = (of: (one: Level) => number) => parts.reduce((total, part) => total + of(part), 0);
    return {
      load,
      unit,
      requests: sum((one) => one.requests),
      dropped: sum((one) => one.dropped),
      requests_per_sec: at('requests_per_sec'),
      tokens_per_sec: at('tokens_per_sec'),
      p50_latency_s: at('latency_s.p50'),
      p95_latency_s: at('latency_s.p95'),
      waited_p95_s: waitedOver(parts, at('latency_s.p95')),
      error_rate: percentOf(parts, 'error_rate'),
      goodput: percentOf(parts, 'goodput'),
      p95_ratio: null,
      stop_reason: pooledReason(parts),
    };
  });
  const lowest = pooled.toSorted((a, b) => a.load - b.load)[0]?.p95_latency_s ?? null;
  return pooled.map((level) => ({ ...level, p95_ratio: !lowest || level.p95_latency_s === null ? null : level.p95_latency_s / lowest }));
}

/** Where requests timed out what was waited is known of each round, not of all together: the longest stands for all. */
function waitedOver(parts: readonly Level[], answered: number | null): number | null {
  const waited = parts.flatMap(({ waited_p95_s: of, p95_latency_s: own }) => (of == null || of === own ? [] : [of]));
  return waited.length === 0 ? answered : Math.max(...waited, answered ?? 0);
}

/** A rule that ended the level in one round counts for all; else it is enough that one round drove it to its end. */
function pooledReason(parts: readonly Level[]): Level['stop_reason'] {
  const reasonOf = ({ stop_reason: reason }: Level) => reason ?? null;
  const ruled = parts.map(reasonOf).find(isRule);
  return ruled ?? reasonOf(parts.find((part) => !isCutOff(part)) ?? (parts[0] as Level));
}

/** Percent of all arrivals, those that were dropped among them; null where a part with some does not say. */
function percentOf(parts: readonly Level[], of: 'error_rate' | 'goodput'): number | null {
  const arrived = parts.filter(({ requests, dropped }) => requests + dropped > 0);
  if (arrived.length === 0 || arrived.some((part) => part[of] === null)) return null;
  const counted = arrived.reduce((sum, part) => sum + Math.round(((part.requests + part.dropped) * (part[of] as number)) / 100), 0);
  return (100 * counted) / arrived.reduce((sum, { requests, dropped }) => sum + requests + dropped, 0);
}
