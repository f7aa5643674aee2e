import { isObject } from '../config/is-object.ts';
import { AnswerState } from './answer-state.ts';
import { example, header } from './failure.ts';
import type { OutputListener } from './protocol.ts';

/**
 * What readers of native wires have in common: the content type says whether the answer is a stream. A wire's own reader says how its stream is cut into
 * events and what an event holds.
 */
export abstract class StreamReader extends AnswerState {
  /** Content types that mean a stream on this wire. */
  protected abstract isStream(contentType: string): boolean;
  protected abstract resetStream(): void;
  /** Cuts the stream's next read into events. */
  protected abstract push(buffer: Buffer, start: number, end: number): void;
  /** The stream ended in good order: an event without its end is whole all the same. */
  protected abstract endStream(): void;
  /** An answer in one body. @returns whether it is one */
  protected abstract readWhole(value: unknown): boolean;

  override begin(listener: OutputListener | null, keepText: boolean): void {
    super.begin(listener, keepText);
    this.resetStream();
    this.streamed = true;
  }

  override headers(status: number, headers: readonly string[], nowMs: number): void {
    super.headers(status, headers, nowMs);
    this.streamed = this.isStream(header(headers, 'content-type') ?? '');
  }

  data(buffer: Buffer, start: number, end: number, nowMs: number): boolean {
    this.bytes += end - start;
    this.nowMs = nowMs;
    if (this.failed) this.sample(buffer, start, end);
    else if (!this.streamed) this.keep(buffer, start, end);
    else {
      // Until the first event there is nothing to show for a body that turns out to be something else.
      if (this.events === 0) this.sample(buffer, start, end);
      this.push(buffer, start, end);
    }
    return this.error !== 'too_large';
  }

  protected judgeBody(): void {
    if (this.streamed) {
      this.endStream();
      this.judgeStream('not a stream of events');
      return;
    }
    const text = this.bodyText();
    const value = this.jsonBody(text);
    if (value !== undefined && !this.readWhole(value)) this.fault({ kind: 'malformed', message: `JSON that is no answer: ${example(text)}` });
  }
}

/** A text as it is; empty for anything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Name and arguments of a tool call; arguments are the wire's text of JSON, or an object. */
export function callText(call: unknown): string {
  return isObject(call) ? textOf(call['name']) + argumentsText(call['arguments']) + argumentsText(call['input']) : '';
}

function argumentsText(args: unknown): string {
  return isObject(args) && Object.keys(args).length > 0 ? JSON.stringify(args) : textOf(args);
}
