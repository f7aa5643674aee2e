import { markdownTable } from 'markdown-table';
import type { ResultDocument } from '../result/document.ts';
import type { MetricVerdict } from '../verdict/verdict.ts';
import type { Escaping } from './escape.ts';
import { metricName, shortSeriesName, unitIsInName } from './names.ts';
import { formatChange, formatInterval, formatLimitPercent, formatPercent, formatValue, plural } from './numbers.ts';
import { isBetter, marks, reasonOf } from './rows.ts';

/** What every row of one comparison's tables shares. */
export interface Columns {
  /** What the two sides are called, unescaped: `main` and `this PR`. */
  baseline: string;
  current: string;
  /** A series column, where there are several. */
  series: boolean;
  /** The baseline's value and the change from it, where any row has one. */
  change: boolean;
  /** A noise column, where any row knows its noise. */
  noise: boolean;
  scenario: string;
}

/** The columns that these rows need. */
export function columnsFor(rows: readonly MetricVerdict[], current: ResultDocument, sides: { baseline: string; current: string }): Columns {
  return {
    ...sides,
    series: rows.some((row) => row.series !== rows[0]?.series),
    change: rows.some((row) => row.baseline !== null),
    noise: rows.some((row) => row.noise_percent !== null),
    scenario: current.scenario,
  };
}

/** The heading of each column and its alignment: l, r or c. */
export function headingCells(columns: Columns, escaping: Escaping): { cells: string[]; align: string[] } {
  const chosen: [string, string, boolean][] = [
    ['Series', 'l', columns.series],
    ['Metric', 'l', true],
    [escaping.text(columns.baseline), 'r', columns.change],
    [escaping.text(columns.current), 'r', true],
    ['Change', 'r', columns.change],
    ['Noise', 'r', columns.noise],
    ['Limit', 'r', true],
    ['', 'c', true],
  ];
  const shown = chosen.filter(([, , show]) => show);
  return { cells: shown.map(([title]) => title), align: shown.map(([, side]) => side) };
}

/** One row's cells, in the order of the headings. */
export function rowCells(row: MetricVerdict, columns: Columns, escaping: Escaping, strong: (text: string) => string = (text) => text): string[] {
  const like = Math.max(Math.abs(row.baseline ?? 0), Math.abs(row.current ?? 0));
  const options = { like, namedUnit: unitIsInName(row.metric) };
  const change = formatChange(row.change_percent);
  const shownChange = row.verdict === 'regressed' && row.change_percent !== null ? strong(change) : change;
  const limit = limitCell(row, escaping);
  const chosen: [string, boolean][] = [
    [columns.series ? escaping.code(shortSeriesName(row.series, columns.scenario)) : '', columns.series],
    [escaping.text(metricName(row.metric)), true],
    [escaping.text(formatValue(row.baseline, row.baseline_unit ?? row.unit, options)), columns.change],
    [escaping.text(formatValue(row.current, row.unit, options)), true],
    [`${shownChange} ${formatInterval(row.interval_percent)}`.trimEnd(), columns.change],
    [row.noise_percent === null ? '—' : `± ${formatPercent(row.noise_percent)}`, columns.noise],
    [limit, true],
    [markCell(row, limit), true],
  ];
  return chosen.filter(([, show]) => show).map(([cell]) => cell);
}

const noLimit = '—';

/** `+20 %`, `−15 %`, `≤ 500 ms`, or both; the change limit carries the sign of the bad direction. */
function limitCell(row: MetricVerdict, escaping: Escaping): string {
  const parts: string[] = [];
  const reason = reasonOf(row);
  const decided = reason.kind === 'change' ? reason.limitPercent : null;
  // A warning shows the limit that warned, which lies below the one that fails.
  const percent = row.verdict === 'warn' ? (decided ?? row.limit_percent) : (row.limit_percent ?? decided);
  if (percent !== null) {
    const sign = row.better === 'neither' || /^warn_change_percent/.test(row.rule ?? '') ? '±' : row.better === 'lower' ? '+' : '−';
    parts.push(`${sign}${formatLimitPercent(percent)}`);
  }
  if (reason.kind === 'rise') parts.push(`+${plural(reason.points, 'point')}`);
  const value = row.limit ?? (reason.kind === 'value' ? reason.limit : null);
  if (value !== null) {
    const most = reason.kind === 'value' ? reason.side === 'above' : row.better !== 'higher';
    const options = { like: Math.max(Math.abs(row.baseline ?? 0), Math.abs(row.current ?? 0)), namedUnit: unitIsInName(row.metric), exact: true };
    parts.push(`${most ? '≤' : '≥'} ${escaping.text(formatValue(value, row.unit, options))}`);
  }
  return parts.length === 0 ? noLimit : parts.join(', ');
}

/** Where the data tell nothing of a metric that decides nothing, the row is no failure, but no tick either. */
const onlyAdvises = /\(advises only\)$/;

/** What no limit holds is shown and not judged: it has no tick. */
function markCell(row: MetricVerdict, limit: string): string {
  if (row.verdict === 'ok' && limit === noLimit) return '➖';
  if (row.verdict === 'ok' && onlyAdvises.test(row.rule ?? '')) return '❔';
  if (row.verdict !== 'warn') return marks[row.verdict];
  const better = isBetter(row);
  return `${marks.warn}${better === null || reasonOf(row).kind === 'value' ? '' : better ? ' better' : ' worse'}`;
}

/** A GitHub-flavoured table, unpadded: a comment has a size limit and nobody reads its source. */
export function tableOf(heading: { cells: string[]; align: string[] }, rows: readonly string[][]): string {
  return markdownTable([heading.cells, ...rows], { align: heading.align, alignDelimiters: false });
}
