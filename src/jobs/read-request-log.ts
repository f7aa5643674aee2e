import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { UserError } from '../config/errors.ts';
import { type CompatName, compatDefinition } from '../measure/compat.ts';
import type { RequestRecord } from '../measure/record.ts';
import { type ErrorKind, errorKinds } from '../protocol/error-kind.ts';
import type { ResultDocument } from '../result/document.ts';
import { RecordFolder } from '../result/from-records.ts';

const required = ['index', 'intendedMs', 'endMs'] as const;
const numbers = [
  'sentMs',
  'firstSentMs',
  'lastAttemptMs',
  'connectMs',
  'tlsMs',
  'headersMs',
  'firstChunkMs',
  'lastChunkMs',
  'firstOutputMs',
  'lastOutputMs',
  'inputTokens',
  'outputTokens',
  'cachedTokens',
  'reasoningTokens',
  'status',
  'requestBytes',
  'schemaMs',
  'registrationMs',
  'parseMs',
  'validationMs',
  'answerPrint',
  'recall',
] as const;
const counts = ['attempts', 'outputChunks', 'responseBytes', 'run'] as const;
const texts = ['finishReason', 'model', 'errorMessage', 'schemaCheck'] as const;
const kinds: ReadonlySet<string> = new Set(errorKinds);

/** Whether a file is a request log: its first line is one record. Anything that cannot be read is not. */
export async function isRequestLog(path: string): Promise<boolean> {
  try {
    for await (const line of linesOf(path)) {
      if (line.trim() === '') continue;
      const value = JSON.parse(line) as unknown;
      return typeof value === 'object' && value !== null && 'intendedMs' in value && 'endMs' in value;
    }
  } catch {
    // Whoever reads it as a result says what is wrong with it.
  }
  return false;
}

/**
 * Reads a request log (`run --log-requests`) into a result, a line at a time.
 * @throws UserError (2) naming file and line for what is no record, and the file when it cannot be read or holds none
 */
export async function readRequestLog(path: string, compat: CompatName | null): Promise<ResultDocument> {
  const folder = new RecordFolder(compat === null ? null : compatDefinition(compat));
  let number = 0;
  for await (const line of linesOf(path)) {
    number++;
    if (line.trim() === '') continue;
    const { record, run } = parseRecord(line, `${path}:${number}`);
    folder.add(record, run);
  }
  const document = folder.result();
  if (document === null) throw new UserError(`${path}: expected a request log with at least one record, found an empty file`);
  return document;
}

/** @throws UserError (2) */
function parseRecord(line: string, place: string): { record: RequestRecord; run: number } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new UserError(`${place}: expected a request record in JSON, found ${JSON.stringify(line.slice(0, 80))}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError(`${place}: expected a request record, found no object`);
  const raw = value as Record<string, unknown>;
  const wrong = (name: string, expected: string) => new UserError(`${place}: expected ${name} to be ${expected}, found ${shown(raw[name])}`);
  const finite = (name: string) => typeof raw[name] === 'number' && Number.isFinite(raw[name]);
  if (typeof raw['series'] !== 'string') throw wrong('series', 'a text');
  for (const name of required) if (!finite(name)) throw wrong(name, 'a number');
  const record: Record<string, unknown> = { series: raw['series'], streamed: raw['streamed'] === true };
  for (const name of required) record[name] = raw[name];
  for (const name of numbers) {
    if (raw[name] !== undefined && raw[name] !== null && !finite(name)) throw wrong(name, 'a number or null');
    record[name] = raw[name] ?? null;
  }
  for (const name of counts) {
    if (raw[name] !== undefined && !(finite(name) && (raw[name] as number) >= 0)) throw wrong(name, 'a number of at least 0');
    record[name] = raw[name] ?? (name === 'attempts' ? 1 : 0);
  }
  for (const name of texts) {
    if (raw[name] !== undefined && raw[name] !== null && typeof raw[name] !== 'string') throw wrong(name, 'a text or null');
    record[name] = raw[name] ?? null;
  }
  for (const name of ['hit', 'hitExpected'] as const) record[name] = typeof raw[name] === 'boolean' ? raw[name] : null;
  const error = raw['error'] ?? null;
  if (error !== null && !(typeof error === 'string' && kinds.has(error))) throw wrong('error', `null or one of ${errorKinds.join(', ')}`);
  record['error'] = error as ErrorKind | null;
  const { run, ...rest } = record;
  return { record: rest as unknown as RequestRecord, run: run as number };
}

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80));

/** @throws UserError (2) when the file cannot be read */
async function* linesOf(path: string): AsyncGenerator<string> {
  const stream = createReadStream(path, 'utf8');
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) yield line;
  } catch (cause) {
    throw new UserError(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  } finally {
    stream.destroy();
  }
}
