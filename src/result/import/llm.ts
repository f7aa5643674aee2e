import type { Statistic } from '../document.ts';
import { describeMetric } from '../metric-names.ts';
import type { Measure } from './format.ts';

type LlmValue = number | null | undefined | Partial<Record<Statistic, number>>;

/** Figures under our own names, those that were not measured left out. */
export function llmMeasures(
  series: string,
  labels: Record<string, string | number>,
  count: number | null,
  values: Record<string, LlmValue>,
): Measure[] {
  return Object.entries(values).flatMap(([metric, value]): Measure[] => {
    if (value === null || value === undefined) return [];
    if (typeof value === 'object' && Object.keys(value).length === 0) return [];
    return [{ series, labels, metric, ...describeMetric(metric), value, ...(typeof value === 'object' && count !== null ? { count } : {}) }];
  });
}

/** Failed requests in percent; null where no request was counted. */
export function errorRate(failed: number | null, successful: number | null): number | null {
  const all = (failed ?? 0) + (successful ?? 0);
  return failed === null || successful === null || !(all > 0) ? null : (100 * failed) / all;
}
