import type { BenchConfig } from '../../config/bench-config.ts';
import type { Thresholds } from '../../config/thresholds/thresholds.ts';
import { defaultPairedLimitPercent } from '../../verdict/judge-paired.ts';

/**
 * The thresholds that base and head measured in turn are held to: those that were stated, without the shipped percentages of every series that are wider
 * than the 5% of a paired comparison. They are made for two single results, whose noise nobody knows. Limits of the user stay, and so do shipped ones on
 * values, on counts and on named components.
 */
export function pairedThresholds({ thresholds, origins }: Pick<BenchConfig, 'thresholds' | 'origins'>): Thresholds {
  const everywhere = thresholds.series['*'];
  if (everywhere === undefined) return thresholds;
  const isShipped = (metric: string, limit: string) => origins[`thresholds.series.*.${metric}.${limit}`] === 'default';
  const kept = Object.entries(everywhere).map(([metric, limits]) => {
    const { max_regression_percent: most, warn_regression_percent: warning, ...others } = limits;
    if (most === undefined || most <= defaultPairedLimitPercent || !isShipped(metric, 'max_regression_percent')) return [metric, limits];
    const ownWarning = warning !== undefined && !isShipped(metric, 'warn_regression_percent');
    return [metric, ownWarning ? { ...others, warn_regression_percent: warning } : others];
  });
  return { series: { ...thresholds.series, '*': Object.fromEntries(kept) } };
}
