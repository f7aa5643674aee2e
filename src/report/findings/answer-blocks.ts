import { isObject } from '../../config/is-object.ts';
import type { ResultDocument, Series } from '../../result/document.ts';
import type { Escaping } from '../escape.ts';
import { formatCount, formatNumber, formatPercent, formatValue } from '../numbers.ts';
import type { FindingBlock } from './block.ts';
import { type Block, figure, listOf } from './read.ts';
import { count, inner, joinKnown, percent, tableBlock, value } from './rows.ts';

type Titled = (title: string) => string;

/** Answers with a schema and without, side by side, and conversations. */
export function answerBlocks(results: Block, title: Titled, escaping: Escaping): FindingBlock[] {
  return [...comparison(results['structured_vs_unstructured'], title, escaping), ...conversations(results['conversation'], title, escaping)];
}

/** How the answers of each series kept to their JSON schema; of the whole document. */
export function schemaBlocks({ series }: ResultDocument, escaping: Escaping): FindingBlock[] {
  const checked = series.filter(({ metrics }) => metrics['schema_compliance_rate'] !== undefined).slice(0, 100);
  const of = ({ metrics }: Series, name: string): number | null => {
    const metric = metrics[name];
    return metric === undefined ? null : figure('value' in metric ? metric.value : metric.p50);
  };
  const table = tableBlock(checked, [
    { name: 'Series', left: true, cell: ({ id }) => escaping.text(id) },
    { name: 'Keep to the schema', cell: (one) => formatPercent(of(one, 'schema_compliance_rate')) },
    { name: 'No JSON', cell: (one) => formatPercent(of(one, 'invalid_json_rate')) },
    { name: 'Break the schema', cell: (one) => formatPercent(of(one, 'schema_violation_rate')) },
    { name: 'Schema made in', cell: (one) => formatValue(of(one, 'schema_generation_ms'), 'ms') },
    { name: 'JSON read in', cell: (one) => formatValue(of(one, 'json_parse_ms'), 'ms') },
    { name: 'Checked in', cell: (one) => formatValue(of(one, 'schema_validation_ms'), 'ms') },
    {
      name: 'Checking, of latency',
      cell: (one) => (of(one, 'validation_overhead_percent') === null ? '—' : `${formatNumber(of(one, 'validation_overhead_percent') as number)} %`),
    },
    { name: 'Request', cell: (one) => formatValue(of(one, 'request_bytes'), 'bytes') },
    { name: 'Answer', cell: (one) => formatValue(of(one, 'response_bytes'), 'bytes') },
  ]);
  return table === null ? [] : [{ title: 'Structured answers', lines: [], table }];
}

const signed = (of: unknown, format: (value: number) => string): string => {
  const difference = figure(of);
  return difference === null ? '—' : difference === 0 ? '±0' : `${difference > 0 ? '+' : '−'}${format(Math.abs(difference))}`;
};

/** Input and output tokens against what the case expects. */
function deviations(row: Record<string, unknown>): string {
  const off = [row['input_deviation_percent'], row['output_deviation_percent']];
  if (off.every((one) => figure(one) === null)) return '—';
  return `${off.map((one) => signed(one, (size) => size.toFixed(0))).join('/')} %${row['tokens_as_expected'] === false ? ' ⚠️' : ''}`;
}

/** Who does another task than the one that the cases were written for, a sentence. */
function unexpected(rows: readonly Record<string, unknown>[], escaping: Escaping): string[] {
  const off = rows.filter((row) => row['tokens_as_expected'] === false).map((row) => `${row['case']} (${row['endpoint']})`);
  return off.length === 0
    ? []
    : [
        `More than half off the tokens that are expected: ${escaping.text(off.join(', '))}. The answers are not of the size that the cases were made for.`,
      ];
}

function comparison(found: unknown, title: Titled, escaping: Escaping): FindingBlock[] {
  if (!isObject(found)) return [];
  const rows = tableBlock(listOf(found['rows']).filter(isObject), [
    { name: 'Case', left: true, cell: (row) => escaping.text(String(row['title'] ?? row['case'] ?? '')) },
    { name: 'Endpoint', left: true, cell: (row) => escaping.text(String(row['endpoint'] ?? '')) },
    { name: 'Requests', cell: (row) => count(row['requests']) },
    { name: 'Latency p50', cell: (row) => value(row['median_latency_s'], 's') },
    { name: 'mean', cell: (row) => value(row['mean_latency_s'], 's') },
    { name: 'Tokens in', cell: (row) => count(row['input_tokens']) },
    { name: 'out', cell: (row) => count(row['output_tokens']) },
    {
      name: 'expected',
      cell: (row) =>
        figure(row['expected_output_tokens']) === null ? '—' : `~${count(row['expected_input_tokens'])}/${count(row['expected_output_tokens'])}`,
    },
    { name: 'off by', cell: deviations },
    { name: 'Errors', cell: (row) => percent(row['error_rate']) },
    { name: 'Keep to the schema', cell: (row) => percent(row['compliance_rate']) },
    { name: 'No JSON', cell: (row) => percent(row['invalid_json_rate']) },
    {
      name: 'Checking, of latency',
      cell: (row) =>
        figure(row['validation_overhead_percent']) === null ? '—' : `${formatNumber(figure(row['validation_overhead_percent']) as number)} %`,
    },
    { name: 'Schema registered in', cell: (row) => value(inner(row, 'registration_ms')['mean'], 'ms') },
  ]);
  const differences = tableBlock(listOf(found['structured_less_unstructured']).filter(isObject), [
    { name: 'Case', left: true, cell: (row) => escaping.text(String(row['case'] ?? '')) },
    { name: 'Latency, mean', cell: (row) => signed(row['latency_s'], (size) => formatValue(size, 's')) },
    { name: 'Output tokens', cell: (row) => signed(row['output_tokens'], (size) => formatCount(size)) },
    { name: 'Keep to the schema, points', cell: (row) => signed(row['compliance_rate'], formatNumber) },
    { name: 'Errors, points', cell: (row) => signed(row['error_rate'], formatNumber) },
  ]);
  return [
    ...(rows === null
      ? []
      : [{ title: title('With a schema and without'), lines: unexpected(listOf(found['rows']).filter(isObject), escaping), table: rows }]),
    ...(differences === null ? [] : [{ title: title('What the schema changes'), lines: ['With a schema, less without'], table: differences }]),
  ];
}

function conversations(found: unknown, title: Titled, escaping: Escaping): FindingBlock[] {
  if (!isObject(found)) return [];
  const limit = inner(found, 'context_limit');
  const types = tableBlock(listOf(found['types']).filter(isObject), [
    { name: 'Type', left: true, cell: (row) => escaping.text(String(row['type'] ?? '')) },
    { name: 'Conversations', cell: (row) => count(row['conversations']) },
    { name: 'Duration, mean', cell: (row) => value(row['mean_duration_s'], 's') },
    { name: 'longest', cell: (row) => value(row['max_duration_s'], 's') },
    { name: 'Answers alike', cell: (row) => value(row['answer_consistency'], '') },
  ]);
  const lines = [
    `${count(found['completed'])} of ${count(found['begun'])} complete, ${count(found['failed'])} ended by a failed turn`,
    joinKnown([
      `Largest context answered: ${count(limit['largest_context_tokens'])} tokens`,
      `refused for length ${count(limit['refused'])}`,
      `answers cut for length ${count(limit['cut'])}`,
    ]),
  ].filter((line) => line !== '');
  const turns = tableBlock(turnsOf(found), [
    { name: 'Turn', left: true, cell: ({ type, turn }) => `${escaping.text(type)} ${turn}` },
    { name: 'Times', cell: ({ all }) => formatCount(all.length) },
    { name: 'TTFT, mean', cell: ({ all }) => formatValue(meanOf(all, 'ttft_ms'), 'ms') },
    { name: 'Latency, mean', cell: ({ all }) => formatValue(meanOf(all, 'latency_s'), 's') },
    { name: 'Tokens in', cell: ({ all }) => formatCount(meanOf(all, 'input_tokens')) },
    { name: 'out', cell: ({ all }) => formatCount(meanOf(all, 'output_tokens')) },
    { name: 'Context', cell: ({ all }) => formatCount(meanOf(all, 'context_tokens')) },
    { name: 'Service memory, MB', cell: ({ all }) => formatValue(meanOf(all, 'memory_mb'), '') },
    { name: 'Failed', cell: ({ all }) => formatCount(all.filter(({ error }) => typeof error === 'string').length) },
  ]);
  return [{ title: title('Conversations'), lines, table: types }, ...(turns === null ? [] : [{ title: title('Turns'), lines: [], table: turns }])];
}

const mostTurns = 60;

/** The same turn of all conversations of a type together. */
function turnsOf(found: Block): { type: string; turn: number; all: Block[] }[] {
  const byTurn = new Map<string, { type: string; turn: number; all: Block[] }>();
  for (const conversation of listOf(found['conversations']).filter(isObject))
    for (const turn of listOf(conversation['turns']).filter(isObject)) {
      const [type, number] = [String(conversation['type'] ?? ''), figure(turn['turn'])];
      if (number === null) continue;
      const key = `${type}/${number}`;
      const one = byTurn.get(key) ?? { type, turn: number, all: [] };
      one.all.push(turn);
      byTurn.set(key, one);
    }
  return [...byTurn.values()].slice(0, mostTurns);
}

function meanOf(turns: readonly Block[], key: string): number | null {
  const known = turns.flatMap((turn) => figure(turn[key]) ?? []);
  return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0) / known.length;
}
