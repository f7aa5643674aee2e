import { type RequestRecord, schemaChecks } from '../measure/record.ts';
import { type ErrorKind, errorKinds } from '../protocol/error-kind.ts';

/** Numbers of a row; `null` travels as NaN. */
const width = 36;

/** Ended requests on their way from a worker to the main thread: a row of doubles each, and the few texts that were not sent before. */
export interface RecordBatch {
  rows: Float64Array;
  /** Texts by number, new since the last batch. */
  texts: [number, string][];
}

/** More different texts of a kind than this (error messages that hold an id, say) are not sent: memory stays bounded. */
const mostTexts = 4096;

/** Texts that are bounded together: names that an answer gave (of a model, a replica, a reason to end), and what errors said. `series` has as many as it has. */
type TextKind = 'series' | 'name' | 'message';

/** Texts that come again and again (a series, a model, an error's message) travel once. */
class Texts {
  private readonly known = new Map<string, number>();
  fresh: [number, string][] = [];
  private readonly counts: Record<TextKind, number> = { series: 0, name: 0, message: 0 };

  numberOf(text: string | null, kind: TextKind = 'name'): number {
    if (text === null) return Number.NaN;
    const known = this.known.get(text);
    if (known !== undefined) return known;
    if (kind !== 'series' && this.counts[kind] >= mostTexts) return Number.NaN;
    this.counts[kind]++;
    const number = this.known.size;
    this.known.set(text, number);
    this.fresh.push([number, text]);
    return number;
  }
}

const flag = (value: boolean | null | undefined): number => (value === undefined || value === null ? Number.NaN : Number(value));

/** A worker's end: gathers records until they are taken. */
export class RowWriter {
  private buffer = new Float64Array(64 * width);
  private used = 0;
  private readonly texts = new Texts();

  add(record: RequestRecord): void {
    if (this.used + width > this.buffer.length) {
      const larger = new Float64Array(this.buffer.length * 2);
      larger.set(this.buffer);
      this.buffer = larger;
    }
    const { texts, buffer, used: at } = this;
    this.used += width;
    buffer[at] = record.index;
    buffer[at + 1] = texts.numberOf(record.series, 'series');
    buffer[at + 2] = record.intendedMs;
    buffer[at + 3] = record.sentMs ?? Number.NaN;
    buffer[at + 4] = record.attempts;
    buffer[at + 5] = record.lastAttemptMs ?? Number.NaN;
    buffer[at + 6] = record.connectMs ?? Number.NaN;
    buffer[at + 7] = record.tlsMs ?? Number.NaN;
    buffer[at + 8] = record.headersMs ?? Number.NaN;
    buffer[at + 9] = record.firstOutputMs ?? Number.NaN;
    buffer[at + 10] = record.lastOutputMs ?? Number.NaN;
    buffer[at + 11] = record.endMs;
    buffer[at + 12] = record.outputChunks;
    buffer[at + 13] = record.inputTokens ?? Number.NaN;
    buffer[at + 14] = record.outputTokens ?? Number.NaN;
    buffer[at + 15] = record.cachedTokens ?? Number.NaN;
    buffer[at + 16] = record.reasoningTokens ?? Number.NaN;
    buffer[at + 17] = record.responseBytes;
    buffer[at + 18] = (record.status ?? 0) * 2 + (record.streamed ? 1 : 0);
    buffer[at + 19] = record.error === null ? texts.numberOf(record.finishReason) : -1 - errorKinds.indexOf(record.error);
    buffer[at + 20] = record.error === null ? texts.numberOf(record.model) : texts.numberOf(record.errorMessage, 'message');
    buffer[at + 21] = record.firstChunkMs ?? Number.NaN;
    buffer[at + 22] = record.lastChunkMs ?? Number.NaN;
    buffer[at + 23] = texts.numberOf(record.servedBy ?? null);
    buffer[at + 24] = record.requestBytes ?? Number.NaN;
    buffer[at + 25] = record.schemaMs ?? Number.NaN;
    buffer[at + 26] = record.registrationMs ?? Number.NaN;
    buffer[at + 27] = record.parseMs ?? Number.NaN;
    buffer[at + 28] = record.validationMs ?? Number.NaN;
    buffer[at + 29] = record.schemaCheck === null ? Number.NaN : schemaChecks.indexOf(record.schemaCheck);
    buffer[at + 30] = record.answerPrint ?? Number.NaN;
    buffer[at + 31] = record.recall ?? Number.NaN;
    buffer[at + 32] = flag(record.hit);
    buffer[at + 33] = flag(record.hitExpected);
    buffer[at + 34] = flag(record.resent);
    buffer[at + 35] = record.firstSentMs ?? Number.NaN;
  }

  /** Records gathered since the last take. */
  get count(): number {
    return this.used / width;
  }

  /** What was gathered since the last call; null when nothing. */
  take(): RecordBatch | null {
    if (this.used === 0) return null;
    const rows = this.buffer.slice(0, this.used);
    const { fresh } = this.texts;
    this.used = 0;
    this.texts.fresh = [];
    return { rows, texts: fresh };
  }
}

/** The main thread's end, one for each worker. */
export class RowReader {
  private readonly texts = new Map<number, string>();

  /** The records of a batch, in the order they ended. */
  *read(batch: RecordBatch): Generator<RequestRecord> {
    for (const [number, text] of batch.texts) this.texts.set(number, text);
    for (let at = 0; at < batch.rows.length; at += width) yield this.record(batch.rows, at);
  }

  private record(rows: Float64Array, start: number): RequestRecord {
    const cell = (at: number) => rows[start + at] as number;
    const optional = (at: number) => (Number.isNaN(cell(at)) ? null : cell(at));
    const text = (at: number) => (Number.isNaN(cell(at)) ? null : (this.texts.get(cell(at)) ?? null));
    const error: ErrorKind | null = cell(19) < 0 ? (errorKinds[-1 - cell(19)] ?? null) : null;
    const status = Math.floor(cell(18) / 2);
    return {
      index: cell(0),
      series: text(1) ?? '',
      intendedMs: cell(2),
      sentMs: optional(3),
      ...(cell(4) > 1 ? { firstSentMs: optional(35) } : {}),
      attempts: cell(4),
      lastAttemptMs: optional(5),
      connectMs: optional(6),
      tlsMs: optional(7),
      headersMs: optional(8),
      firstChunkMs: optional(21),
      lastChunkMs: optional(22),
      firstOutputMs: optional(9),
      lastOutputMs: optional(10),
      endMs: cell(11),
      outputChunks: cell(12),
      inputTokens: optional(13),
      outputTokens: optional(14),
      cachedTokens: optional(15),
      reasoningTokens: optional(16),
      responseBytes: cell(17),
      status: status === 0 ? null : status,
      streamed: cell(18) % 2 === 1,
      requestBytes: optional(24),
      schemaMs: optional(25),
      registrationMs: optional(26),
      parseMs: optional(27),
      validationMs: optional(28),
      schemaCheck: Number.isNaN(cell(29)) ? null : (schemaChecks[cell(29)] ?? null),
      answerPrint: optional(30),
      recall: optional(31),
      hit: Number.isNaN(cell(32)) ? null : cell(32) === 1,
      hitExpected: Number.isNaN(cell(33)) ? null : cell(33) === 1,
      error,
      finishReason: error === null ? text(19) : null,
      model: error === null ? text(20) : null,
      servedBy: text(23),
      resent: cell(34) === 1,
      errorMessage: error === null ? null : text(20),
    };
  }
}
