import type { Limits } from '../config/thresholds/limits.ts';
import type { Better, Series } from '../result/document.ts';
import { splitKey, valueAt } from '../result/metric-values.ts';
import { isOwnMetric } from './limited-keys.ts';

/** gating: decides; advising: judged, at most a warning; shown: its change and noise are shown, nothing is judged. */
export type Role = 'gating' | 'advising' | 'shown';

/** Gating without a limit of their own: what users of an LLM service feel, and not so far out in the tail that noise rules it. */
const gatingKeys: ReadonlySet<string> = new Set(['ttft_ms.p50', 'ttft_ms.p95', 'latency_s.p95', 'tokens_per_sec', 'error_rate']);

const tails: ReadonlySet<string> = new Set(['p99', 'p999', 'max']);

/** How much wider the limit of a tail is where none is stated: p99 of TTFT varies two to four times as much as p50 from run to run. */
export const tailFactor = 3;

/**
 * What part a metric takes in a verdict by statistics. A stated `max_regression_percent` makes it gating unless `gate: false` says otherwise.
 * Throughput is tokens per second, or requests per second where the series has no tokens.
 */
export function roleOf(series: Series, key: string, better: Better, limits: Limits | null): Role {
  if (better === 'neither') return 'shown';
  const stated = limits?.max_regression_percent !== undefined;
  if (limits?.gate === false) return 'advising';
  const { metric, statistic } = splitKey(key);
  if (stated || limits?.gate === true || gatingKeys.has(key)) return 'gating';
  if (series.metrics[metric]?.observed) return 'shown';
  if (key === 'requests_per_sec') return valueAt(series, 'tokens_per_sec') === null ? 'gating' : 'shown';
  if (statistic !== null && tails.has(statistic)) return 'advising';
  if (!isOwnMetric(metric) && (statistic === null || statistic === 'p95')) return 'gating';
  return standsForP95(series, key) ? 'gating' : 'shown';
}

/** A latency, or a distribution of another tool, of which no p95 is known is judged by its median, or without one by its mean. */
function standsForP95(series: Series, key: string): boolean {
  const { metric, statistic } = splitKey(key);
  if (isOwnMetric(metric) && metric !== 'latency_s') return false;
  if (valueAt(series, `${metric}.p95`) !== null) return false;
  return statistic === 'p50' || (statistic === 'mean' && valueAt(series, `${metric}.p50`) === null);
}

/** Whether a metric is of the tail (p99 and beyond), which advises unless thresholds say otherwise. */
export function isTail(key: string): boolean {
  return tails.has(splitKey(key).statistic ?? '');
}
