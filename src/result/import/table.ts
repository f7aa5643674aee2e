import { parse } from 'csv-parse/sync';
import { UserError } from '../../config/errors.ts';

/** A row of a table: its cells by column name (lower case), and its line. */
export interface TableRow {
  line: number;
  cells: Record<string, string>;
}

/**
 * The rows of a comma- (or semicolon-, or tab-) separated text with a header.
 * @throws UserError (exit 2) naming file and line of what is no table
 */
export function readTable(text: string, name: string, header?: readonly string[]): TableRow[] {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const first = body.slice(0, body.search(/\r?\n|$/));
  const delimiter = [',', ';', '\t'].reduce((best, one) => (first.split(one).length > first.split(best).length ? one : best), ',');
  try {
    const rows = parse(body, {
      delimiter,
      columns: header === undefined ? (names: string[]) => names.map((column) => column.trim().toLowerCase()) : [...header],
      info: true,
      skip_empty_lines: true,
      trim: true,
      relax_column_count: true,
    }) as unknown as { record: Record<string, string>; info: { lines: number } }[];
    return rows.map(({ record, info }) => ({ line: info.lines, cells: record }));
  } catch (error) {
    const { message, lines } = error as Error & { lines?: number };
    throw new UserError(`${name}${lines === undefined ? '' : `:${lines}`} is no table: ${message}`, { cause: error });
  }
}

/** The column names of a text's first line, lower case. */
export function headerOf(text: string): string[] {
  const line =
    text
      .slice(0, 2_000)
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/, 1)[0] ?? '';
  return line.split(/[,;\t]/).map((cell) =>
    cell
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .toLowerCase(),
  );
}

/** A cell as a number: NaN where it is none, null where it is empty. */
export function cellNumber(cell: string | undefined): number | null {
  const text = cell?.trim() ?? '';
  if (text === '' || text === 'N/A') return null;
  return /^[-+]?inf(inity)?$/i.test(text) ? (text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY) : Number(text);
}
