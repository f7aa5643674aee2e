import type { Selector } from '../config/thresholds/metric-expression.ts';
import type { MetricSample } from './prometheus-text.ts';

/** The samples that a selector chooses. */
export function select(samples: readonly MetricSample[], { name, matchers }: Selector): MetricSample[] {
  return samples.filter((sample) => sample.name === name && matchers.every(({ label, matches }) => matches(sample.labels[label] ?? '')));
}
