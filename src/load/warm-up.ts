import type { RequestRecord } from '../measure/record.ts';

/** Latencies of warm-up requests that succeeded, as sums: enough for their mean and sigma, and cheap to add up over threads. */
export interface WarmUpLatencies {
  count: number;
  /** ms */
  sum: number;
  /** ms squared */
  squares: number;
}

/** Sums of nothing yet. */
export const noLatencies = (): WarmUpLatencies => ({ count: 0, sum: 0, squares: 0 });

/** Counts an answer in; a failed one is left out. Changes `into`. */
export function addLatency(into: WarmUpLatencies, { error, endMs, intendedMs }: Pick<RequestRecord, 'error' | 'endMs' | 'intendedMs'>): void {
  if (error !== null) return;
  const ms = endMs - intendedMs;
  into.count++;
  into.sum += ms;
  into.squares += ms * ms;
}

/** Mean and standard deviation (n - 1) of all threads' warm-up, in seconds; null for fewer than two requests. Pure. */
export function warmUpLatency(parts: readonly WarmUpLatencies[]): { requests: number; mean_latency_s: number; stddev_latency_s: number } | null {
  const total = parts.reduce(
    (all, { count, sum, squares }) => ({ count: all.count + count, sum: all.sum + sum, squares: all.squares + squares }),
    noLatencies(),
  );
  const { count, sum, squares } = total;
  if (count < 2) return null;
  const mean = sum / count;
  const variance = Math.max(0, (squares - count * mean * mean) / (count - 1));
  return { requests: count, mean_latency_s: mean / 1000, stddev_latency_s: Math.sqrt(variance) / 1000 };
}
