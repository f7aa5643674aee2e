import { isDistribution, type Metric, type ResultDocument } from '../result/document.ts';
import { metricName } from './names.ts';
import { formatValue } from './numbers.ts';

/** One quantity that was watched beside the load, ready to be shown. */
export interface ObservedRow {
  name: string;
  mean: string;
  max: string;
}

/** What was seen of the service and its machine, in the order of the document; none where nothing was watched. */
export function observedRows({ observed }: ResultDocument): ObservedRow[] {
  return Object.entries(observed?.metrics ?? {}).map(([key, metric]) => ({ name: metricName(key), ...figures(metric) }));
}

function figures(metric: Metric): { mean: string; max: string } {
  if (!isDistribution(metric)) return { mean: formatValue(metric.value, metric.unit), max: '' };
  return { mean: formatValue(metric.mean, metric.unit), max: formatValue(metric.max, metric.unit) };
}
