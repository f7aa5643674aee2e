import { ByteBuffer } from './byte-buffer.ts';

/** Longest line, and longest event, that a stream may hold before it is given up: what bounds memory against a server that never ends its line. */
export const defaultMaxLineBytes = 1024 * 1024;

/** The name of events that only keep a stream open: their data may be anything (a time, say). */
export const pingEvent = 'ping';

/** Hears what a stream holds. The buffer belongs to the scanner or its caller: valid only during the call. */
export interface SseHandler {
  /** One event: its data (lines joined by LF) and its `event:` name, empty for none. */
  onEvent(buffer: Buffer, start: number, end: number, type: string): void;
  /** A line or an event went over the limit; nothing more is reported until `reset`. */
  onTooLarge(): void;
}

const lf = 10;
const cr = 13;
const space = 32;
const colon = 58;

/**
 * Server-sent events from bytes, by the WHATWG standard (HTML, section 9.2.6 "Interpreting an event stream"): LF, CRLF and CR line ends, comments, data over
 * several lines, a byte order mark at the start only, an event without its blank line dropped. `id:` and `retry:` are for clients that reconnect and
 * are passed over. Bytes are never decoded, so that an event or a character may be split anywhere.
 * One field more than the standard has: `error: ...`, by which builds of llama.cpp tell an error within a stream (and say `[DONE]` after it), is an event of that name with that data.
 * The usual event, a whole `data:` line and its blank line in one read, is handed on where it lies: no copy and no object.
 */
export class SseScanner {
  private readonly handler: SseHandler;
  /** The unfinished line of earlier reads. */
  private readonly line: ByteBuffer;
  /** The event's data once it cannot stay where it was read. */
  private readonly data: ByteBuffer;
  /** Where the event's only data line lies in the buffer being read; -1 when there is none. */
  private heldStart = -1;
  private heldEnd = -1;
  private hasData = false;
  private type = '';
  private lastType = '';
  private skipLf = false;
  private firstLine = true;
  private dead = false;
  private generation = 0;

  constructor(handler: SseHandler, maxLineBytes: number = defaultMaxLineBytes) {
    this.handler = handler;
    this.line = new ByteBuffer(maxLineBytes);
    this.data = new ByteBuffer(maxLineBytes);
  }

  reset(): void {
    this.generation++;
    this.line.clear();
    this.data.clear();
    this.heldStart = -1;
    this.hasData = false;
    this.type = '';
    this.skipLf = false;
    this.firstLine = true;
    this.dead = false;
  }

  /** Nothing of an event is held: the next byte begins a line, and an event. */
  get atRest(): boolean {
    return this.line.length === 0 && !this.hasData && !this.skipLf && !this.firstLine && !this.dead && this.type === '';
  }

  /** Bytes start..end of the stream's next read. */
  push(buffer: Buffer, start: number, end: number): void {
    if (this.dead || start >= end) return;
    const generation = this.generation;
    let from = start;
    if (this.skipLf) {
      this.skipLf = false;
      if (buffer[from] === lf) from++;
    }
    let crAt = -1;
    while (from < end) {
      // What lies behind `end` is of an earlier read and means nothing; looking for both by themselves is still many times faster than a loop for either.
      let at = buffer.indexOf(lf, from);
      let byte = lf;
      if (at < 0 || at > end) at = end;
      if (crAt < from) {
        crAt = buffer.indexOf(cr, from);
        if (crAt < 0) crAt = buffer.length;
      }
      if (crAt < at) {
        at = crAt;
        byte = cr;
      }
      if (at === end) {
        if (!this.line.append(buffer, from, end)) this.giveUp();
        break;
      }
      if (this.line.length === 0) {
        if (at - from > this.line.limit) this.giveUp();
        else this.takeLine(buffer, from, at, true);
      } else if (!this.line.append(buffer, from, at)) this.giveUp();
      else {
        const length = this.line.length;
        this.line.length = 0;
        this.takeLine(this.line.bytes, 0, length, false);
      }
      // The handler may have ended this stream and begun another, or the event was too large.
      if (this.generation !== generation || this.dead) return;
      from = at + 1;
      if (byte === cr) {
        if (from === end) this.skipLf = true;
        else if (buffer[from] === lf) from++;
      }
    }
    if (this.heldStart >= 0) this.moveHeld(buffer);
  }

  private takeLine(buffer: Buffer, lineStart: number, end: number, inPlace: boolean): void {
    let start = lineStart;
    if (this.firstLine) {
      this.firstLine = false;
      if (end - start >= 3 && buffer[start] === 0xef && buffer[start + 1] === 0xbb && buffer[start + 2] === 0xbf) start += 3;
    }
    if (start === end) {
      if (this.hasData) this.dispatch(buffer);
      this.type = '';
      return;
    }
    const first = buffer[start];
    if (first === 100 /* d */ && isField(buffer, start, end, dataName)) this.takeData(buffer, valueStart(buffer, start + 4, end), end, inPlace);
    else if (first === 101 /* e */) {
      const value = valueStart(buffer, start + 5, end);
      if (isField(buffer, start, end, eventName)) this.takeType(buffer, value, end);
      else if (value > start + 5 && isField(buffer, start, end, errorName)) {
        this.type = 'error';
        this.takeData(buffer, value, end, inPlace);
      }
    }
  }

  private takeData(buffer: Buffer, start: number, end: number, inPlace: boolean): void {
    if (!this.hasData) {
      this.hasData = true;
      if (inPlace) {
        this.heldStart = start;
        this.heldEnd = end;
      } else this.data.append(buffer, start, end);
      return;
    }
    // Held in place means held in this very buffer: push moves it before it returns, and a line from the carry is the first of its push.
    if (this.heldStart >= 0) this.moveHeld(buffer);
    if (!this.data.appendByte(lf) || !this.data.append(buffer, start, end)) this.giveUp();
  }

  private moveHeld(buffer: Buffer): void {
    this.data.append(buffer, this.heldStart, this.heldEnd);
    this.heldStart = -1;
  }

  private dispatch(buffer: Buffer): void {
    this.hasData = false;
    if (this.heldStart >= 0) {
      const start = this.heldStart;
      this.heldStart = -1;
      this.handler.onEvent(buffer, start, this.heldEnd, this.type);
      return;
    }
    const length = this.data.length;
    this.data.length = 0;
    this.handler.onEvent(this.data.bytes, 0, length, this.type);
  }

  /** Streams name the same few events over and over: the last name is kept as a string. */
  private takeType(buffer: Buffer, start: number, end: number): void {
    const last = this.lastType;
    let same = last.length === end - start;
    for (let i = 0; same && i < last.length; i++) {
      const byte = buffer[start + i]!;
      same = byte < 128 && last.charCodeAt(i) === byte;
    }
    if (!same) this.lastType = buffer.toString('utf8', start, end);
    this.type = this.lastType;
  }

  private giveUp(): void {
    this.dead = true;
    this.heldStart = -1;
    this.hasData = false;
    this.line.clear();
    this.data.clear();
    this.handler.onTooLarge();
  }
}

const dataName = Buffer.from('data');
const eventName = Buffer.from('event');
const errorName = Buffer.from('error');

/** The line's field name is exactly `name`: followed by a colon or by the line's end. */
function isField(buffer: Buffer, start: number, end: number, name: Buffer): boolean {
  const after = start + name.length;
  if (after > end || (after < end && buffer[after] !== colon)) return false;
  for (let i = 0; i < name.length; i++) if (buffer[start + i] !== name[i]) return false;
  return true;
}

/** After the name: past the colon and one space. */
function valueStart(buffer: Buffer, afterName: number, end: number): number {
  if (afterName >= end) return end;
  const start = afterName + 1;
  return start < end && buffer[start] === space ? start + 1 : start;
}
