import { csvField } from './csv.ts';
import { escapeHtml, forMarkdown, markdownText, terminalText } from './escape.ts';
import { htmlPage, policyElement } from './html/page.ts';
import { section, table } from './html/parts.ts';
import { pageStyle } from './html/style.ts';
import { metricName, shortSeriesName, unitIsInName } from './names.ts';
import { formatChange, formatValue } from './numbers.ts';
import type { SideBySide, SideRow } from './side-by-side.ts';
import { tableOf } from './table.ts';
import { alignColumns } from './terminal.ts';

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
function largestSentences({ sides, largest }: SideBySide): string[] {
  return largest.map((row) => {
    const best = row.best === null ? null : sides[row.best]?.name;
    const values = row.values.map((value, side) => `${sides[side]?.name} ${formatValue(value, row.unit, { namedUnit: unitIsInName(row.metric) })}`);
    return `${metricName(row.metric)} (${row.series}): ${values.join(', ')}${best ? `; best on ${best}` : ''}`;
  });
}

const missing = ({ sides }: SideBySide): string[] =>
  sides.flatMap(({ name, why }) => (why === null ? [] : [`${name} could not be measured: ${why}`]));

/** For a terminal: a row for each figure, a column for each side, what differs most below. */
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

/** The same as a markdown table; what differs most stands above it. */
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
  const lines = rows.flatMap((row) =>
    row.values.map((value, side) =>
      [row.series, row.metric, row.unit, sides[side]?.name ?? '', value === null ? '' : String(value), row.changes[side] ?? '']
        .map((cell) => csvField(String(cell)))
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
  return htmlPage({
    title: escapeHtml(title),
    style: pageStyle,
    head: policyElement("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"),
    body: `<h1>${escapeHtml(title)}</h1>
${notes.join('\n')}
${compared.largest.length === 0 ? '<p>No difference of 5% or more.</p>' : section('Largest differences', tableHtml(compared.largest))}
${section('All figures', tableHtml(compared.rows))}
<p class="quiet">The best of a row is bold; changes are against the first column. One run each says nothing of noise: llm-bench ab decides.</p>`,
  });
}
