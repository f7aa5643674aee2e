import { ByteBuffer } from './byte-buffer.ts';
import { ChunkTemplate } from './chunk-template.ts';
import { ChunkClassifier } from './classify.ts';
import { classifyValue, isObject, outputBits, Seen } from './classify-value.ts';
import type { ErrorKind } from './error-kind.ts';
import { codingFailure, example, header, retryAfterMs, sampleBytes, statusFailure, streamFailure } from './failure.ts';
import type { Answer, AnswerReader, OutputListener } from './protocol.ts';
import { defaultMaxLineBytes, type SseHandler, SseScanner } from './sse.ts';

/** Bounds of what one answer may hold in memory. */
export interface ReaderLimits {
  /** A line or event of a stream. */
  maxLineBytes: number;
  /** A body that is not a stream. */
  maxBodyBytes: number;
}
export const defaultLimits: ReaderLimits = { maxLineBytes: defaultMaxLineBytes, maxBodyBytes: 64 * 1024 * 1024 };

/** Bits that tell of a choice: output, its role, its end. */
const choiceBits = outputBits | Seen.role | Seen.finish;

/** `data: ` before an event's text and the two line feeds after it, where a read is just one event. */
const dataLead = 6;
const eventTrail = 2;

/** What the body is, found from its first byte: servers mislabel it (a JSON error under text/event-stream, a stream under text/plain). */
const Body = { unknown: 0, stream: 1, json: 2, failed: 3 } as const;

/**
 * Reads the answers of OpenAI-style wires (chat and completions), streamed or in one body. A stream is complete when it said `[DONE]` or a finish reason;
 * one that broke off before is `truncated`.
 */
export class OpenAiReader implements AnswerReader, SseHandler {
  private readonly limits: ReaderLimits;
  private readonly scanner: SseScanner;
  private readonly classifier = new ChunkClassifier();
  private readonly template = new ChunkTemplate();
  /** The read that is being scanned. */
  private readStart = 0;
  /** Nothing of an event is held since the last read; kept here, because every object that a token touches costs. */
  private rested = false;
  private readEnd = 0;
  /** A whole JSON body, or the beginning of one that failed or is not understood. */
  private readonly body: ByteBuffer;
  private listener: OutputListener | null = null;
  private keepText = false;
  private mode: number = Body.unknown;
  private status: number | null = null;
  private retryAfter: number | null = null;
  private location: string | null = null;
  private error: ErrorKind | null = null;
  private message: string | null = null;
  private events = 0;
  private unreadable = 0;
  /** The first event that could not be read. */
  private garbage = '';
  private finished = false;
  private nowMs = 0;
  private firstChunkMs = -1;
  private lastChunkMs = -1;
  private firstMs = -1;
  private lastMs = -1;
  private outputChunks = 0;
  private promptTokens = -1;
  private completionTokens = -1;
  private cachedTokens = -1;
  private reasoningTokens = -1;
  /** The first output chunk said how many tokens there were: the server counts along. */
  private counting = false;
  private countedTokens = 0;
  private finishReason: string | null = null;
  private model: string | null = null;
  private text = '';
  private bytes = 0;

  constructor(limits: ReaderLimits = defaultLimits) {
    this.limits = limits;
    this.scanner = new SseScanner(this, limits.maxLineBytes);
    this.body = new ByteBuffer(limits.maxBodyBytes);
  }

  begin(listener: OutputListener | null, keepText: boolean): void {
    this.scanner.reset();
    this.rested = false;
    this.body.clear();
    this.listener = listener;
    this.keepText = keepText;
    this.mode = Body.unknown;
    this.status = null;
    this.retryAfter = null;
    this.location = null;
    this.error = null;
    this.message = null;
    this.events = 0;
    this.unreadable = 0;
    this.finished = false;
    this.firstChunkMs = -1;
    this.lastChunkMs = -1;
    this.firstMs = -1;
    this.lastMs = -1;
    this.outputChunks = 0;
    this.promptTokens = -1;
    this.completionTokens = -1;
    this.cachedTokens = -1;
    this.reasoningTokens = -1;
    this.counting = false;
    this.countedTokens = 0;
    this.finishReason = null;
    this.model = null;
    this.text = '';
    this.bytes = 0;
  }

  headers(status: number, headers: readonly string[], _nowMs: number): void {
    this.status = status;
    const compressed = codingFailure(headers);
    if (compressed !== null && status < 300) this.fault(compressed);
    if (status === 200) return;
    this.retryAfter = retryAfterMs(headers, Date.now());
    if (status >= 200 && status < 300) return;
    this.location = header(headers, 'location');
    this.mode = Body.failed;
  }

  data(buffer: Buffer, start: number, end: number, nowMs: number): boolean {
    this.bytes += end - start;
    this.nowMs = nowMs;
    if (this.mode === Body.unknown) this.sniff(buffer, start, end);
    if (this.mode === Body.stream) {
      // Until the first event there is nothing to show for a body that turns out to be something else.
      if (this.events === 0) this.sample(buffer, start, end);
      else if (!this.keepText && !this.counting && this.rested && this.template.matches(buffer, start, end)) {
        this.events++;
        this.model ??= this.template.model;
        this.takeOutput(nowMs, 0);
        return true;
      }
      this.readStart = start;
      this.readEnd = end;
      this.scanner.push(buffer, start, end);
      this.rested = this.scanner.atRest;
    } else if (this.mode === Body.json) {
      if (!this.body.append(buffer, start, end)) this.tooLarge(`the answer's body is longer than ${this.limits.maxBodyBytes} bytes`);
    } else this.sample(buffer, start, end);
    return this.error !== 'too_large';
  }

  onEvent(buffer: Buffer, start: number, end: number, type: string): void {
    this.events++;
    if (type === 'error') {
      this.fault(streamFailure(buffer.toString('utf8', start, end)));
      return;
    }
    const chunk = this.classifier;
    const bits = chunk.classify(buffer, start, end);
    if ((bits & (Seen.error | Seen.malformed | Seen.done | Seen.ping)) !== 0) {
      if ((bits & Seen.done) !== 0) this.finished = true;
      else if ((bits & Seen.error) !== 0) this.fault(streamFailure(buffer.toString('utf8', start, end)));
      else if ((bits & Seen.malformed) !== 0 && this.unreadable++ === 0)
        this.garbage = example(buffer.toString('utf8', start, Math.min(end, start + sampleBytes)));
      if ((bits & Seen.error) === 0) return;
    }
    if (chunk.model !== null) this.model ??= chunk.model;
    if ((bits & Seen.usage) !== 0) this.takeUsage();
    if ((bits & Seen.finish) !== 0) {
      this.finished = true;
      this.finishReason = chunk.finishReason;
    }
    const nowMs = this.nowMs;
    if ((bits & choiceBits) !== 0) {
      if (this.firstChunkMs < 0) this.firstChunkMs = nowMs;
      this.lastChunkMs = nowMs;
    }
    if ((bits & outputBits) === 0) return;
    if (this.outputChunks === 0) this.counting = chunk.completionTokens > 0;
    let tokens = 0;
    if (this.counting && chunk.completionTokens > this.countedTokens) {
      tokens = chunk.completionTokens - this.countedTokens;
      this.countedTokens = chunk.completionTokens;
    }
    if (this.keepText && (bits & Seen.content) !== 0) this.text += textOf(JSON.parse(buffer.toString('utf8', start, end)));
    if (bits === Seen.content && chunk.texts === 1 && start - this.readStart === dataLead && this.readEnd - end === eventTrail)
      this.template.learn(buffer, this.readStart, chunk.textStart, chunk.textEnd, this.readEnd, chunk.model);
    this.takeOutput(nowMs, tokens);
  }

  /** A chunk that carried output. */
  private takeOutput(nowMs: number, tokens: number): void {
    if (this.firstChunkMs < 0) this.firstChunkMs = nowMs;
    this.lastChunkMs = nowMs;
    if (this.outputChunks++ === 0) this.firstMs = nowMs;
    this.lastMs = nowMs;
    if (this.listener !== null) this.listener(nowMs, tokens);
  }

  onTooLarge(): void {
    this.tooLarge(`a line or event of the stream is longer than ${this.limits.maxLineBytes} bytes`);
  }

  end(nowMs: number): Answer {
    this.nowMs = nowMs;
    if (this.error === null) this.judge();
    return this.answer();
  }

  fail(kind: ErrorKind, message: string, nowMs: number): Answer {
    this.nowMs = nowMs;
    const broke = kind === 'reset' || kind === 'truncated';
    if (this.error === null && broke && this.mode === Body.stream && this.finished) this.judge();
    else if (this.error === null && this.mode === Body.failed) this.fault(statusFailure(this.status ?? 0, this.bodyText(), this.location));
    else if (this.error === null) this.fault({ kind, message });
    return this.answer();
  }

  private sniff(buffer: Buffer, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      const byte = buffer[i]!;
      if (byte === 32 || (byte >= 9 && byte <= 13)) continue;
      this.mode = byte === 123 /* { */ || byte === 91 /* [ */ ? Body.json : Body.stream;
      return;
    }
    // Only white space so far, which means nothing at the start of either: it may be passed.
  }

  private sample(buffer: Buffer, start: number, end: number): void {
    const room = sampleBytes - this.body.length;
    if (room > 0) this.body.append(buffer, start, Math.min(end, start + room));
  }

  private bodyText(): string {
    return this.body.bytes.toString('utf8', 0, this.body.length);
  }

  /** The body ended in good order: is it an answer? */
  private judge(): void {
    if (this.mode === Body.failed) this.fault(statusFailure(this.status ?? 0, this.bodyText(), this.location));
    else if (this.mode === Body.json) this.readJson();
    else if (this.unreadable > 0) this.fault({ kind: 'malformed', message: `a stream event that is not a JSON object: ${this.garbage}` });
    else if (this.finished) return;
    else if (this.events === 0 && this.bodyText().trim() !== '' && !/^(?:\uFEFF)?(?::|(?:data|event|id|retry)(?::|$))/m.test(this.bodyText())) {
      this.fault({ kind: 'malformed', message: `neither a stream of events nor JSON: ${example(this.bodyText())}` });
    } else {
      const what =
        this.outputChunks > 0 ? `after ${this.outputChunks} chunks of output` : this.bytes === 0 ? 'with an empty body' : 'before any output';
      this.fault({ kind: 'truncated', message: `the stream ended ${what}, without [DONE] or a finish reason` });
    }
  }

  private readJson(): void {
    const text = this.bodyText();
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      this.fault({ kind: 'malformed', message: `the body is not JSON: ${example(text)}` });
      return;
    }
    const chunk = this.classifier;
    chunk.clear();
    const bits = classifyValue(value, chunk);
    this.model = chunk.model;
    if ((bits & Seen.usage) !== 0) this.takeUsage();
    if ((bits & Seen.error) !== 0) this.fault(streamFailure(text));
    else if (!isObject(value) || !Array.isArray(value['choices']))
      this.fault({ kind: 'malformed', message: `JSON without choices: ${example(text)}` });
    else {
      this.finishReason = chunk.finishReason;
      if ((bits & outputBits) !== 0) this.outputChunks = 1;
      if (this.keepText) this.text = textOf(value);
    }
  }

  private takeUsage(): void {
    const chunk = this.classifier;
    if (chunk.promptTokens >= 0) this.promptTokens = chunk.promptTokens;
    if (chunk.completionTokens >= 0) this.completionTokens = chunk.completionTokens;
    if (chunk.cachedTokens >= 0) this.cachedTokens = chunk.cachedTokens;
    if (chunk.reasoningTokens >= 0) this.reasoningTokens = chunk.reasoningTokens;
  }

  private tooLarge(message: string): void {
    this.body.clear();
    this.fault({ kind: 'too_large', message });
  }

  /** The first fault is the one that counts. */
  private fault(fault: { kind: ErrorKind; message: string }): void {
    if (this.error !== null) return;
    this.error = fault.kind;
    this.message = fault.message;
  }

  private answer(): Answer {
    const streamed = this.mode === Body.stream;
    return {
      error: this.error,
      errorMessage: this.error === null ? null : this.message,
      status: this.status,
      retryAfterMs: this.retryAfter,
      streamed,
      firstChunkMs: streamed && this.firstChunkMs >= 0 ? this.firstChunkMs : null,
      lastChunkMs: streamed && this.lastChunkMs >= 0 ? this.lastChunkMs : null,
      firstOutputMs: streamed && this.firstMs >= 0 ? this.firstMs : null,
      lastOutputMs: streamed && this.lastMs >= 0 ? this.lastMs : null,
      outputChunks: this.outputChunks,
      inputTokens: measured(this.promptTokens),
      outputTokens: measured(this.completionTokens),
      cachedTokens: measured(this.cachedTokens),
      reasoningTokens: measured(this.reasoningTokens),
      finishReason: this.finishReason,
      model: this.model,
      text: this.keepText ? this.text : null,
      responseBytes: this.bytes,
    };
  }
}

function measured(count: number): number | null {
  return count < 0 ? null : count;
}

/** The first choice's answer text in a parsed chunk or body. */
function textOf(value: unknown): string {
  if (!isObject(value) || !Array.isArray(value['choices'])) return '';
  let text = '';
  for (const choice of value['choices']) {
    if (!isObject(choice) || (choice['index'] !== undefined && choice['index'] !== 0)) continue;
    const message = isObject(choice['delta']) ? choice['delta'] : isObject(choice['message']) ? choice['message'] : null;
    const content = message === null ? choice['text'] : message['content'];
    if (typeof content === 'string') text += content;
    else if (Array.isArray(content)) for (const part of content) if (isObject(part) && typeof part['text'] === 'string') text += part['text'];
  }
  return text;
}
