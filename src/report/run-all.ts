import type { ExitCode } from '../config/errors.ts';
import type { ResultDocument, Summary } from '../result/document.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { csvField } from './csv.ts';
import { forMarkdown, markdownText, terminalText } from './escape.ts';
import { gradeLines } from './findings/badges.ts';
import { renderMarkdown, renderResultMarkdown } from './markdown.ts';
import { formatCount, formatDuration, formatPercent, formatValue } from './numbers.ts';
import { tableOf } from './table.ts';
import { alignColumns, painter } from './terminal.ts';

/** What became of one scenario of a list. */
export interface ScenarioOutcome {
  name: string;
  /** Null: it was not measured, and `why` says why. */
  document: ResultDocument | null;
  comparison: { verdict: Verdict; baseline: ResultDocument | null } | null;
  /** Null: nothing stood in its way. */
  why: string | null;
  exitCode: ExitCode;
}

const columns = [
  'scenario',
  'exit_code',
  'verdict',
  'requests',
  'successful',
  'failed',
  'error_rate',
  'duration_seconds',
  'requests_per_sec',
  'tokens_per_sec',
  'ttft_ms_p50',
  'ttft_ms_p95',
  'tpot_ms_p50',
  'latency_s_p50',
  'latency_s_p95',
  'latency_s_p99',
  'why',
] as const;

/** summary.csv (RFC 4180): a line for each scenario; what was not measured is empty, figures keep all their digits. */
export function renderRunAllCsv(outcomes: readonly ScenarioOutcome[]): string {
  const lines = outcomes.map(({ name, document, comparison, why, exitCode }) => {
    const results = document?.results;
    const of = (summary: Summary | null | undefined, key: keyof Summary) => summary?.[key] ?? null;
    const cells = [
      name,
      exitCode,
      comparison?.verdict.verdict ?? null,
      results?.total_requests,
      results?.successful,
      results?.failed,
      results?.error_rate,
      results?.duration_seconds,
      results?.throughput.requests_per_sec,
      results?.throughput.tokens_per_sec,
      of(results?.ttft_ms, 'p50'),
      of(results?.ttft_ms, 'p95'),
      of(results?.tpot_ms, 'p50'),
      of(results?.latency_s, 'p50'),
      of(results?.latency_s, 'p95'),
      of(results?.latency_s, 'p99'),
      why,
    ];
    return cells.map((cell) => csvField(cell === null || cell === undefined ? '' : String(cell))).join(',');
  });
  return `${[columns.join(','), ...lines].join('\r\n')}\r\n`;
}

const heading = ['Scenario', '', 'Requests', 'Errors', 'Duration', 'Requests/s', 'Tokens/s', 'TTFT p95', 'Latency p95'];
const align = ['l', 'l', 'r', 'r', 'r', 'r', 'r', 'r', 'r'];

function cellsOf({ name, document, exitCode, comparison }: ScenarioOutcome, text: (value: string) => string): string[] {
  const word =
    document === null ? 'not measured' : exitCode === 0 ? 'ok' : exitCode === 4 ? 'service failed' : (comparison?.verdict.verdict ?? 'failed');
  const state = `${exitCode === 0 && document !== null ? '✅' : '❌'} ${word}`;
  if (document === null) return [text(name), state, ...heading.slice(2).map(() => '—')];
  const { results } = document;
  return [
    text(name),
    state,
    formatCount(results.total_requests),
    formatPercent(results.error_rate),
    formatDuration(results.duration_seconds),
    formatValue(results.throughput.requests_per_sec, ''),
    formatValue(results.throughput.tokens_per_sec, ''),
    formatValue(results.ttft_ms?.p95 ?? null, 'ms'),
    formatValue(results.latency_s?.p95 ?? null, 's'),
  ];
}

/** The table for a terminal, then a line for each scenario that something stood in the way of, and the grade of those that have targets. */
export function renderRunAllText(outcomes: readonly ScenarioOutcome[], color: boolean): string {
  const paint = painter(color);
  const rows = outcomes.map((outcome) => cellsOf(outcome, terminalText));
  const [title = '', ...lines] = alignColumns(heading, rows, align);
  const graded = outcomes.flatMap(({ name, document }) =>
    document === null ? [] : gradeLines(document.results).map((line) => `${terminalText(name)}: ${line}`),
  );
  const missed = outcomes.filter(({ why }) => why !== null).map(({ name, why }) => `${terminalText(name)}: ${terminalText(why ?? '', 300)}`);
  return `${[[paint('bold', title), ...lines], graded, missed]
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

/** report.md: the table, then each scenario by itself. */
export function renderRunAllMarkdown(outcomes: readonly ScenarioOutcome[]): string {
  const rows = outcomes.map((outcome) => cellsOf(outcome, forMarkdown.text));
  const parts = outcomes.map(({ name, document, comparison, why }) => {
    if (document === null) return `### ${markdownText(name)}\n\nNot measured: ${markdownText(why ?? '', 1000)}`;
    const body = comparison?.baseline == null ? renderResultMarkdown(document) : renderMarkdown(comparison.verdict, document, comparison.baseline);
    return why === null ? body.trimEnd() : `${body.trimEnd()}\n\n${markdownText(why, 1000)}`;
  });
  return `${['## llm-bench: all scenarios', tableOf({ cells: heading, align }, rows), ...parts].join('\n\n')}\n`;
}
