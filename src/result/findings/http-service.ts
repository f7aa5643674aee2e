import { type DistributionMetric, isDistribution, type Metric } from '../document.ts';
import type { Finding } from './finding.ts';

/**
 * `results.http`: availability, connect times, size and JSON parse time of the answers, and what a cache brings: how long the first request took beside the
 * median of all. `availability_percent` of the series.
 */
export const httpService: Finding = ({ parts, document }) => {
  const [part] = parts;
  const series = document.series.find(({ detail, metrics }) => !detail && metrics['latency_s'] !== undefined);
  const of = (name: string): DistributionMetric | null => {
    const metric = series?.metrics[name];
    return metric !== undefined && isDistribution(metric) ? metric : null;
  };
  const { success_rate, latency_s } = document.results;
  const first = numberOr(part?.document.results['first_latency_s']);
  const repeat = latency_s?.p50 ?? null;
  const parse = document.results['json_parse_ms'] as { p50: number | null; max: number | null } | undefined;
  const availability: Metric = { unit: '%', better: 'higher', value: success_rate };
  return {
    results: {
      http: {
        availability_percent: success_rate,
        connect_ms_p50: of('connect_ms')?.p50 ?? null,
        connect_ms_max: of('connect_ms')?.max ?? null,
        response_bytes_mean: of('response_bytes')?.mean ?? null,
        response_bytes_max: of('response_bytes')?.max ?? null,
        parse_ms_p50: parse?.p50 ?? null,
        parse_ms_max: parse?.max ?? null,
        cache: { first_latency_s: first, repeat_latency_s_p50: repeat, first_to_repeat: first === null || !repeat ? null : first / repeat },
      },
    },
    ...(series === undefined ? {} : { metrics: { [series.id]: { availability_percent: availability } } }),
  };
};

const numberOr = (value: unknown): number | null => (typeof value === 'number' ? value : null);
