import type { Selector } from '../config/thresholds/metric-expression.ts';
import type { MetricSample } from './prometheus-text.ts';

/** A page is asked for many names, each of a few of its samples. */
const byName = new WeakMap<readonly MetricSample[], Map<string, MetricSample[]>>();

/** The samples that a selector chooses. */
export function select(samples: readonly MetricSample[], { name, matchers }: Selector): MetricSample[] {
  const named = byName.get(samples) ?? Map.groupBy(samples, (sample) => sample.name);
  byName.set(samples, named);
  return (named.get(name) ?? []).filter(({ labels }) => matchers.every(({ label, matches }) => matches(labels[label] ?? '')));
}
