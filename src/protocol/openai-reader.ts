import { isObject } from '../config/is-object.ts';
import { AnswerState } from './answer-state.ts';
import { besideContent, contentOf } from './choice-output.ts';
import { ChunkTemplate } from './chunk-template.ts';
import { ChunkClassifier, isDone } from './classify.ts';
import { classifyValue, finishBits, outputBits, Seen, sharedChoice } from './classify-value.ts';
import { example, sampleBytes } from './failure.ts';
import type { OutputListener } from './protocol.ts';
import { pingEvent, type SseHandler, SseScanner } from './sse.ts';

/** Bits that tell of a choice: output, its role, its end. */
const choiceBits = outputBits | Seen.role | Seen.finish;

/** The bit of the choices that are not told apart. */
const sharedBit = 1 << sharedChoice;

/** `data: ` before an event's text and the two line feeds after it, where a read is just one event. */
const dataLead = 6;
const eventTrail = 2;

/** Ends whatever event is held. */
const blankLine = Buffer.from('\n\n');

/** A body without a whole event begins like a stream of them all the same. */
const looksLikeEvents = /^(?:\uFEFF)?(?::|(?:data|event|id|retry)(?::|$))/m;

/** An answer is long, and its finish reason far behind. */
function reasonLead(reason: string | null): string {
  return reason !== null && (finishBits(reason) & Seen.error) !== 0 ? `finish reason "${reason}": ` : '';
}

/** What the body is, found from its first byte: servers mislabel it (a JSON error under text/event-stream, a stream under text/plain). */
const Body = { unknown: 0, stream: 1, json: 2 } as const;

/**
 * Reads the answers of OpenAI-style wires (chat and completions), streamed or in one body. A stream is complete when it said `[DONE]` or a finish
 * reason of each choice; one that broke off before is `truncated`.
 */
export class OpenAiReader extends AnswerState implements SseHandler {
  protected readonly lastWord = '[DONE] or a finish reason of each choice';
  private mode: number = Body.unknown;
  /** The first output chunk said how many tokens there were: the server counts along. */
  private counting = false;
  /** A stream, of which nothing is held since the last read; kept here, because every object that a token touches costs. */
  private rested = false;
  private readonly template = new ChunkTemplate();
  private readonly scanner = new SseScanner(this, this.limits.maxLineBytes);
  private readonly classifier = new ChunkClassifier();
  /** The read that is being scanned. */
  private readStart = 0;
  private readEnd = 0;
  private countedTokens = 0;
  /** Choices that the stream has spoken of, and those that have finished: a bit each. */
  private choicesSeen = 0;
  private choicesEnded = 0;
  /** See `lastLine`. */
  private ending = false;

  override begin(listener: OutputListener | null, keepText: boolean): void {
    super.begin(listener, keepText);
    this.scanner.reset();
    this.rested = false;
    this.mode = Body.unknown;
    this.counting = false;
    this.countedTokens = 0;
    this.choicesSeen = 0;
    this.choicesEnded = 0;
    this.ending = false;
  }

  data(buffer: Buffer, start: number, end: number, nowMs: number): boolean {
    this.bytes += end - start;
    if (this.rested && !this.keepText && !this.counting && this.template.matches(buffer, start, end)) {
      this.events++;
      this.model ??= this.template.model;
      this.outputAt(nowMs, 0);
      return true;
    }
    this.nowMs = nowMs;
    if (this.mode === Body.unknown && !this.failed) this.sniff(buffer, start, end);
    if (this.mode === Body.stream) {
      // Until the first event there is nothing to show for a body that turns out to be something else.
      if (this.events === 0) this.sample(buffer, start, end);
      this.readStart = start;
      this.readEnd = end;
      this.scanner.push(buffer, start, end);
      this.rested = this.events > 0 && this.scanner.atRest;
    } else if (this.mode === Body.json) this.keep(buffer, start, end);
    else this.sample(buffer, start, end);
    return this.error !== 'too_large';
  }

  onEvent(buffer: Buffer, start: number, end: number, type: string): void {
    if (this.ending && !isDone(buffer, start, end)) return;
    this.events++;
    if (type === 'error') {
      this.errorInside(buffer.toString('utf8', start, end));
      return;
    }
    const chunk = this.classifier;
    const bits = chunk.classify(buffer, start, end);
    if ((bits & (Seen.error | Seen.malformed | Seen.done | Seen.ping)) !== 0) {
      if ((bits & Seen.done) !== 0) {
        this.finish();
        this.choicesEnded = -1;
      }
      if ((bits & Seen.error) !== 0) this.errorInside(buffer.toString('utf8', start, end), reasonLead(chunk.finishReason));
      else if ((bits & Seen.malformed) !== 0 && type !== pingEvent)
        this.unreadableEvent(buffer.toString('utf8', start, Math.min(end, start + sampleBytes)));
      if ((bits & Seen.error) === 0) return;
    }
    if (chunk.model !== null) this.model ??= chunk.model;
    if ((bits & Seen.usage) !== 0) this.takeUsage();
    if ((bits & Seen.finish) !== 0) this.finishReason = chunk.finishReason;
    if (chunk.choicesSeen !== 0) this.takeChoices(chunk.choicesSeen, chunk.choicesEnded);
    if ((bits & choiceBits) !== 0) this.chunk();
    if ((bits & outputBits) === 0) return;
    if (this.outputChunks === 0) this.counting = chunk.completionTokens > 0;
    let tokens = 0;
    if (this.counting && chunk.completionTokens > this.countedTokens) {
      tokens = chunk.completionTokens - this.countedTokens;
      this.countedTokens = chunk.completionTokens;
    }
    if (this.keepText) this.keepOutput(JSON.parse(buffer.toString('utf8', start, end)));
    if (bits === Seen.content && chunk.texts === 1 && start - this.readStart === dataLead && this.readEnd - end === eventTrail)
      this.template.learn(buffer, this.readStart, chunk.textStart, chunk.textEnd, this.readEnd, chunk.model);
    this.output(tokens);
  }

  onTooLarge(): void {
    this.tooLarge(`a line or event of the stream is longer than ${this.limits.maxLineBytes} bytes`);
  }

  private sniff(buffer: Buffer, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      const byte = buffer[i]!;
      if (byte === 32 || (byte >= 9 && byte <= 13)) continue;
      this.mode = byte === 123 /* { */ || byte === 91 /* [ */ ? Body.json : Body.stream;
      this.streamed = this.mode === Body.stream;
      return;
    }
    // Only white space so far, which means nothing at the start of either: it may be passed.
  }

  /** Usage may yet come behind a finish reason, nothing behind `[DONE]`. */
  protected override saidAll(): boolean {
    return this.choicesEnded === -1;
  }

  /** Servers leave out the blank line behind their last event. Of such an event, which may be half of one, nothing is taken but that it is `[DONE]`. */
  protected override lastLine(): void {
    this.ending = true;
    this.scanner.push(blankLine, 0, blankLine.length);
  }

  protected judgeBody(): void {
    if (this.mode === Body.json) {
      this.readJson();
      return;
    }
    this.lastLine();
    this.judgeStream(this.events > 0 || looksLikeEvents.test(this.bodyText()) ? null : 'neither a stream of events nor JSON');
  }

  private readJson(): void {
    const text = this.bodyText();
    const value = this.jsonBody(text);
    if (value === undefined) return;
    const chunk = this.classifier;
    chunk.clear();
    const bits = classifyValue(value, chunk);
    this.model = chunk.model;
    if ((bits & Seen.usage) !== 0) this.takeUsage();
    this.finishReason = chunk.finishReason;
    if ((bits & Seen.error) !== 0) this.errorInside(text, reasonLead(chunk.finishReason));
    else if (!isObject(value) || !Array.isArray(value['choices']))
      this.fault({ kind: 'malformed', message: `JSON without choices: ${example(text)}` });
    else {
      if ((bits & outputBits) !== 0) this.outputChunks = 1;
      if (this.keepText) this.keepOutput(value);
    }
  }

  /** The stream is complete when every choice that it spoke of has finished; those that share a bit are not told apart, and wait for `[DONE]`. */
  private takeChoices(seen: number, ended: number): void {
    this.choicesSeen |= seen;
    this.choicesEnded |= ended & ~sharedBit;
    this.finished = false;
    if (this.choicesEnded !== 0 && (this.choicesSeen & ~this.choicesEnded) === 0) this.finish();
  }

  private keepOutput(value: unknown): void {
    this.keepContent(contentOf(value));
    this.keepBeside(besideContent(value));
  }

  private takeUsage(): void {
    const chunk = this.classifier;
    if (chunk.promptTokens >= 0) this.inputTokens = chunk.promptTokens;
    if (chunk.completionTokens >= 0) this.outputTokens = chunk.completionTokens;
    if (chunk.cachedTokens >= 0) this.cachedTokens = chunk.cachedTokens;
    if (chunk.reasoningTokens >= 0) this.reasoningTokens = chunk.reasoningTokens;
  }
}
