import type { Limits } from './limits.ts';

/** What a shorthand stands for: one limit of one metric, its number multiplied by `scale`. Metric `*` stands for every gating metric of the series. */
export interface Shorthand {
  metric: string;
  limit: keyof Limits & ('max' | 'min' | 'max_regression_percent' | 'warn_regression_percent');
  scale: number;
  /** The number is a percentage of a whole: at most 100. */
  rate: boolean;
}

const timeMetrics = [
  { word: 'latency_ms', metric: 'latency_s', scale: 0.001 },
  { word: 'ttft_ms', metric: 'ttft_ms', scale: 1 },
  { word: 'tpot_ms', metric: 'tpot_ms', scale: 1 },
  { word: 'itl_ms', metric: 'itl_ms', scale: 1 },
] as const;

/**
 * `max_p95_latency_ms: 100` means `latency_s.p95: { max: 0.1 }`. Without a statistic (`max_ttft_ms`) the 95th percentile is meant.
 * docs/thresholds.md lists them all.
 */
export const shorthands: Readonly<Record<string, Shorthand>> = {
  ...Object.fromEntries(
    timeMetrics.flatMap(({ word, metric, scale }) => [
      [`max_${word}`, { metric: `${metric}.p95`, limit: 'max', scale, rate: false }],
      ...['mean', 'p50', 'p90', 'p95', 'p99', 'p999'].map((stat) => [
        `max_${stat}_${word}`,
        { metric: `${metric}.${stat}`, limit: 'max', scale, rate: false },
      ]),
    ]),
  ),
  min_tokens_per_sec: { metric: 'tokens_per_sec', limit: 'min', scale: 1, rate: false },
  min_requests_per_sec: { metric: 'requests_per_sec', limit: 'min', scale: 1, rate: false },
  min_successful_requests_per_sec: { metric: 'successful_requests_per_sec', limit: 'min', scale: 1, rate: false },
  max_error_rate: { metric: 'error_rate', limit: 'max', scale: 1, rate: true },
  min_success_rate: { metric: 'success_rate', limit: 'min', scale: 1, rate: true },
  min_hit_rate: { metric: 'hit_rate', limit: 'min', scale: 1, rate: true },
  max_regression_percent: { metric: '*', limit: 'max_regression_percent', scale: 1, rate: false },
  warn_regression_percent: { metric: '*', limit: 'warn_regression_percent', scale: 1, rate: false },
};

export const shorthandNames: readonly string[] = Object.keys(shorthands);

/** The limits that a mapping's shorthands stand for; other keys are left alone. Milliseconds become seconds without a rounding tail. */
export function expandShorthands(source: Readonly<Record<string, unknown>>): Record<string, Limits> {
  const metrics: Record<string, Limits> = {};
  for (const [key, value] of Object.entries(source)) {
    const shorthand = Object.hasOwn(shorthands, key) ? shorthands[key] : undefined;
    if (!shorthand || typeof value !== 'number') continue;
    metrics[shorthand.metric] = { ...metrics[shorthand.metric], [shorthand.limit]: Number((value * shorthand.scale).toPrecision(12)) };
  }
  return metrics;
}
