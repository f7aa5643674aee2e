import { directionBy } from '../result/import/direction.ts';
import { splitKey } from '../result/metric-values.ts';
import { isOwnMetric } from './limited-keys.ts';
import type { MetricVerdict } from './verdict.ts';

const mostNamed = 5;

/** Whether a row compares a metric of which nobody knows which way is better, and no limit said anything of it either: its `ok` is no judgement. */
export function isUnjudged({ metric, unit, better, verdict, baseline, current, limit, rule }: MetricVerdict): boolean {
  if (better !== 'neither' || verdict !== 'ok' || baseline === null || current === null || isOwnMetric(splitKey(metric).metric)) return false;
  // Where the unit tells, somebody meant it not to be judged.
  if (directionBy(unit, metric) !== 'neither') return false;
  return limit === null && !rule?.startsWith('warn_change_percent');
}

/** The sentence on the rows that were not judged, naming them; none where there are none. */
export function unjudgedNotes(rows: readonly MetricVerdict[]): string[] {
  const names = rows.filter(isUnjudged).map(({ series, metric }) => `${metric} of ${series}`);
  if (names.length === 0) return [];
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
  return [
    `not judged, for it is not known which way is better: ${names.slice(0, mostNamed).join(', ')}${more} (a unit that tells it, ` +
      'a column better of a table, or --direction smaller|bigger says so)',
  ];
}
