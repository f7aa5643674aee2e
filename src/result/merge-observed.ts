import { type DistributionMetric, isDistribution, type Metric, type ResultDocument, type ValueMetric } from './document.ts';
import type { Part } from './merge-series.ts';
import { addValues } from './merge-values.ts';
import { addDistributions } from './pooled.ts';

/**
 * What was seen of service and machine over all parts: means and extremes of all samples, amounts added. A quantity whose unit the parts do not agree on is
 * left out. Null where nothing was watched.
 * @param wholeSeconds measured time of the parts together
 */
export function mergeObserved(parts: readonly Part[], wholeSeconds: number | null): NonNullable<ResultDocument['observed']> | null {
  const watched = parts.flatMap(({ document, name }) => (document.observed === undefined ? [] : [{ document, name, ...document.observed }]));
  const [first] = watched;
  if (first === undefined) return null;
  const metrics: Record<string, Metric> = {};
  for (const name of new Set(watched.flatMap((one) => Object.keys(one.metrics)))) {
    const having = watched.flatMap((one) => {
      const metric = one.metrics[name];
      return metric === undefined ? [] : [{ ...one, metric }];
    });
    const [example] = having as [(typeof having)[number]];
    const alike = ({ metric }: (typeof having)[number]) =>
      metric.unit === example.metric.unit && isDistribution(metric) === isDistribution(example.metric);
    if (!having.every(alike)) continue;
    const added = isDistribution(example.metric)
      ? addDistributions(
          name,
          having.map(({ metric, name: where }) => ({ metric: metric as DistributionMetric, where })),
        )
      : addValues(
          name,
          having.map(({ metric, document: { results } }) => ({
            metric: metric as ValueMetric,
            durationSeconds: results.duration_seconds > 0 ? results.duration_seconds : null,
            requests: results.total_requests,
            successful: results.successful,
          })),
          wholeSeconds,
        );
    metrics[name] = { ...added, observed: true };
  }
  const absent = new Map(watched.flatMap((one) => one.absent.map((missing) => [missing.sampler, missing])));
  const costs = watched.flatMap((one) => one.cost_percent_of_a_core ?? []);
  return { cost_percent_of_a_core: costs.length === 0 ? null : Math.max(...costs), metrics, absent: [...absent.values()] };
}
