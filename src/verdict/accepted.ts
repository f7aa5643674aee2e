import { limitsFor } from '../config/thresholds/limits-for.ts';
import type { Thresholds } from '../config/thresholds/thresholds.ts';
import { judgeValue } from './limits.ts';
import type { Verdict } from './verdict.ts';

/**
 * The rows that an acceptance does not excuse: it accepts that something became slower, not that a limit on the value itself is broken or that a metric
 * with a limit was not measured. Those are changed where they are written. Pure.
 */
export function notExcused({ series }: Verdict, thresholds: Thresholds): Verdict['series'] {
  return series.filter((row) => {
    if (row.verdict !== 'regressed') return false;
    if (row.current === null) return true;
    const limits = limitsFor(thresholds, row.series, row.metric);
    return limits !== null && judgeValue(row.current, limits)?.verdict === 'regressed';
  });
}
