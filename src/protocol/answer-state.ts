import { ByteAllowance, ByteBuffer } from './byte-buffer.ts';
import type { ErrorKind } from './error-kind.ts';
import { codingFailure, example, header, retryAfterMs, sampleBytes, statusFailure, streamFailure } from './failure.ts';
import type { Answer, AnswerReader, OutputListener } from './protocol.ts';
import { defaultMaxLineBytes } from './sse.ts';

/** Bounds of what one answer may hold in memory. */
export interface ReaderLimits {
  /** A line or event of a stream. */
  maxLineBytes: number;
  /** A body that is not a stream; in UTF-16 units the text that is kept of a stream. */
  maxBodyBytes: number;
}
/** The longest body that is held whole. */
export const maxBodyBytes = 64 * 1024 * 1024;
const defaultLimits: ReaderLimits = { maxLineBytes: defaultMaxLineBytes, maxBodyBytes };

/** What the bodies in flight of one thread may hold together: a server of endless answers is not to take the machine's memory. */
export const bodiesInFlight = new ByteAllowance(512 * 1024 * 1024);

/** What is said of a body that found no room for its next bytes: by itself, or beside the others. */
export function bodyTooLarge(body: ByteBuffer, bytes: number): string {
  if (body.length + bytes > body.limit) return `the answer's body is longer than ${body.limit} bytes`;
  return `no room for the answer's body: those in flight hold the ${bodiesInFlight.limit} bytes that they may hold together in one sending thread; it was given up after ${body.length} bytes`;
}

/**
 * What readers of every streaming wire keep of an answer: status, stamps, counts, faults, the beginning of its body, and the answer made of them. A reader
 * extends it, so that all that a token touches is one object. The body of a failed answer is sampled, not read.
 */
export abstract class AnswerState implements AnswerReader {
  protected readonly limits: ReaderLimits;
  /** By what is known so far the body is a stream; false: one JSON value, or nothing yet. */
  protected streamed = false;
  /** See `finish`. */
  protected finished = false;
  protected nowMs = 0;
  /** Of events of a choice; the last of those without output. */
  private firstChunkMs = -1;
  private lastChunkMs = -1;
  private firstMs = -1;
  private finishedMs = -1;
  protected inputTokens: number | null = null;
  protected outputTokens: number | null = null;
  protected cachedTokens: number | null = null;
  protected reasoningTokens: number | null = null;
  protected finishReason: string | null = null;
  private text = '';
  private beside = '';
  /** One body, or the beginning of one that failed or is not understood. */
  protected readonly body: ByteBuffer;
  private message: string | null = null;
  private status: number | null = null;
  private retryAfter: number | null = null;
  private location: string | null = null;
  private unreadable = 0;
  /** The first event that could not be read. */
  private garbage = '';
  // What every token touches lies together, here and at the beginning of the wire's own fields: each line of memory is fetched anew for each token.
  protected keepText = false;
  /** The status says that there is no answer. */
  protected failed = false;
  protected error: ErrorKind | null = null;
  protected bytes = 0;
  /** Events of the stream so far; one body is none. */
  protected events = 0;
  protected outputChunks = 0;
  lastOutputMs = -1;
  private listener: OutputListener | null = null;
  protected model: string | null = null;

  constructor(limits: ReaderLimits = defaultLimits) {
    this.limits = limits;
    this.body = new ByteBuffer(limits.maxBodyBytes, bodiesInFlight);
  }

  abstract data(buffer: Buffer, start: number, end: number, nowMs: number): boolean;
  /** The body ended in good order, its status too: is it an answer? What is wrong is told by `fault`. */
  protected abstract judgeBody(): void;
  /** What ends a complete stream, for the message about one that broke off. */
  protected abstract readonly lastWord: string;

  begin(listener: OutputListener | null, keepText: boolean): void {
    this.body.clear();
    this.listener = listener;
    this.keepText = keepText;
    this.streamed = false;
    this.failed = false;
    this.finished = false;
    this.events = 0;
    this.firstChunkMs = -1;
    this.lastChunkMs = -1;
    this.firstMs = -1;
    this.finishedMs = -1;
    this.lastOutputMs = -1;
    this.outputChunks = 0;
    this.inputTokens = null;
    this.outputTokens = null;
    this.cachedTokens = null;
    this.reasoningTokens = null;
    this.finishReason = null;
    this.model = null;
    this.text = '';
    this.beside = '';
    this.bytes = 0;
    this.error = null;
    this.message = null;
    this.status = null;
    this.retryAfter = null;
    this.location = null;
    this.unreadable = 0;
  }

  headers(status: number, headers: readonly string[], _nowMs: number): void {
    this.status = status;
    const compressed = codingFailure(headers);
    if (compressed !== null && status < 300) this.fault(compressed);
    if (status === 200) return;
    this.retryAfter = retryAfterMs(headers, Date.now());
    if (status >= 200 && status < 300) return;
    this.location = header(headers, 'location');
    this.failed = true;
  }

  lastWordMs(): number | null {
    return this.streamed && this.finished && this.saidAll() ? this.finishedMs : null;
  }

  end(nowMs: number): Answer {
    this.nowMs = nowMs;
    if (this.error === null) this.judge();
    return this.answer();
  }

  fail(kind: ErrorKind, message: string, _nowMs: number): Answer {
    // A stream that said it is complete is, whether its connection broke then or, behind its last word, nobody closed it. What it said it said at its last read.
    const late = kind.startsWith('timeout');
    if ((late || kind === 'reset' || kind === 'truncated') && this.streamed && !this.failed) this.lastLine();
    const broke = kind === 'reset' || kind === 'truncated' || (late && this.saidAll());
    if (this.error === null && (this.failed || (broke && this.streamed && this.finished))) this.judge();
    else if (this.error === null) this.fault({ kind, message });
    return this.answer();
  }

  /** Nothing more comes: what is held of a line without its end is read, where the wire lets that be one. */
  protected lastLine(): void {}

  /** Nothing more can come: of a wire that says so at its very end, where it is complete. */
  protected saidAll(): boolean {
    return this.finished;
  }

  private judge(): void {
    if (this.failed) this.fault(statusFailure(this.status ?? 0, this.bodyText(), this.location));
    else this.judgeBody();
  }

  /** A stream that ended: complete, or what is wrong with it. @param notEvents what to say of a body without any event; null where that is a stream all the same */
  protected judgeStream(notEvents: string | null): void {
    if (this.unreadable > 0) this.fault({ kind: 'malformed', message: `a stream event that is not a JSON object: ${this.garbage}` });
    else if (this.finished) return;
    else if (this.events === 0 && /^\s*\{\s*"(?:error|type"\s*:\s*"error)"/.test(this.bodyText())) this.errorInside(this.bodyText());
    else if (this.events === 0 && notEvents !== null && this.bodyText().trim() !== '')
      this.fault({ kind: 'malformed', message: `${notEvents}: ${example(this.bodyText())}` });
    else {
      const what =
        this.outputChunks > 0 ? `after ${this.outputChunks} chunks of output` : this.bytes === 0 ? 'with an empty body' : 'before any output';
      this.fault({ kind: 'truncated', message: `the stream ended ${what}, without ${this.lastWord}` });
    }
  }

  /** The stream said that it is complete. */
  protected finish(): void {
    this.finished = true;
    this.finishedMs = this.nowMs;
  }

  /** An event that belongs to the answer, whatever it holds. */
  protected chunk(): void {
    if (this.firstChunkMs < 0) this.firstChunkMs = this.nowMs;
    this.lastChunkMs = this.nowMs;
  }

  /** An event that carried output. @param tokens that it held; 0: the wire does not say */
  protected output(tokens: number): void {
    this.outputAt(this.nowMs, tokens);
  }

  /** As `output`, of a read at that time. No allocation: called once per token. */
  protected outputAt(nowMs: number, tokens: number): void {
    const { lastOutputMs, listener } = this;
    this.lastOutputMs = nowMs;
    if (this.outputChunks++ === 0) {
      this.firstMs = nowMs;
      if (this.firstChunkMs < 0) this.firstChunkMs = nowMs;
      if (listener !== null) listener.output(Number.NaN, tokens);
    } else if (listener !== null) listener.output(nowMs - lastOutputMs, tokens);
  }

  /** Keeps a piece of the answer's text, where that is asked for. */
  protected keepContent(content: string): void {
    if (this.hasRoom(content)) this.text += content;
  }

  /** Keeps output that is no part of the answer's text, for its tokens to be counted; where the server has told how many there are that is not wanted. */
  protected keepBeside(output: string): void {
    if (output !== '' && this.outputTokens === null && this.hasRoom(output)) this.beside += output;
  }

  private hasRoom(piece: string): boolean {
    if (!this.keepText || this.error === 'too_large') return false;
    const most = this.limits.maxBodyBytes;
    if (this.text.length + this.beside.length + piece.length <= most) return true;
    this.tooLarge(`the answer's text is longer than ${most} characters`);
    return false;
  }

  /** An event that cannot be read; the first one is told. */
  protected unreadableEvent(text: string): void {
    if (this.unreadable++ === 0) this.garbage = example(text);
  }

  /** An error told inside a 200 answer. @param lead goes before the text in the message */
  protected errorInside(text: string, lead = ''): void {
    const { kind, message } = streamFailure(text);
    this.fault({ kind, message: lead + message });
  }

  /** The body's one JSON value; undefined, and a fault, where it is none. */
  protected jsonBody(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      if (text.trim() === '') this.fault({ kind: 'truncated', message: 'the answer has an empty body' });
      else this.fault({ kind: 'malformed', message: `the body is not JSON: ${example(text)}` });
      return undefined;
    }
  }

  /** Adds to a body that is one JSON value. */
  protected keep(buffer: Buffer, start: number, end: number): void {
    if (!this.body.append(buffer, start, end)) this.tooLarge(bodyTooLarge(this.body, end - start));
  }

  /** Keeps the beginning of a body, to be shown where it turns out to be something else than it should. */
  protected sample(buffer: Buffer, start: number, end: number): void {
    const room = sampleBytes - this.body.length;
    if (room > 0) this.body.append(buffer, start, Math.min(end, start + room));
  }

  /** Ends the reading: what is held is let go. */
  protected tooLarge(message: string): void {
    this.body.clear();
    this.text = '';
    this.beside = '';
    this.fault({ kind: 'too_large', message });
  }

  protected bodyText(): string {
    return this.body.bytes.toString('utf8', 0, this.body.length);
  }

  /** The first fault is the one that counts. */
  protected fault(fault: { kind: ErrorKind; message: string }): void {
    if (this.error !== null) return;
    this.error = fault.kind;
    this.message = fault.message;
  }

  private answer(): Answer {
    this.body.clear();
    const at = (ms: number) => (this.streamed && ms >= 0 ? ms : null);
    return {
      error: this.error,
      errorMessage: this.error === null ? null : this.message,
      status: this.status,
      retryAfterMs: this.retryAfter,
      streamed: this.streamed && !this.failed,
      firstChunkMs: at(this.firstChunkMs),
      lastChunkMs: at(Math.max(this.lastChunkMs, this.lastOutputMs)),
      firstOutputMs: at(this.firstMs),
      lastOutputMs: at(this.lastOutputMs),
      finishedMs: at(this.finishedMs),
      outputChunks: this.outputChunks,
      inputTokens: this.inputTokens,
      outputTokens: this.outputTokens,
      cachedTokens: this.cachedTokens,
      reasoningTokens: this.reasoningTokens,
      finishReason: this.finishReason,
      model: this.model,
      text: this.keepText ? this.text : null,
      ...(this.beside === '' || this.outputTokens !== null ? {} : { beside: this.beside }),
      responseBytes: this.bytes,
    };
  }
}
