import { isDistribution, type ResultDocument, type Summary } from '../../result/document.ts';
import { escapeHtml, htmlCode, oneLine } from '../escape.ts';
import type { EarlierResult } from '../history.ts';
import { metricName, shortSeriesName, unitIsInName } from '../names.ts';
import { formatCount, formatDuration, formatNumber, formatPercent, formatValue } from '../numbers.ts';
import { observedRows } from '../observed.ts';
import { pooledRows, summaryColumns } from '../pooled.ts';
import { table } from './parts.ts';

/** The figures of a run that are read first. */
export function tiles(result: ResultDocument): string {
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

/** The distributions over all requests, a row each. */
export function percentileTable(result: ResultDocument): string {
  const rows = pooledRows(result).map(({ name, unit, summary }) => ({ cells: [name, ...summaryCells(summary, unit)] }));
  return rows.length === 0 ? '' : table(['', ...summaryColumns.map(([title]) => title)], rows);
}

/** Every metric of every series; one with a single value has it in the column of the mean. */
export function seriesTable(result: ResultDocument): string {
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

/** Errors by kind, with an example of each. */
export function errorTable(result: ResultDocument): string {
  const rows = result.errors.map((error) => ({
    cells: [
      htmlCode(error.kind),
      formatCount(error.count),
      formatPercent(shareOf(error.count, result)),
      formatDuration(error.first_seen),
      escapeHtml(oneLine(error.example, 500)),
    ],
  }));
  return rows.length === 0 ? '' : table(['Kind', 'Count', 'Of all', 'First seen', 'Example'], rows);
}

/** The slowest requests, with where their time went. */
export function slowestTable(result: ResultDocument): string {
  const ms = (value: number | null) => escapeHtml(formatValue(value, 'ms'));
  const rows = result.slowest.slice(0, 20).map((request) => ({
    cells: [
      `${formatCount(request.index)}`,
      htmlCode(shortSeriesName(request.series, result.scenario)),
      formatDuration(request.started_s),
      ms(request.connect_ms),
      ms(request.headers_ms),
      ms(request.ttft_ms),
      ms(request.generation_ms),
      ms(request.latency_ms),
      formatCount(request.output_tokens),
    ],
  }));
  return rows.length === 0
    ? ''
    : table(['Request', 'Series', 'Started after', 'Connect', 'Headers', 'TTFT', 'Generation', 'Latency', 'Output tokens'], rows, 2);
}

/** The checks of validity, an item of HTML each. */
export const checks = (result: ResultDocument): string[] =>
  result.validity.checks.map(
    (check) => `${check.ok ? '✅' : check.severity === 'fatal' ? '⛔' : '⚠️'} ${escapeHtml(oneLine(`${check.name}: ${check.detail}`, 400))}`,
  );

/** What was resolved and where it ran, folded away. */
export function configuration(result: ResultDocument): string {
  const { environment, config, cohort, tool } = result;
  const shown = { tool, cohort, environment, git: result.git, ci: result.ci, client: result.client, config };
  return `<details><summary>Environment and resolved configuration</summary><pre>${escapeHtml(JSON.stringify(shown, null, 2))}</pre></details>`;
}

const shareOf = (count: number, { results: { total_requests: all } }: ResultDocument): number | null => (all > 0 ? (100 * count) / all : null);

/** The machine and what ran on it, in words. */
export function systemTable(result: ResultDocument): string {
  const { os, arch, cpu_model, cpu_cores, memory_gb, node, runner_image, ...more } = result.environment;
  const facts: [string, unknown][] = [
    ['System', `${os} ${arch}`.trim()],
    ['CPU', cpu_model === '' ? '' : `${cpu_model}, ${formatCount(cpu_cores)} cores`],
    ['Memory', memory_gb > 0 ? `${formatNumber(memory_gb)} GB` : ''],
    ['Node', node],
    ['Runner image', runner_image],
    ...Object.entries(more).map(([key, value]): [string, unknown] => [
      metricName(key),
      typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
    ]),
    ['Cohort', result.cohort],
    ['Tool', `${result.tool.name} ${result.tool.version}`.trim()],
  ];
  const rows = facts
    .filter(([, value]) => value !== '' && value !== null && value !== undefined)
    .map(([name, value]) => ({ cells: [escapeHtml(oneLine(name, 80)), escapeHtml(oneLine(String(value), 300))] }));
  return rows.length === 0 ? '' : table(['', ''], rows, 2);
}

/** What samplers saw of the service and its machine. */
export function serviceTable(result: ResultDocument): string {
  const rows = observedRows(result).map(({ name, mean, max }) => ({ cells: [escapeHtml(oneLine(name, 80)), escapeHtml(mean), escapeHtml(max)] }));
  return rows.length === 0 ? '' : table(['', 'Mean', 'Max'], rows);
}

/** Earlier results of the same thing, oldest first. */
export function historyTable(history: readonly EarlierResult[]): string {
  if (history.length < 2) return '';
  const rows = history.map(({ timestamp, sha, figures }) => ({
    cells: [
      escapeHtml(oneLine(timestamp, 40)),
      sha === null ? '' : htmlCode(sha.slice(0, 7)),
      formatValue(figures.latency_p50_ms, 'ms'),
      formatValue(figures.latency_p95_ms, 'ms'),
      formatValue(figures.ttft_p95_ms, 'ms'),
      formatValue(figures.tokens_per_sec, ''),
      formatPercent(figures.error_rate),
    ],
  }));
  return `<details><summary>${formatCount(history.length)} results</summary>${table(['Measured', 'Commit', 'Latency p50', 'Latency p95', 'TTFT p95', 'Tokens/s', 'Errors'], rows, 2)}</details>`;
}
