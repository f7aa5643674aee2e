import { timeOfZero } from '../verdict/judge-metric.ts';
import type { MetricVerdict, SeriesVerdict } from '../verdict/verdict.ts';

/** What put a row where it is: a limit on the value itself, on its change, or on its rise in points of percentage (an error rate). */
export type Reason =
  | { kind: 'value'; side: 'above' | 'below'; limit: number }
  | { kind: 'change'; limitPercent: number | null }
  | { kind: 'rise'; points: number };

/**
 * Which limit decided a row. The rule says it in its first word (`max 500`, `max_regression_percent 20`); a row whose rule is silent
 * (a statistical one) is about its change, unless its value lies beyond its limit.
 */
export function reasonOf(row: MetricVerdict): Reason {
  const [word = '', figure] = (row.rule ?? '').split(/\s+/);
  const written = figure === undefined ? Number.NaN : Number(figure);
  const limit = row.limit ?? (Number.isFinite(written) ? written : null);
  if (/^(warn_)?max$/.test(word) && limit !== null) return { kind: 'value', side: 'above', limit };
  if (/^(warn_)?min$/.test(word) && limit !== null) return { kind: 'value', side: 'below', limit };
  if (word === 'max_rise_points' && Number.isFinite(written)) return { kind: 'rise', points: written };
  if (/_percent$/.test(word)) return { kind: 'change', limitPercent: Number.isFinite(written) ? written : row.limit_percent };
  if (row.limit !== null && row.current !== null) {
    if (row.better === 'lower' && row.current > row.limit) return { kind: 'value', side: 'above', limit: row.limit };
    if (row.better === 'higher' && row.current < row.limit) return { kind: 'value', side: 'below', limit: row.limit };
  }
  return { kind: 'change', limitPercent: row.limit_percent };
}

/** Why the two values of a row have no percentage between them, where its rule says so. */
export function whyUncompared({ rule, change_percent: change }: MetricVerdict): string | null {
  if (rule === null || rule === timeOfZero) return rule;
  if (change !== null) return null;
  if (/^(units differ|no percentage)/.test(rule)) return rule;
  return /\): (.+)$/.exec(rule)?.[1] ?? /\((?:default; )?([^()]* has no percentage)\)$/.exec(rule)?.[1] ?? null;
}

/** Whether a change is good news: true, false, or null where neither direction is better or nothing changed. */
export function isBetter(row: MetricVerdict): boolean | null {
  if (row.baseline_unit !== undefined || (row.current ?? 0) < 0 || whyUncompared(row) === timeOfZero) return null;
  const said = /\((better|worse)\)/.exec(row.rule ?? '')?.[1];
  if (said !== undefined) return said === 'better';
  const change = changeOf(row);
  if (change === null || change === 0 || row.better === 'neither') return null;
  return change < 0 === (row.better === 'lower');
}

/** The sign of the change, known even from a baseline of zero, where there is no percentage. */
function changeOf(row: MetricVerdict): number | null {
  if (row.change_percent !== null) return row.change_percent;
  if (row.baseline_unit !== undefined) return null;
  return row.baseline === null || row.current === null ? null : row.current - row.baseline;
}

const severity: Record<SeriesVerdict, number> = { regressed: 0, inconclusive: 1, warn: 2, missing: 3, improved: 4, new: 5, ok: 6 };

/** A warning of something better comes after those of something worse. */
const rank = (row: MetricVerdict): number => severity[row.verdict] + (row.verdict === 'warn' && isBetter(row) ? 0.5 : 0);

/** How far beyond its limit a row is, as a multiple of the limit; what has no limit counts by its change alone. */
function excess(row: MetricVerdict): number {
  const reason = reasonOf(row);
  if (reason.kind === 'value') {
    if (row.current === null) return 0;
    const [over, under] = reason.side === 'above' ? [row.current, reason.limit] : [reason.limit, row.current];
    return under === 0 ? Number.POSITIVE_INFINITY : over / under;
  }
  if (reason.kind === 'rise') return reason.points === 0 ? Number.POSITIVE_INFINITY : Math.abs(changeOf(row) ?? 0) / reason.points;
  const change = Math.abs(row.change_percent ?? (changeOf(row) ? Number.POSITIVE_INFINITY : 0));
  const limit = reason.limitPercent;
  if (limit === null) return change / 100;
  return limit === 0 ? Number.POSITIVE_INFINITY : change / limit;
}

/** Rows with the worst first: by verdict, then by how far beyond the limit, then in the order they came. */
export function worstFirst(rows: readonly MetricVerdict[]): MetricVerdict[] {
  return rows
    .map((row, place) => ({ row, place, over: excess(row) }))
    .sort((a, b) => rank(a.row) - rank(b.row) || (a.over === b.over ? 0 : b.over - a.over) || a.place - b.place)
    .map(({ row }) => row);
}

/** The rows to show at once and those to fold: everything that is not plainly ok, worst first; the ok ones in the order they came. */
export function splitRows(rows: readonly MetricVerdict[]): { changed: MetricVerdict[]; unchanged: MetricVerdict[] } {
  return { changed: worstFirst(rows.filter((row) => row.verdict !== 'ok')), unchanged: rows.filter((row) => row.verdict === 'ok') };
}

/** True where rows of more than one series are shown, so that each must say which it is of. */
export function hasManySeries(rows: readonly MetricVerdict[]): boolean {
  return rows.some((row) => row.series !== rows[0]?.series);
}

export const marks: Record<SeriesVerdict, string> = {
  regressed: '❌',
  ok: '✅',
  improved: '✅ improved',
  warn: '⚠️',
  inconclusive: '❔ inconclusive',
  new: '🆕 new',
  missing: '⚠️ missing',
};
