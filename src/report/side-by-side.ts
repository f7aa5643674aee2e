import { isDistribution, type ResultDocument, type Series } from '../result/document.ts';
import { escapeHtml, forMarkdown, markdownText, terminalText } from './escape.ts';
import { section, table } from './html-parts.ts';
import { pageStyle } from './html-style.ts';
import { metricName, shortSeriesName, unitIsInName } from './names.ts';
import { formatChange, formatValue } from './numbers.ts';
import { tableOf } from './table.ts';
import { alignColumns } from './terminal.ts';

/** One of several results that stand beside each other, by the name that people chose. */
export interface ComparedSide {
  name: string;
  /** Null: it could not be measured, and `why` says so. */
  result: ResultDocument | null;
  why: string | null;
}

/** One figure of every side. */
export interface SideRow {
  series: string;
  metric: string;
  unit: string;
  better: 'lower' | 'higher' | 'neither';
  values: (number | null)[];
  /** Of each side against the first one, percent; null where one lacks it. */
  changes: (number | null)[];
  /** Which side is best; null where neither direction is, or all are alike. */
  best: number | null;
}

export interface SideBySide {
  sides: { name: string; target: string; model: string | null; why: string | null }[];
  rows: SideRow[];
  /** The rows that differ most, largest first. */
  largest: SideRow[];
}

const keys: readonly [string, 'p50' | 'p95' | 'mean' | null][] = [
  ['ttft_ms', 'p50'],
  ['ttft_ms', 'p95'],
  ['tpot_ms', 'p50'],
  ['itl_ms', 'p50'],
  ['latency_s', 'p50'],
  ['latency_s', 'p95'],
  ['tokens_per_sec', null],
  ['requests_per_sec', null],
  ['error_rate', null],
  ['input_tokens', 'mean'],
  ['output_tokens', 'mean'],
  ['service_cpu_cores', 'mean'],
  ['service_memory_mb', 'mean'],
  ['energy_joules_per_token', null],
];
const mostHighlighted = 3;
/** A difference below this is none that anybody should choose by. */
const worthSayingPercent = 5;

/** Sets results of the same scenario beside each other, series by series. One run each says nothing of noise: differences are shown, not judged. Pure. */
export function sideBySide(sides: readonly ComparedSide[]): SideBySide {
  const ids = [...new Set(sides.flatMap(({ result }) => (result?.series ?? []).filter(({ detail }) => !detail).map(({ id }) => id)))];
  const rows = ids.flatMap((id) => {
    const series = sides.map(({ result }) => result?.series.find((one) => one.id === id) ?? null);
    return keys.flatMap(([name, statistic]) => rowOf(id, name, statistic, series));
  });
  const spread = (row: SideRow) => Math.max(...row.changes.map((change) => Math.abs(change ?? 0)));
  return {
    sides: sides.map(({ name, result, why }) => ({ name, target: result?.target ?? name, model: result?.model ?? null, why })),
    rows,
    largest: rows
      .filter((row) => row.better !== 'neither' && spread(row) >= worthSayingPercent)
      .toSorted((a, b) => spread(b) - spread(a))
      .slice(0, mostHighlighted),
  };
}

function rowOf(id: string, name: string, statistic: 'p50' | 'p95' | 'mean' | null, series: readonly (Series | null)[]): SideRow[] {
  const metrics = series.map((one) => one?.metrics[name]);
  const first = metrics.find((metric) => metric !== undefined);
  if (first === undefined || isDistribution(first) !== (statistic !== null)) return [];
  const values = metrics.map((metric) => {
    if (metric === undefined || metric.unit !== first.unit) return null;
    return isDistribution(metric) ? (statistic === null ? null : metric[statistic]) : metric.value;
  });
  if (values.every((value) => value === null)) return [];
  const [base = null] = values;
  const known = values.filter((value) => value !== null);
  const wanted = first.better === 'lower' ? Math.min(...known) : Math.max(...known);
  return [
    {
      series: id,
      metric: statistic === null ? name : `${name}.${statistic}`,
      unit: first.unit,
      better: first.better,
      values,
      changes: values.map((value, side) => (side === 0 || value === null || base === null || base === 0 ? null : (100 * (value - base)) / base)),
      best: first.better === 'neither' || known.length < 2 || known.every((value) => value === known[0]) ? null : values.indexOf(wanted),
    },
  ];
}

const cells = (row: SideRow, scenario: string, several: boolean, strong: (text: string) => string): string[] => {
  const like = Math.max(...row.values.map((value) => Math.abs(value ?? 0)));
  const options = { like, namedUnit: unitIsInName(row.metric) };
  return [
    ...(several ? [shortSeriesName(row.series, scenario)] : []),
    metricName(row.metric),
    ...row.values.map((value, side) => {
      const change = row.changes[side] === null || row.changes[side] === undefined ? '' : ` (${formatChange(row.changes[side])})`;
      const text = `${formatValue(value, row.unit, options)}${change}`;
      return side === row.best ? strong(text) : text;
    }),
  ];
};

interface Laid {
  heading: string[];
  rows: string[][];
  left: number;
}

function laid({ sides, rows }: SideBySide, scenario: string, strong: (text: string) => string, chosen: readonly SideRow[] = rows): Laid {
  const several = rows.some(({ series }) => series !== rows[0]?.series);
  return {
    heading: [...(several ? ['Series'] : []), 'Metric', ...sides.map(({ name }) => name)],
    rows: chosen.map((row) => cells(row, scenario, several, strong)),
    left: several ? 2 : 1,
  };
}

/** What differs most, in sentences. */
export function largestSentences({ sides, largest }: SideBySide): string[] {
  return largest.map((row) => {
    const best = row.best === null ? null : sides[row.best]?.name;
    const values = row.values.map((value, side) => `${sides[side]?.name} ${formatValue(value, row.unit, { namedUnit: unitIsInName(row.metric) })}`);
    return `${metricName(row.metric)} (${row.series}): ${values.join(', ')}${best ? `; best on ${best}` : ''}`;
  });
}

const missing = ({ sides }: SideBySide): string[] =>
  sides.flatMap(({ name, why }) => (why === null ? [] : [`${name} could not be measured: ${why}`]));

export function renderSideText(compared: SideBySide, scenario: string): string {
  const { heading, rows, left } = laid(compared, scenario, (text) => `${text} *`);
  const lines = alignColumns(
    heading.map((cell) => terminalText(cell)),
    rows.map((row) => row.map((cell) => terminalText(cell))),
    heading.map((_, column) => (column < left ? 'l' : 'r')),
  );
  const notes = [...missing(compared), ...largestSentences(compared)].map((line) => terminalText(line, 400));
  return `${[...lines, '', '* the best of a row; changes are against the first column', ...notes].join('\n')}\n`;
}

export function renderSideMarkdown(compared: SideBySide, scenario: string): string {
  const { heading, rows, left } = laid(compared, scenario, (text) => `**${text}**`);
  const escaped = (row: readonly string[]) => row.map((cell, column) => (column < left ? markdownText(cell) : cell));
  return [
    `### ${markdownText(scenario)}: ${compared.sides.map(({ name }) => markdownText(name)).join(' beside ')}`,
    ...[...missing(compared), ...largestSentences(compared)].map((line) => `- ${forMarkdown.text(line)}`),
    '',
    tableOf({ cells: heading.map((cell) => markdownText(cell)), align: heading.map((_, column) => (column < left ? 'l' : 'r')) }, rows.map(escaped)),
    '',
    'The best of a row is bold; changes are against the first column. One run each says nothing of noise: `llm-bench ab` decides.',
    '',
  ].join('\n');
}

/** RFC 4180: one line for each series, metric and side. */
export function renderSideCsv({ sides, rows }: SideBySide): string {
  const field = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = rows.flatMap((row) =>
    row.values.map((value, side) =>
      [row.series, row.metric, row.unit, sides[side]?.name ?? '', value === null ? '' : String(value), row.changes[side] ?? '']
        .map((cell) => field(String(cell)))
        .join(','),
    ),
  );
  return `${['series,metric,unit,side,value,change_percent', ...lines].join('\r\n')}\r\n`;
}

/** One page without a request to anywhere; the rows that differ most stand at the top. */
export function renderSideHtml(compared: SideBySide, scenario: string): string {
  const title = `llm-bench: ${scenario}, ${compared.sides.map(({ name }) => name).join(' beside ')}`;
  const tableHtml = (rows: readonly SideRow[]) => {
    const { heading, rows: body, left } = laid(compared, scenario, (text) => `\u0001${text}\u0002`, rows);
    // What is bold is marked before the escaping, which leaves the marks alone.
    const cell = (text: string) => escapeHtml(text).replaceAll('\u0001', '<strong>').replaceAll('\u0002', '</strong>');
    return table(
      heading.map((text) => escapeHtml(text)),
      body.map((row) => ({ cells: row.map(cell) })),
      left,
    );
  };
  const notes = missing(compared).map((line) => `<p>${escapeHtml(line)}</p>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>${escapeHtml(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${notes.join('\n')}
${compared.largest.length === 0 ? '<p>No difference of 5% or more.</p>' : section('Largest differences', tableHtml(compared.largest))}
${section('All figures', tableHtml(compared.rows))}
<p class="quiet">The best of a row is bold; changes are against the first column. One run each says nothing of noise: llm-bench ab decides.</p>
</body>
</html>
`;
}
