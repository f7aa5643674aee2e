import { ByteBuffer } from './byte-buffer.ts';

/** Hears the lines of a stream; valid only during the call. */
export interface LineHandler {
  onLine(buffer: Buffer, start: number, end: number): void;
  /** A line went over the limit; nothing more is reported until `reset`. */
  onTooLarge(): void;
}

const lf = 10;

/** Newline-delimited JSON from bytes: lines end in LF (a CR before it is white space to JSON), empty lines are passed. A whole line in one read is handed on where it lies. */
export class LineScanner {
  private readonly handler: LineHandler;
  private readonly rest: ByteBuffer;
  private dead = false;

  constructor(handler: LineHandler, maxLineBytes: number) {
    this.handler = handler;
    this.rest = new ByteBuffer(maxLineBytes);
  }

  reset(): void {
    this.rest.clear();
    this.dead = false;
  }

  /** Bytes start..end of the stream's next read. */
  push(buffer: Buffer, start: number, end: number): void {
    let from = start;
    while (!this.dead && from < end) {
      let at = buffer.indexOf(lf, from);
      // What lies behind `end` is of an earlier read and means nothing.
      if (at < 0 || at >= end) at = end;
      if (at === end || this.rest.length > 0 || at - from > this.rest.limit) {
        if (!this.rest.append(buffer, from, at)) {
          this.dead = true;
          this.handler.onTooLarge();
          return;
        }
        if (at < end) this.flush();
      } else if (at > from) this.handler.onLine(buffer, from, at);
      from = at + 1;
    }
  }

  /** Hands on a last line that no LF ended. */
  flush(): void {
    const { length } = this.rest;
    this.rest.length = 0;
    if (length > 0 && !this.dead) this.handler.onLine(this.rest.bytes, 0, length);
  }
}
