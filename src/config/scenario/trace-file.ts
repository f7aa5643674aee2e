import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { ConfigError, type ConfigIssue } from '../errors.ts';
import { check, describeFound } from '../yaml/schema-issues.ts';
import { mostTokens } from './lengths.ts';

/** Tokens that one hash id of a Mooncake trace stands for. */
export const blockTokens = 512;

/** One request of a recorded trace. */
export interface TraceRow {
  /** Milliseconds, of the trace's own clock. */
  timestampMs: number;
  inputTokens: number;
  outputTokens: number;
  /** The prompt's blocks of 512 tokens: the same id stands for the same text. Null where the trace does not know. */
  blocks: number[] | null;
}

/** A row as it is replayed. */
export interface ReplayRow extends Omit<TraceRow, 'timestampMs'> {
  /** From the start of the replay. */
  atMs: number;
}

/** Further from the first row than this lies no row of a trace: its times are of another unit, or wrong. */
const longestDays = 366;
/** Faulty rows that are told one by one. */
const maxIssues = 20;
const expectation =
  'expected Mooncake JSONL ({"timestamp", "input_length", "output_length", "hash_ids"}) or an Azure CSV (TIMESTAMP,ContextTokens,GeneratedTokens)';

const jsonRowSchema = z.looseObject({
  timestamp: z.number().min(0),
  input_length: z.int().min(1).max(mostTokens),
  output_length: z.int().min(1).max(mostTokens),
  hash_ids: z.array(z.int().min(0)).optional(),
});

const csvColumns = ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'] as const;

type RowReader = (text: string, line: number) => TraceRow | ConfigIssue[];

/**
 * Reads a trace: Mooncake JSONL (`timestamp` in ms) or the CSV of the Azure LLM inference traces, told apart by the first line. Blank lines are skipped,
 * rows come back in the order of their timestamps.
 * @param name how messages name the file; the path where left out
 * @throws ConfigError with the first 20 broken rows, or when there is no such file or no row in it
 */
export async function readTrace(path: string, name: string = path): Promise<TraceRow[]> {
  const rows: TraceRow[] = [];
  const issues: ConfigIssue[] = [];
  let faults = 0;
  let line = 0;
  let readRow: RowReader | null = null;
  let first: { line: number; timestampMs: number } | null = null;
  function withinReach(row: TraceRow | ConfigIssue[]): TraceRow | ConfigIssue[] {
    if (Array.isArray(row)) return row;
    first ??= { line, timestampMs: row.timestampMs };
    const apartMs = Math.abs(row.timestampMs - first.timestampMs);
    if (apartMs <= longestDays * 86_400_000) return row;
    const message = `timestamp: expected a time within ${longestDays} days of the first row's (line ${first.line}), found one ${Number((apartMs / 86_400_000).toPrecision(3))} days away; in JSONL it is in milliseconds`;
    return [{ file: name, line, column: 1, message }];
  }
  try {
    for await (const text of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
      line++;
      const content = line === 1 ? text.replace(/^\ufeff/, '') : text;
      if (content.trim() === '') continue;
      if (readRow === null) {
        if (content.trimStart().startsWith('{')) readRow = jsonReader(name);
        else {
          const header = csvReader(name, content, line);
          if (Array.isArray(header)) throw new ConfigError(header);
          readRow = header;
          continue;
        }
      }
      const row = withinReach(readRow(content, line));
      if (!Array.isArray(row)) rows.push(row);
      else if (faults++ < maxIssues) issues.push(...row);
    }
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([{ file: name, line: null, column: null, message: unreadable(error as NodeJS.ErrnoException) }]);
  }
  if (faults > maxIssues) issues.push({ file: name, line, column: null, message: `${faults - maxIssues} more rows are broken` });
  if (issues.length === 0 && rows.length === 0) issues.push({ file: name, line: 1, column: 1, message: `${expectation}, found no row` });
  if (issues.length > 0) throw new ConfigError(issues);
  return rows.sort((a, b) => a.timestampMs - b.timestampMs);
}

function unreadable(error: NodeJS.ErrnoException): string {
  return error.code === 'ENOENT' ? `no such trace file; ${expectation}` : `the trace file cannot be read: ${error.message}`;
}

function jsonReader(file: string): RowReader {
  return (text, line) => {
    const fault = (message: string, column = 1): ConfigIssue[] => [{ file, line, column, message }];
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      const position = /position (\d+)/.exec((error as Error).message)?.[1];
      return fault(
        `expected a row {"timestamp", "input_length", "output_length", "hash_ids"}; ${(error as Error).message}`,
        position === undefined ? 1 : Number(position) + 1,
      );
    }
    const { data, issues } = check(jsonRowSchema, value, { locate: () => ({ file, line, column: 1 }) });
    if (!data) return issues;
    const most = Math.ceil(data.input_length / blockTokens);
    if (data.hash_ids && data.hash_ids.length > most)
      return fault(
        `hash_ids: expected at most ${most}, one for each ${blockTokens} of the ${data.input_length} tokens, found ${data.hash_ids.length}`,
      );
    return { timestampMs: data.timestamp, inputTokens: data.input_length, outputTokens: data.output_length, blocks: data.hash_ids ?? null };
  };
}

/** Reads the header, and returns what reads the rows below it; issues where it is no header of such a file. */
function csvReader(file: string, header: string, headerLine: number): RowReader | ConfigIssue[] {
  const names = cellsOf(header).map(({ text }) => text.toLowerCase());
  const at = csvColumns.map((column) => names.indexOf(column.toLowerCase()));
  const missing = csvColumns.filter((_, index) => at[index] === -1);
  if (missing.length > 0)
    return [
      { file, line: headerLine, column: 1, message: `${expectation}, found a first line without ${missing.join(', ')}: ${describeFound(header)}` },
    ];
  return (text, line) => {
    const cells = cellsOf(text);
    const issues: ConfigIssue[] = [];
    const read = (which: 0 | 1 | 2, parse: (cell: string) => number | null, expected: string): number => {
      const cell = cells[at[which] as number];
      const value = cell === undefined ? null : parse(cell.text);
      if (value !== null) return value;
      issues.push({
        file,
        line,
        column: cell?.column ?? text.length + 1,
        message: `${csvColumns[which]}: expected ${expected}, found ${describeFound(cell?.text)}`,
      });
      return 0;
    };
    const timestampMs = read(0, parseTime, 'a time such as 2023-11-16 18:15:46.6805900');
    const inputTokens = read(1, parseCount, countExpected);
    const outputTokens = read(2, parseCount, countExpected);
    return issues.length > 0 ? issues : { timestampMs, inputTokens, outputTokens, blocks: null };
  };
}

const countExpected = `a whole number from 1 to ${mostTokens}`;

/** These files hold neither quoted commas nor line breaks. Columns are 1-based. */
function cellsOf(line: string): { text: string; column: number }[] {
  let column = 1;
  return line.split(',').map((part) => {
    const cell = { text: part.trim().replace(/^"(.*)"$/, '$1'), column };
    column += part.length + 1;
    return cell;
  });
}

function parseCount(text: string): number | null {
  return /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= mostTokens ? Number(text) : null;
}

/** Milliseconds since 1970 with their fraction; a time without a zone is taken for UTC. */
function parseTime(text: string): number | null {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (!match) return null;
  // Of a month that is shorter the 30th would be a day of the next.
  const day = Date.parse(`${match[1]}T00:00:00Z`);
  if (Number.isNaN(day) || !new Date(day).toISOString().startsWith(`${match[1]}T`)) return null;
  const wholeMs = Date.parse(`${match[1]}T${match[2]}${match[4] ?? 'Z'}`);
  return Number.isNaN(wholeMs) ? null : wholeMs + Number(`0${match[3] ?? ''}`) * 1000;
}

export interface ReplayOptions {
  speed: number;
  /** Seconds of the trace's own time, from its first row. */
  window?: { from: number; duration?: number | undefined } | undefined;
  max_requests?: number | undefined;
}

/** The rows that a replay sends, and when; its start is that of the window, or the first row. Pure. */
export function replayRows(rows: readonly TraceRow[], options: ReplayOptions): ReplayRow[] {
  const fromMs = (rows[0]?.timestampMs ?? 0) + (options.window?.from ?? 0) * 1000;
  const untilMs = options.window?.duration === undefined ? Number.POSITIVE_INFINITY : fromMs + options.window.duration * 1000;
  return rows
    .filter(({ timestampMs }) => timestampMs >= fromMs && timestampMs < untilMs)
    .slice(0, options.max_requests)
    .map(({ timestampMs, ...row }) => ({ ...row, atMs: (timestampMs - fromMs) / options.speed }));
}
