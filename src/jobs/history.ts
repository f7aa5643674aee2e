import type { Pool } from '../baseline/pool.ts';
import { median } from '../measure/median.ts';
import { shortSeriesName } from '../report/names.ts';
import { hasManySeries, worstFirst } from '../report/rows.ts';
import type { Trend } from '../report/trend.ts';
import type { ResultDocument } from '../result/document.ts';
import { runValues } from '../verdict/values.ts';
import type { Verdict } from '../verdict/verdict.ts';

/** How many earlier runs a trend goes back. */
const shownRuns = 20;
/** What a trend is of where nothing changed. */
const preferred = ['ttft_ms.p95', 'latency_s.p95', 'tokens_per_sec', 'requests_per_sec'];

/**
 * The metric that the reader will ask about, over the last runs of the base branch on this kind of machine, this run last. Of the worst row; where none is
 * worse than ok, of a headline metric. Null without two earlier runs that measured it. Pure.
 */
export function trendOf(pool: Pool | null, verdict: Verdict, current: ResultDocument): Trend | null {
  if (pool === null || pool.members.length < 2) return null;
  const rows = verdict.series.filter((row) => row.current !== null && row.baseline !== null);
  const [worst] = worstFirst(rows.filter((row) => row.verdict !== 'ok'));
  const row = worst ?? preferred.flatMap((key) => rows.find(({ metric }) => metric === key) ?? [])[0] ?? rows[0];
  if (row === undefined) return null;
  const points = pool.members
    .slice(0, shownRuns)
    .sort((a, b) => a.timestamp.localeCompare(b.timestamp))
    .map(({ document, sha }) => ({ sha, value: valueIn(document, row.series, row.metric) }));
  if (points.filter(({ value }) => value !== null).length < 2) return null;
  return {
    metric: row.metric,
    unit: row.unit,
    series: hasManySeries(verdict.series) ? shortSeriesName(row.series, current.scenario) : null,
    points: [...points, { sha: current.git.sha, value: row.current }],
  };
}

function valueIn(document: ResultDocument, id: string, key: string): number | null {
  const series = document.series.find((one) => one.id === id);
  return series === undefined ? null : median(runValues(document, series, key));
}
