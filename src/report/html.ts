import { isDistribution, type ResultDocument, type Summary } from '../result/document.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { distributionCharts, timelineCharts } from './charts.ts';
import { escapeHtml, forHtml, htmlCode, oneLine } from './escape.ts';
import { headline } from './headline.ts';
import { hintsFor } from './hints.ts';
import { pageStyle } from './html-style.ts';
import { howMeasured, repeatCommand } from './measured.ts';
import { metricName, shortSeriesName, unitIsInName } from './names.ts';
import { formatCount, formatDuration, formatNumber, formatPercent, formatValue } from './numbers.ts';
import { pooledRows, summaryColumns } from './pooled.ts';
import { splitRows } from './rows.ts';
import { columnsFor, headingCells, rowCells } from './table.ts';

/** One self-contained page: no script, no request to anywhere, light and dark by the reader's setting, one column on a phone. */
export function renderHtml(result: ResultDocument, verdict: Verdict | null, baseline: ResultDocument | null = null): string {
  const title = `llm-bench: ${oneLine([result.scenario, result.target].filter((name) => name !== '').join(' on '), 200) || 'result'}`;
  const sections = [
    verdict === null ? '' : verdictSection(verdict, result, baseline),
    section('Summary', tiles(result)),
    section('Percentiles', percentileTable(result)),
    section('Over time', charts(timelineCharts(result))),
    section('Distribution', charts(distributionCharts(result))),
    section('Errors', errorTable(result)),
    section('Slowest requests', slowestTable(result)),
    section('Series', result.series.length > 1 || verdict === null ? seriesTable(result) : ''),
    section('Validity', list([...checks(result)])),
    section('Configuration', configuration(result)),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p class="quiet">${[result.timestamp, result.base_url, result.model ?? '', result.git.sha ?? '']
    .filter((part) => part !== '')
    .map((part) => escapeHtml(oneLine(part, 300)))
    .join(' · ')}</p>
${sections.filter((text) => text !== '').join('\n')}
</body>
</html>
`;
}

const section = (title: string, content: string): string => (content === '' ? '' : `<section><h2>${title}</h2>\n${content}\n</section>`);

const charts = (figures: readonly string[]): string => (figures.length === 0 ? '' : `<div class="charts">${figures.join('\n')}</div>`);

const list = (items: readonly string[]): string => (items.length === 0 ? '' : `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`);

/** A table whose cells are HTML already; the first `left` columns to the left. It scrolls sideways on its own where the page is narrow. */
function table(heading: readonly string[], rows: readonly { cells: readonly string[]; className?: string }[], left = 1): string {
  const side = (column: number) => (column < left ? '' : ' class="n"');
  const head = heading.map((cell, column) => `<th${side(column)} scope="col">${cell}</th>`).join('');
  const body = rows
    .map(
      (row) =>
        `<tr${row.className ? ` class="${row.className}"` : ''}>${row.cells.map((cell, column) => `<td${side(column)}>${cell}</td>`).join('')}</tr>`,
    )
    .join('\n');
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

function verdictSection(verdict: Verdict, result: ResultDocument, baseline: ResultDocument | null): string {
  const { emoji, sentence } = headline(verdict, result, forHtml);
  const { changed, unchanged } = splitRows(verdict.series);
  const rows = [...changed, ...unchanged];
  const columns = columnsFor(rows, result, { baseline: 'Baseline', current: 'Current' });
  const heading = headingCells(columns, forHtml);
  const cells = rows.map((row) => ({ cells: rowCells(row, columns, forHtml, (text) => `<strong>${text}</strong>`), className: row.verdict }));
  const hints = changed.length === 0 ? [] : hintsFor(result, verdict).map((hint) => `${escapeHtml(hint.sentence)} ${htmlCode(hint.section)}`);
  const how = `<details><summary>How this was measured, and how to repeat it</summary>${list(howMeasured(verdict, result, baseline, forHtml))}<pre>${escapeHtml(repeatCommand(result))}</pre></details>`;
  return `<section class="verdict ${verdict.verdict}"><p class="headline">${emoji} ${sentence}</p>\n${list(hints)}${rows.length === 0 ? '' : table(heading.cells, cells, columns.series ? 2 : 1)}\n${how}</section>`;
}

function tiles(result: ResultDocument): string {
  const { results } = result;
  const { throughput } = results;
  const rate = (value: number | null, unit: string): string | null => (value === null ? null : `${formatNumber(value)} ${unit}`);
  const facts: [string, string | null][] = [
    ['Requests', formatCount(results.total_requests)],
    ['Successful', formatCount(results.successful)],
    ['Failed', formatCount(results.failed)],
    ['Error rate', results.error_rate === null ? null : formatPercent(results.error_rate)],
    ['Duration', formatDuration(results.duration_seconds)],
    ['Concurrency', results.concurrency === null ? null : formatCount(results.concurrency)],
    ['Unique prompts', results.unique_prompts === null ? null : formatCount(results.unique_prompts)],
    ['Throughput', rate(throughput.requests_per_sec, 'requests/s')],
    ['Output tokens', rate(throughput.tokens_per_sec, 'tokens/s')],
    ['Speed of one request', rate(results.mean_request_tokens_per_sec, 'tokens/s')],
    [
      'Tokens in / out',
      results.input_tokens === null && results.output_tokens === null
        ? null
        : `${formatCount(results.input_tokens)} / ${formatCount(results.output_tokens)}`,
    ],
  ];
  const shown = facts.filter((fact): fact is [string, string] => fact[1] !== null);
  return `<dl class="tiles">${shown.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>`;
}

function summaryCells(summary: Summary, unit: string, namedUnit = false): string[] {
  return summaryColumns.map(([, key]) => escapeHtml(formatValue(summary[key], unit, { like: summary.p50 ?? summary.mean, namedUnit })));
}

function percentileTable(result: ResultDocument): string {
  const rows = pooledRows(result).map(({ name, unit, summary }) => ({ cells: [name, ...summaryCells(summary, unit)] }));
  return rows.length === 0 ? '' : table(['', ...summaryColumns.map(([title]) => title)], rows);
}

/** Every metric of every series; one with a single value has it in the column of the mean. */
function seriesTable(result: ResultDocument): string {
  const rows = result.series.flatMap((series) =>
    Object.entries(series.metrics).map(([key, metric]) => {
      const name = escapeHtml(oneLine(metricName(key), 80));
      const namedUnit = unitIsInName(key);
      const cells = isDistribution(metric)
        ? summaryCells(metric, metric.unit, namedUnit)
        : summaryColumns.map(([, column]) => (column === 'mean' ? escapeHtml(formatValue(metric.value, metric.unit, { namedUnit })) : ''));
      return { cells: [htmlCode(shortSeriesName(series.id, result.scenario)), name, ...cells] };
    }),
  );
  return rows.length === 0 ? '' : table(['Series', 'Metric', ...summaryColumns.map(([title]) => title)], rows, 2);
}

function errorTable(result: ResultDocument): string {
  const rows = result.errors.map((error) => ({
    cells: [htmlCode(error.kind), formatCount(error.count), formatDuration(error.first_seen), escapeHtml(oneLine(error.example, 500))],
  }));
  return rows.length === 0 ? '' : table(['Kind', 'Count', 'First seen', 'Example'], rows);
}

function slowestTable(result: ResultDocument): string {
  const ms = (value: number | null) => escapeHtml(formatValue(value, 'ms'));
  const rows = result.slowest.slice(0, 10).map((request) => ({
    cells: [
      `${formatCount(request.index)}`,
      htmlCode(shortSeriesName(request.series, result.scenario)),
      formatDuration(request.started_s),
      ms(request.connect_ms),
      ms(request.ttft_ms),
      ms(request.generation_ms),
      ms(request.latency_ms),
      formatCount(request.output_tokens),
    ],
  }));
  return rows.length === 0 ? '' : table(['Request', 'Series', 'Started after', 'Connect', 'TTFT', 'Generation', 'Latency', 'Output tokens'], rows, 2);
}

const checks = (result: ResultDocument): string[] =>
  result.validity.checks.map(
    (check) => `${check.ok ? '✅' : check.severity === 'fatal' ? '⛔' : '⚠️'} ${escapeHtml(oneLine(`${check.name}: ${check.detail}`, 400))}`,
  );

function configuration(result: ResultDocument): string {
  const { environment, config, cohort, tool } = result;
  const shown = { tool, cohort, environment, git: result.git, ci: result.ci, client: result.client, config };
  return `<details><summary>Environment and resolved configuration</summary><pre>${escapeHtml(JSON.stringify(shown, null, 2))}</pre></details>`;
}
