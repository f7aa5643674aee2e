import type { ResultDocument } from '../result/document.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { reportBody } from './body.ts';
import { codeBlock, forMarkdown, markdownCode, markdownText } from './escape.ts';
import { findingBlocks } from './findings/blocks.ts';
import { cutMarkdown } from './fit.ts';
import { importedFrom, importedTable } from './imported.ts';
import type { ReportInput } from './input.ts';
import { howMeasured, repeatCommand } from './measured.ts';
import { formatCount, formatDuration, formatNumber, formatPercent, formatValue } from './numbers.ts';
import { pooledRows, summaryColumns } from './pooled.ts';
import { tableOf } from './table.ts';

/** Below the 1 MiB that a step's job summary may hold, counted in bytes of at most three per UTF-16 unit. */
const longestReport = 340_000;

/** The comment's body without its marker: `compare --format markdown`, report.md and the job summary. */
export function renderMarkdown(
  verdict: Verdict,
  current: ResultDocument,
  baseline: ResultDocument | null,
  more: Omit<ReportInput, 'verdict' | 'current' | 'baseline'> = {},
): string {
  const body = reportBody({ ...more, verdict, current, baseline }, '', longestReport);
  const found = findingMarkdown(current);
  const whole =
    found.length === 0 ? body : `${body.trimEnd()}\n\n<details><summary>What the load showed</summary>\n\n${found.join('\n\n')}\n\n</details>\n`;
  return whole.length <= longestReport ? whole : body;
}

/** One run that is compared with nothing: its figures, its errors, and how they were measured. */
export function renderResultMarkdown(result: ResultDocument): string {
  const { results, errors } = result;
  const imported = importedTable(result);
  const what = [result.scenario, result.target].filter((name) => name !== '').map((name) => markdownCode(name));
  const facts: [string, string | null][] = [
    ['Measured by', imported === null ? null : markdownText(importedFrom(result))],
    [
      'Requests',
      imported !== null && results.total_requests === 0
        ? null
        : `${formatCount(results.total_requests)} in ${formatDuration(results.duration_seconds)}, ${formatCount(results.failed)} failed`,
    ],
    ['Error rate', results.error_rate === null ? null : formatPercent(results.error_rate)],
    ['Requests/s', results.throughput.requests_per_sec === null ? null : formatNumber(results.throughput.requests_per_sec)],
    ['Output tokens/s', results.throughput.tokens_per_sec === null ? null : formatNumber(results.throughput.tokens_per_sec)],
  ];
  const shown = facts.filter((fact): fact is [string, string] => fact[1] !== null);
  const columns = summaryColumns.map(([title]) => title);
  const rows = pooledRows(result).map(({ name, unit, summary }) => [
    name,
    ...summaryColumns.map(([, key]) => formatValue(summary[key], unit, { like: summary.p50 ?? summary.mean })),
  ]);
  const errorRows = errors.map((error) => [
    markdownCode(error.kind),
    formatCount(error.count),
    formatDuration(error.first_seen),
    markdownText(error.example, 200),
  ]);
  const how = howMeasured(null, result, null, forMarkdown).map((line) => `- ${line}`);
  const blocks = [
    `### llm-bench: ${what.join(' on ') || 'result'}`,
    shown.map(([name, value]) => `${name}: ${value}`).join(' · '),
    imported === null
      ? ''
      : tableOf({ cells: imported.heading, align: ['l', 'l', ...imported.heading.slice(2).map(() => 'r')] }, escaped(imported.rows)),
    rows.length === 0 || imported !== null ? '' : tableOf({ cells: ['', ...columns], align: ['l', ...columns.map(() => 'r')] }, rows),
    ...findingMarkdown(result),
    errorRows.length === 0 ? '' : tableOf({ cells: ['Error', 'Count', 'First seen', 'Example'], align: ['l', 'r', 'r', 'l'] }, errorRows),
    `<details><summary>How this was measured, and how to repeat it</summary>\n\n${how.join('\n')}\n\n${codeBlock(repeatCommand(result), 'sh')}\n\n</details>`,
  ];
  return cutMarkdown(`${blocks.filter((block) => block !== '').join('\n\n')}\n`, longestReport, (text) => text.length);
}

/** What the run says beside its figures, each under its own small heading. */
function findingMarkdown(result: ResultDocument): string[] {
  return findingBlocks(result, forMarkdown).map(({ title, lines, table }) =>
    [`**${title}**`, lines.map((line) => `- ${line}`).join('\n'), table === null ? '' : tableOf(table, table.rows)].filter(Boolean).join('\n\n'),
  );
}

const escaped = (rows: readonly string[][]): string[][] =>
  rows.map(([series = '', ...cells]) => [markdownCode(series), ...cells.map((cell) => markdownText(cell))]);
