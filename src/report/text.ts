import type { ResultDocument } from '../result/document.ts';
import type { MetricVerdict, SeriesVerdict, Verdict } from '../verdict/verdict.ts';
import { forTerminal, terminalText } from './escape.ts';
import { findingBlocks } from './findings/blocks.ts';
import { headline } from './headline.ts';
import { hintsFor } from './hints.ts';
import { importedFrom, importedTable } from './imported.ts';
import { howMeasured } from './measured.ts';
import { formatCount, formatDuration, formatNumber, formatValue } from './numbers.ts';
import { observedRows } from './observed.ts';
import { pooledRows, summaryColumns } from './pooled.ts';
import { profileBlocks } from './profiles.ts';
import { splitRows } from './rows.ts';
import { columnsFor, headingCells, rowCells } from './table.ts';
import { alignColumns, type Paint, painter } from './terminal.ts';

export interface SummaryOptions {
  color: boolean;
  /** Where the result was written; null when it was not. */
  savedTo: string | null;
  /** False: the comparison that follows gives them. */
  hints?: boolean;
}

const labelWidth = 24;
const line = (label: string, value: string): string => `${`${label}:`.padEnd(labelWidth)}${value}`;

/** The console summary of one run. What was not measured is left out, except in a latency block, where it shows as a dash. */
export function renderSummary(result: ResultDocument, options: SummaryOptions = { color: false, savedTo: null }): string {
  const paint = painter(options.color);
  const blocks = [
    [paint('bold', `llm-bench: ${terminalText(result.scenario || 'result')}`), ...facts(result)],
    imported(result, paint) ?? distributions(result, paint),
    ...findingBlocks(result, forTerminal).map((block) => findingText(block, paint)),
    service(result, paint),
    errorLines(result, paint),
    findings(result, paint),
    options.hints === false ? [] : hintsFor(result, null).map((hint) => `${paint('cyan', 'Hint:')} ${hint.sentence} See ${hint.section}.`),
    options.savedTo === null ? [] : [`Saved to ${terminalText(options.savedTo, 4096)}`],
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

function facts(result: ResultDocument): string[] {
  const { results } = result;
  const { throughput } = results;
  if (result.imported !== undefined && results.total_requests === 0) {
    const when = result.timestamp === '' ? [] : [line('Timestamp', terminalText(result.timestamp))];
    return [...when, line('Measured by', terminalText(importedFrom(result)))];
  }
  const lines = [
    line('Timestamp', terminalText(result.timestamp || 'not stated')),
    line('Base URL', terminalText(result.base_url || 'not stated', 1000)),
    line('Target', terminalText(result.target || 'not stated')),
  ];
  if (result.model !== null) lines.push(line('Model', terminalText(result.model)));
  lines.push(
    line('Total requests', formatCount(results.total_requests)),
    line('Successful', formatCount(results.successful)),
    line('Failed', formatCount(results.failed)),
  );
  if (results.concurrency !== null) lines.push(line('Concurrency', formatCount(results.concurrency)));
  if (results.unique_prompts !== null) lines.push(line('Unique prompts', formatCount(results.unique_prompts)));
  lines.push(line('Duration', formatDuration(results.duration_seconds)));
  if (throughput.requests_per_sec !== null) lines.push(line('Throughput', `${formatNumber(throughput.requests_per_sec)} requests/s`));
  if (results.error_rate !== null) lines.push(line('Error rate', `${results.error_rate.toFixed(2)} %`));
  if (results.success_rate !== null) lines.push(line('Success rate', `${results.success_rate.toFixed(2)} %`));
  if (throughput.tokens_per_sec !== null) lines.push(line('Output tokens/s', `${formatNumber(throughput.tokens_per_sec)} (the whole run)`));
  if (results.mean_request_tokens_per_sec !== null)
    lines.push(line('Generation speed', `${formatNumber(results.mean_request_tokens_per_sec)} tokens/s (mean of the requests)`));
  if (results.input_tokens !== null || results.output_tokens !== null) {
    const ratio = results.input_output_token_ratio === null ? '' : ` (ratio ${formatNumber(results.input_output_token_ratio)})`;
    lines.push(line('Tokens', `${formatCount(results.input_tokens)} in, ${formatCount(results.output_tokens)} out${ratio}`));
  }
  if (result.note) lines.push(line('Note', terminalText(result.note, 1000)));
  if (result.partial || result.stop_reason !== 'completed')
    lines.push(line('Stopped', `${terminalText(result.stop_reason)}${result.partial ? ' (partial result)' : ''}`));
  return lines;
}

function imported(result: ResultDocument, paint: Paint): string[] | null {
  const table = importedTable(result);
  if (table === null) return null;
  const rows = table.rows.map((row) => row.map((cell) => terminalText(cell, 160)));
  const [title = '', ...lines] = alignColumns(table.heading, rows, ['l', 'l', ...table.heading.slice(2).map(() => 'r')]);
  return [paint('bold', title), ...lines, ...(table.leftOut > 0 ? [`and ${table.leftOut} more: --format csv holds them all`] : [])];
}

function distributions(result: ResultDocument, paint: Paint): string[] {
  const rows = pooledRows(result);
  if (rows.length === 0) return [];
  const cells = rows.map(({ name, unit, summary }) => [
    name,
    ...summaryColumns.map(([, key]) => formatValue(summary[key], unit, { like: summary.p50 ?? summary.mean })),
  ]);
  const heading = ['', ...summaryColumns.map(([title]) => title)];
  const [title = '', ...lines] = alignColumns(heading, cells, ['l', ...summaryColumns.map(() => 'r')]);
  return [paint('bold', title), ...lines];
}

function findingText({ title, lines, table }: ReturnType<typeof findingBlocks>[number], paint: Paint): string[] {
  const [heading = '', ...rows] = table === null ? [] : alignColumns(table.cells, table.rows, table.align);
  return [
    paint('bold', `${title}:`),
    ...[...lines, ...(table === null ? [] : [...(heading.trim() === '' ? [] : [heading]), ...rows])].map((text) => `  ${text}`),
  ];
}

/** What the profiles of a result show, as `renderText` tells it; empty where it has none. */
export function renderProfiles(result: ResultDocument, options: { color: boolean } = { color: false }): string {
  const paint = painter(options.color);
  return profileBlocks(result, forTerminal)
    .map((block) => `\n${findingText(block, paint).join('\n')}\n`)
    .join('');
}

/** What the service and its machine did meanwhile. */
function service(result: ResultDocument, paint: Paint): string[] {
  const rows = observedRows(result);
  if (rows.length === 0) return [];
  const [title = '', ...lines] = alignColumns(
    ['Service', 'Mean', 'Max'],
    rows.map(({ name, mean, max }) => [terminalText(name), mean, max]),
    ['l', 'r', 'r'],
  );
  return [paint('bold', title), ...lines];
}

function errorLines(result: ResultDocument, paint: Paint): string[] {
  if (result.errors.length === 0) return [];
  const lines = result.errors.map(
    (error) =>
      `  ${`${terminalText(error.kind, 40)}:`.padEnd(labelWidth - 2)}${formatCount(error.count)}, first after ${formatDuration(error.first_seen)}${error.example ? `; ${terminalText(error.example, 200)}` : ''}`,
  );
  return [paint('red', 'Errors:'), ...lines];
}

function findings(result: ResultDocument, paint: Paint): string[] {
  const failed = result.validity.checks.filter((check) => !check.ok);
  const lines = failed.map(
    (check) =>
      `${check.severity === 'fatal' ? paint('red', 'Not valid:') : paint('yellow', 'Advice:')} ${forTerminal.text(check.detail || check.name)}`,
  );
  if (!result.validity.valid && !failed.some((check) => check.severity === 'fatal'))
    lines.unshift(paint('red', 'Not valid: the result says so itself, without a reason.'));
  return lines;
}

const colors: Record<SeriesVerdict, 'red' | 'yellow' | 'green' | 'cyan' | null> = {
  regressed: 'red',
  inconclusive: 'yellow',
  warn: 'yellow',
  missing: 'yellow',
  improved: 'green',
  new: 'cyan',
  ok: null,
};

/** The comparison for a terminal: the verdict in a sentence, the table with what changed first, then how it was measured. */
export function renderText(
  verdict: Verdict,
  current: ResultDocument,
  baseline: ResultDocument | null,
  options: { color: boolean } = { color: false },
): string {
  const paint = painter(options.color);
  const { emoji, sentence } = headline(verdict, current, forTerminal);
  const blocks: string[][] = [[paint('bold', `${emoji} llm-bench: ${sentence}`)]];
  const { changed, unchanged } = splitRows(verdict.series);
  const rows = [...changed, ...unchanged];
  if (rows.length > 0) blocks.push(table(rows, current, paint));
  blocks.push(howMeasured(verdict, current, baseline, forTerminal));
  blocks.push(...profileBlocks(current, forTerminal).map((block) => findingText(block, paint)));
  const hints = changed.length === 0 ? [] : hintsFor(current, verdict);
  blocks.push(hints.map((hint) => `${paint('cyan', 'Hint:')} ${hint.sentence} See ${hint.section}.`));
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

function table(rows: readonly MetricVerdict[], current: ResultDocument, paint: Paint): string[] {
  const columns = columnsFor(rows, current, { baseline: 'Baseline', current: 'Current' });
  const heading = headingCells(columns, forTerminal);
  const cells = rows.map((row) => rowCells(row, columns, forTerminal));
  const [title = '', ...lines] = alignColumns(heading.cells, cells, heading.align);
  return [
    paint('bold', title),
    ...lines.map((text, index) => {
      const color = colors[rows[index]?.verdict ?? 'ok'];
      return color === null ? text : paint(color, text);
    }),
  ];
}
