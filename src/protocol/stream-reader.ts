import { ByteBuffer } from './byte-buffer.ts';
import type { ErrorKind } from './error-kind.ts';
import { codingFailure, example, header, retryAfterMs, sampleBytes, statusFailure, streamFailure } from './failure.ts';
import { defaultLimits, type ReaderLimits } from './openai-reader.ts';
import type { Answer, AnswerReader, OutputListener } from './protocol.ts';

/**
 * What readers of native wires have in common: status, stamps, counts, faults and the answer made of them. A wire's own reader says how its stream is cut
 * into events and what an event holds. The body of a failed answer is sampled, not read.
 */
export abstract class StreamReader implements AnswerReader {
  protected readonly limits: ReaderLimits;
  protected keepText = false;
  /** The stream said that it is complete. */
  protected finished = false;
  /** Events of the stream so far; one body is none. */
  protected events = 0;
  protected inputTokens: number | null = null;
  protected outputTokens: number | null = null;
  protected cachedTokens: number | null = null;
  protected reasoningTokens: number | null = null;
  protected finishReason: string | null = null;
  protected model: string | null = null;
  protected text = '';
  /** By its content type the body is a stream; false: one JSON value. */
  protected streamed = true;
  /** One body, or the beginning of one that failed. */
  protected readonly body: ByteBuffer;
  private listener: OutputListener | null = null;
  private status: number | null = null;
  private retryAfter: number | null = null;
  private location: string | null = null;
  private error: ErrorKind | null = null;
  private message: string | null = null;
  private failed = false;
  private unreadable = 0;
  private garbage = '';
  private nowMs = 0;
  private firstChunkMs = -1;
  private lastChunkMs = -1;
  private firstMs = -1;
  private lastMs = -1;
  private outputChunks = 0;
  private bytes = 0;

  constructor(limits: ReaderLimits = defaultLimits) {
    this.limits = limits;
    this.body = new ByteBuffer(limits.maxBodyBytes);
  }

  /** Content types that mean a stream on this wire. */
  protected abstract isStream(contentType: string): boolean;
  protected abstract resetStream(): void;
  /** Cuts the stream's next read into events. */
  protected abstract push(buffer: Buffer, start: number, end: number): void;
  /** The stream ended in good order: an event without its end is whole all the same. */
  protected abstract endStream(): void;
  /** An answer in one body. @returns whether it is one */
  protected abstract readWhole(value: unknown): boolean;
  /** What ends a complete stream, for the message about one that broke off. */
  protected abstract readonly lastWord: string;

  begin(listener: OutputListener | null, keepText: boolean): void {
    this.resetStream();
    this.body.clear();
    this.listener = listener;
    this.keepText = keepText;
    this.finished = false;
    this.events = 0;
    this.inputTokens = null;
    this.outputTokens = null;
    this.cachedTokens = null;
    this.reasoningTokens = null;
    this.finishReason = null;
    this.model = null;
    this.text = '';
    this.streamed = true;
    this.status = null;
    this.retryAfter = null;
    this.location = null;
    this.error = null;
    this.message = null;
    this.failed = false;
    this.unreadable = 0;
    this.firstChunkMs = -1;
    this.lastChunkMs = -1;
    this.firstMs = -1;
    this.lastMs = -1;
    this.outputChunks = 0;
    this.bytes = 0;
  }

  headers(status: number, headers: readonly string[], _nowMs: number): void {
    this.status = status;
    this.streamed = this.isStream(header(headers, 'content-type') ?? '');
    const compressed = codingFailure(headers);
    if (compressed !== null && status < 300) this.fault(compressed);
    if (status === 200) return;
    this.retryAfter = retryAfterMs(headers, Date.now());
    if (status >= 200 && status < 300) return;
    this.location = header(headers, 'location');
    this.failed = true;
  }

  data(buffer: Buffer, start: number, end: number, nowMs: number): boolean {
    this.bytes += end - start;
    this.nowMs = nowMs;
    if (this.failed) this.sample(buffer, start, end);
    else if (!this.streamed) {
      if (!this.body.append(buffer, start, end)) this.tooLarge(`the answer's body is longer than ${this.limits.maxBodyBytes} bytes`);
    } else {
      // Until the first event there is nothing to show for a body that turns out to be something else.
      if (this.events === 0) this.sample(buffer, start, end);
      this.push(buffer, start, end);
    }
    return this.error !== 'too_large';
  }

  end(nowMs: number): Answer {
    this.nowMs = nowMs;
    if (this.error === null) this.judge();
    return this.answer();
  }

  fail(kind: ErrorKind, message: string, nowMs: number): Answer {
    this.nowMs = nowMs;
    const broke = kind === 'reset' || kind === 'truncated';
    if (this.error === null && broke && this.streamed && this.finished) this.judge();
    else if (this.error === null && this.failed) this.fault(statusFailure(this.status ?? 0, this.bodyText(), this.location));
    else if (this.error === null) this.fault({ kind, message });
    return this.answer();
  }

  /** An event that belongs to the answer, whatever it holds. */
  protected chunk(): void {
    if (this.firstChunkMs < 0) this.firstChunkMs = this.nowMs;
    this.lastChunkMs = this.nowMs;
  }

  /** An event that carried output; these wires do not say how many tokens. No allocation: called once per token. */
  protected output(): void {
    const { nowMs } = this;
    if (this.outputChunks++ === 0) this.firstMs = nowMs;
    this.lastMs = nowMs;
    if (this.listener !== null) this.listener(nowMs, 0);
  }

  /** An event that cannot be read; the first one is told. */
  protected unreadableEvent(text: string): void {
    if (this.unreadable++ === 0) this.garbage = example(text);
  }

  /** An error told inside a 200 answer. */
  protected errorInside(text: string): void {
    this.fault(streamFailure(text));
  }

  protected tooLarge(message: string): void {
    this.body.clear();
    this.fault({ kind: 'too_large', message });
  }

  /** The body ended in good order: is it an answer? */
  private judge(): void {
    if (this.failed) this.fault(statusFailure(this.status ?? 0, this.bodyText(), this.location));
    else if (!this.streamed) this.judgeBody();
    else {
      this.endStream();
      if (this.unreadable > 0) this.fault({ kind: 'malformed', message: `a stream event that is not a JSON object: ${this.garbage}` });
      else if (this.finished) return;
      else if (this.events === 0 && this.bodyText().trim() !== '')
        this.fault({ kind: 'malformed', message: `not a stream of events: ${example(this.bodyText())}` });
      else {
        const what =
          this.outputChunks > 0 ? `after ${this.outputChunks} chunks of output` : this.bytes === 0 ? 'with an empty body' : 'before any output';
        this.fault({ kind: 'truncated', message: `the stream ended ${what}, without ${this.lastWord}` });
      }
    }
  }

  private judgeBody(): void {
    const text = this.bodyText();
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      const kind = text.trim() === '' ? 'truncated' : 'malformed';
      this.fault({ kind, message: kind === 'truncated' ? 'the answer has an empty body' : `the body is not JSON: ${example(text)}` });
      return;
    }
    if (!this.readWhole(value)) this.fault({ kind: 'malformed', message: `JSON that is no answer: ${example(text)}` });
  }

  private sample(buffer: Buffer, start: number, end: number): void {
    const room = sampleBytes - this.body.length;
    if (room > 0) this.body.append(buffer, start, Math.min(end, start + room));
  }

  private bodyText(): string {
    return this.body.bytes.toString('utf8', 0, this.body.length);
  }

  /** The first fault is the one that counts. */
  private fault(fault: { kind: ErrorKind; message: string }): void {
    if (this.error !== null) return;
    this.error = fault.kind;
    this.message = fault.message;
  }

  private answer(): Answer {
    const at = (ms: number) => (this.streamed && ms >= 0 ? ms : null);
    return {
      error: this.error,
      errorMessage: this.error === null ? null : this.message,
      status: this.status,
      retryAfterMs: this.retryAfter,
      streamed: this.streamed && !this.failed,
      firstChunkMs: at(this.firstChunkMs),
      lastChunkMs: at(this.lastChunkMs),
      firstOutputMs: at(this.firstMs),
      lastOutputMs: at(this.lastMs),
      outputChunks: this.outputChunks,
      inputTokens: this.inputTokens,
      outputTokens: this.outputTokens,
      cachedTokens: this.cachedTokens,
      reasoningTokens: this.reasoningTokens,
      finishReason: this.finishReason,
      model: this.model,
      text: this.keepText ? this.text : null,
      responseBytes: this.bytes,
    };
  }
}

/** A count of tokens as a server told it; null where it is none. */
export function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
