import { isObject } from '../../config/is-object.ts';
import type { Escaping } from '../escape.ts';
import { bestModels } from '../model-lines.ts';
import type { FindingBlock } from './block.ts';
import { type Block, figure, listOf } from './read.ts';
import { count, inner, joinKnown, percent, tableBlock, times, value } from './rows.ts';

type Titled = (title: string) => string;

/** Who answered, what a prefix cache brought, and how the models of one target compare. */
export function routingBlocks(results: Block, title: Titled, escaping: Escaping): FindingBlock[] {
  return [
    ...routed(results['routing'], title, escaping),
    ...prefixCache(results['prefix_cache'], title, escaping),
    ...models(results, title, escaping),
  ];
}

/** `model-a 25, model-b 3`, the most first. */
function tally(counts: unknown, escaping: Escaping): string {
  if (!isObject(counts)) return '—';
  const entries = Object.entries(counts).filter((entry): entry is [string, number] => figure(entry[1]) !== null);
  return entries.length === 0
    ? '—'
    : entries
        .toSorted((a, b) => b[1] - a[1])
        .slice(0, 12)
        .map(([name, times]) => `${escaping.text(name)} ${count(times)}`)
        .join(', ');
}

function routed(routing: unknown, title: Titled, escaping: Escaping): FindingBlock[] {
  if (!isObject(routing)) return [];
  const models = listOf(routing['models']).filter(isObject);
  const rows = [...models, ...(models.length > 1 && figure(routing['requests']) !== null ? [{ ...routing, model: 'all' }] : [])];
  const table = tableBlock(rows, [
    { name: 'Model asked', left: true, cell: (row) => escaping.text(String(row['model'] ?? 'not stated')) },
    { name: 'Requests', cell: (row) => count(row['requests']) },
    { name: 'First attempt', cell: (row) => percent(row['first_attempt_success_rate']) },
    { name: 'In the end', cell: (row) => percent(row['final_success_rate']) },
    { name: 'Attempts, mean', cell: (row) => value(row['attempts_mean'], '') },
    { name: 'Attempts, most', cell: (row) => count(row['attempts_max']) },
    { name: 'By the model asked', cell: (row) => percent(row['routing_accuracy']) },
    { name: 'Answered by', left: true, cell: (row) => tally(row['answered_by'], escaping) },
  ]);
  const note = typeof routing['note'] === 'string' ? [escaping.text(routing['note'])] : [];
  return table === null && note.length === 0 ? [] : [{ title: title('Routing'), lines: note, table }];
}

const phases = [
  ['cold', 'Cold: new prompts'],
  ['warm', 'Warm: the same again'],
  ['shared_prefix', 'Shared beginnings'],
] as const;

function prefixCache(found: unknown, title: Titled, escaping: Escaping): FindingBlock[] {
  if (!isObject(found)) return [];
  const [ttft, cached, replicas, throughput] = ['ttft_ms', 'cached_percent', 'replicas', 'throughput'].map((key) => inner(found, key)) as [
    Block,
    Block,
    Block,
    Block,
  ];
  const table = tableBlock(phases, [
    { name: 'Prompts', left: true, cell: ([, name]) => name },
    { name: 'TTFT p50', cell: ([phase]) => value(ttft[phase], 'ms') },
    { name: 'Tokens cached', cell: ([phase]) => percent(cached[phase]) },
  ]);
  const seen = figure(replicas['seen']);
  const lines = [
    joinKnown([`cold over warm ${times(found['ttft_cold_warm_ratio'])}`, `cold over shared ${times(found['ttft_cold_shared_ratio'])}`]),
    seen === null
      ? ''
      : `Replicas: ${count(seen)}${figure(replicas['expected']) === null ? '' : ` of ${count(replicas['expected'])}`} answered (${tally(replicas['requests'], escaping)})${replicas['counted_by'] === 'metrics' ? ', by their own counters' : ''}`,
    joinKnown([`busiest over mean ${times(replicas['skew'])}`, `routing affinity ${percent(found['routing_affinity_percent'])}`]),
    joinKnown([
      `throughput ${value(throughput['single'], 'tokens/s')} with one request at a time`,
      `${value(throughput['scaled'], 'tokens/s')} with one for each replica`,
      `scaling ${times(found['throughput_scaling'])}`,
      figure(found['scaling_efficiency']) !== null && `${percent(100 * (figure(found['scaling_efficiency']) as number))} of the ideal`,
    ]),
    ...listOf(found['notes'])
      .filter((note) => typeof note === 'string')
      .map((note) => escaping.text(note)),
  ].filter((line) => line !== '');
  return [{ title: title('Prefix cache'), lines, table }];
}

function models(results: Block, title: Titled, escaping: Escaping): FindingBlock[] {
  const found = Object.entries(inner(results, 'models')).filter((entry): entry is [string, Block] => isObject(entry[1]));
  if (found.length === 0) return [];
  const comparison = inner(results, 'model_comparison');
  const bestFor = (model: string) =>
    (['latency', 'throughput', 'cost'] as const).filter((what) => bestModels(comparison, what).includes(model)).join(', ') || '—';
  const price = (row: Block, amount: unknown) => {
    const currency = typeof row['currency'] === 'string' ? ` ${escaping.text(row['currency'])}` : '';
    return figure(amount) === null ? '—' : `${value(amount, '')}${currency}`;
  };
  const table = tableBlock(found, [
    { name: 'Model', left: true, cell: ([model]) => escaping.text(model) },
    { name: 'Requests', cell: ([, row]) => count(row['total_requests']) },
    { name: 'Errors', cell: ([, row]) => percent(row['error_rate']) },
    { name: 'TTFT p95', cell: ([, row]) => value(inner(row, 'ttft_ms')['p95'], 'ms') },
    { name: 'TPOT p95', cell: ([, row]) => value(inner(row, 'tpot_ms')['p95'], 'ms') },
    { name: 'Latency p50', cell: ([, row]) => value(inner(row, 'latency_s')['p50'], 's') },
    { name: 'Tokens/s', cell: ([, row]) => value(inner(row, 'throughput')['tokens_per_sec'], '') },
    { name: 'Per million output tokens', cell: ([, row]) => price(row, row['cost_per_million_output_tokens']) },
    { name: 'Tokens per dollar', cell: ([, row]) => count(row['tokens_per_dollar']) },
    { name: 'Best for', left: true, cell: ([model]) => bestFor(model) },
  ]);
  return [{ title: title('Models'), lines: [], table }];
}
