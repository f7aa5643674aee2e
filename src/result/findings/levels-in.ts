import type { Level } from '../../load/levels.ts';
import { seriesId } from '../../load/series-id.ts';
import type { MeasuredPart } from './finding.ts';

/**
 * The loads that a part drove, each with the id of its series: the levels of its steps, or the one load of a constant number of users.
 */
export function levelsIn({ scenario, document }: MeasuredPart): { level: Level; series: string }[] {
  const levels = document.results['levels'] as Level[] | undefined;
  if (levels !== undefined)
    return levels.map((level) => ({
      level,
      series: seriesId(scenario.name, { [level.unit === 'users' ? 'concurrency' : 'rate']: level.load }, scenario.name),
    }));
  const { concurrency, total_requests, throughput, latency_s, error_rate } = document.results;
  if (concurrency === null) return [];
  const level: Level = {
    load: concurrency,
    unit: 'users',
    requests: total_requests,
    requests_per_sec: throughput.requests_per_sec,
    tokens_per_sec: throughput.tokens_per_sec,
    p50_latency_s: latency_s?.p50 ?? null,
    p95_latency_s: latency_s?.p95 ?? null,
    error_rate,
    dropped: 0,
    goodput: null,
    p95_ratio: null,
    stop_reason: document.stop_reason as Level['stop_reason'],
  };
  return [{ level, series: scenario.name }];
}
