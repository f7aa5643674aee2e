import { isObject } from '../../config/is-object.ts';
import { formatCount, formatNumber, formatPercent, formatValue } from '../numbers.ts';
import type { FindingBlock } from './block.ts';
import { type Block, figure } from './read.ts';

/** A column of a block's table: how a row's cell reads. One that is empty (a dash) in every row is left out. */
export interface Column<Row> {
  name: string;
  cell(row: Row): string;
  left?: boolean;
}

const missing = '—';

/** The table of these rows; null without any. */
export function tableBlock<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): FindingBlock['table'] {
  if (rows.length === 0) return null;
  const cells = columns.map(({ cell }) => rows.map(cell));
  const shown = columns.flatMap((_, index) => (index === 0 || cells[index]?.some((text) => text !== missing && text !== '') ? [index] : []));
  return {
    cells: shown.map((index) => columns[index]?.name ?? ''),
    align: shown.map((index) => (columns[index]?.left ? 'l' : 'r')),
    rows: rows.map((_, row) => shown.map((index) => cells[index]?.[row] ?? '')),
  };
}

// What stands in a block may be anything: what is no figure reads as a dash.
export const value = (of: unknown, unit: string): string => formatValue(figure(of), unit);
export const percent = (of: unknown): string => formatPercent(figure(of));
export const count = (of: unknown): string => formatCount(figure(of));
export const times = (of: unknown): string => (figure(of) === null ? missing : `× ${formatNumber(figure(of) as number)}`);
/** A line of figures, without those that were not measured. */
export const joinKnown = (parts: readonly (string | false | null)[], separator = ', '): string =>
  parts.filter((part) => typeof part === 'string' && part !== '' && !part.includes(missing)).join(separator);
export const inner = (block: Block, key: string): Block => {
  const found = block[key];
  return isObject(found) ? found : {};
};
