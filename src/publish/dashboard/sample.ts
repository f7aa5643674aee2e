import type { Better } from '../../result/document.ts';

/** What was seen at one moment: metric key (`ttft_ms.p95`, `error_rate`, `service_cpu_cores`) -> value; null is not known. Epoch ms. */
export interface LiveSample {
  t: number;
  values: Record<string, number | null>;
}

/** What a key of samples means. */
export interface LiveMetric {
  unit: string;
  better: Better;
  /** How several samples become one; left out: their mean. */
  fold?: 'max' | 'sum';
}

/** Requests of the last seconds, beside what samplers read. Errors by kind are `errors.KIND`, in requests per second. */
export const loadMetrics: Readonly<Record<string, LiveMetric>> = {
  requests_per_sec: { unit: 'requests/s', better: 'higher' },
  tokens_per_sec: { unit: 'tokens/s', better: 'higher' },
  'ttft_ms.p50': { unit: 'ms', better: 'lower' },
  'ttft_ms.p95': { unit: 'ms', better: 'lower', fold: 'max' },
  'ttft_ms.p99': { unit: 'ms', better: 'lower', fold: 'max' },
  'latency_s.p50': { unit: 's', better: 'lower' },
  'latency_s.p95': { unit: 's', better: 'lower', fold: 'max' },
  'latency_s.p99': { unit: 's', better: 'lower', fold: 'max' },
  error_rate: { unit: '%', better: 'lower' },
  spike_rate_percent: { unit: '%', better: 'lower' },
  in_flight: { unit: 'requests', better: 'neither' },
  users: { unit: 'users', better: 'neither' },
};

/** Rounded to what a chart can show, so that an hour of samples stays small. */
export function rounded(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : Number(value.toPrecision(5));
}
