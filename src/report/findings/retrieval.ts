import { isObject } from '../../config/is-object.ts';
import { formatCount, formatPercent, formatValue } from '../numbers.ts';
import type { FindingBlock } from './block.ts';
import { type FoundIn, figure, listOf } from './read.ts';

/** What searches in an index of vectors came to, a row for each size of index. Columns that nothing was measured for are left out. */
export function retrievalBlock({ results }: FoundIn, title: (text: string) => string): FindingBlock[] {
  const { retrieval } = results;
  if (!isObject(retrieval)) return [];
  const sizes = listOf(retrieval['sizes']).filter(isObject);
  if (sizes.length === 0) return [];
  const latency = (size: (typeof sizes)[number], stat: string) => (isObject(size['latency_ms']) ? figure(size['latency_ms'][stat]) : null);
  const topK = [...new Set(sizes.map((size) => figure(size['top_k'])))];
  const columns: { name: string; of(size: (typeof sizes)[number]): number | null; show(value: number | null): string }[] = [
    { name: 'Entries', of: (size) => figure(size['entries']), show: (value) => (value === null ? '—' : formatCount(value)) },
    { name: 'Dimension', of: (size) => figure(size['dimension']), show: (value) => (value === null ? '—' : formatCount(value)) },
    ...(['p50', 'p95', 'p99'] as const).map((stat) => ({
      name: `Latency ${stat}`,
      of: (size: (typeof sizes)[number]) => latency(size, stat),
      show: (value: number | null) => formatValue(value, 'ms'),
    })),
    { name: 'Queries/s', of: (size) => figure(size['queries_per_sec']), show: (value) => formatValue(value, '') },
    {
      name: topK.length === 1 && topK[0] !== null ? `Recall@${topK[0]}` : 'Recall@k',
      of: (size) => figure(size['recall_at_k']),
      show: (value) => formatValue(value, ''),
    },
    { name: 'Hit rate', of: (size) => figure(size['hit_rate_percent']), show: (value) => formatPercent(value) },
    { name: 'Hits and misses right', of: (size) => figure(size['hit_accuracy_percent']), show: (value) => formatPercent(value) },
  ];
  const shown = columns.filter(({ of }) => sizes.some((size) => of(size) !== null));
  const rows = sizes.map((size) => shown.map(({ of, show }) => show(of(size))));
  return [{ title: title('Retrieval'), lines: [], table: { cells: shown.map(({ name }) => name), align: shown.map(() => 'r'), rows } }];
}
