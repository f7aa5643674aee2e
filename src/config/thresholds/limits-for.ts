import picomatch from 'picomatch';
import type { Limits } from './limits.ts';
import { headlineMetrics, isKnownMetric, splitMetricKey } from './metric-names.ts';
import type { MetricLimits, Thresholds } from './thresholds.ts';

/**
 * The limits of one metric of one series, or null where none apply.
 *
 * A glob matches a series when it matches its whole id or a leading part that ends before a `/`: `latency_benchmark` holds for
 * `latency_benchmark/prompt_tokens=500` too, and `*` for everything. Where several match, the later entry wins, limit by limit.
 *
 * The metric `*` (what `max_regression_percent: 20` without a metric stands for) holds for the gating metrics: those with a regression limit of
 * their own, the five headline figures, and of metrics that are not ours (components bring them) every plain value and p95.
 * A limit named for the metric itself wins over `*` of the same glob. Counts that no noise moves (allocs/op, B/op, instructions) may get worse by 1% at most
 * where only `*` limits them.
 *
 * @param metricKey `ttft_ms.p95`, or `error_rate` for a metric with one value
 */
export function limitsFor(thresholds: Thresholds, seriesId: string, metricKey: string): Limits | null {
  const entries = matching(thresholds, seriesId);
  const gating = isGating(metricKey, entries);
  let limits: Limits | null = null;
  for (const metrics of entries) {
    for (const key of gating ? ['*', metricKey] : [metricKey]) {
      if (Object.hasOwn(metrics, key))
        limits = Object.assign(limits ?? {}, key === '*' ? limitOfAll(metrics[key] as Limits, metricKey) : metrics[key]);
    }
  }
  return limits;
}

/** Counts that do not depend on how busy the machine is, and what they may get worse by where only `*` says how much the rest may. */
const deterministic = new Set(['allocs/op', 'B/op', 'instructions', 'instructions/op']);
const deterministicLimitPercent = 1;

/** Whether a metric is such a count. */
export function isDeterministic(metricKey: string): boolean {
  return deterministic.has(metricKey);
}

function limitOfAll(limits: Limits, metricKey: string): Limits {
  const { max_regression_percent: most } = limits;
  if (most === undefined || !isDeterministic(metricKey)) return limits;
  return { ...limits, max_regression_percent: Math.min(most, deterministicLimitPercent) };
}

/** The metrics that thresholds name for a series (without `*`): a limit whose metric was not measured can be told from no limit. */
export function limitedMetrics(thresholds: Thresholds, seriesId: string): string[] {
  const keys = matching(thresholds, seriesId).flatMap((metrics) => Object.keys(metrics));
  return [...new Set(keys)].filter((key) => key !== '*');
}

function matching(thresholds: Thresholds, seriesId: string): MetricLimits[] {
  const parts = seriesId.split('/');
  const leading = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  return Object.entries(thresholds.series)
    .filter(([glob]) => matches(glob, leading))
    .map(([, metrics]) => metrics);
}

const matchers = new Map<string, (text: string) => boolean>();

/** Bash rules: a star crosses slashes, as a series id is a name and no path. */
function matches(glob: string, candidates: string[]): boolean {
  if (glob === '*' || candidates.includes(glob)) return true;
  const matcher = matchers.get(glob) ?? picomatch(glob, { bash: true, dot: true });
  matchers.set(glob, matcher);
  return candidates.some((candidate) => matcher(candidate));
}

function isGating(metricKey: string, entries: MetricLimits[]): boolean {
  if (headlineMetrics.includes(metricKey)) return true;
  if (entries.some((metrics) => Object.hasOwn(metrics, metricKey) && metrics[metricKey]!.max_regression_percent !== undefined)) return true;
  const { metric, statistic } = splitMetricKey(metricKey);
  return !isKnownMetric(metric) && (statistic === null || statistic === 'p95');
}
