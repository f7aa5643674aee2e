import { escapeEnd } from './json-cursor.ts';
import { Slab } from './slab.ts';

const control = 32;
const quote = 34;
const backslash = 92;
const lf = 10;

/** Longer chunks are not remembered: they are no single tokens. */
const longest = 2048;
/** Streams in which something else changes with every chunk (a time, a count) are not worth remembering: after so many in a row it is given up for a while. */
const mostMisses = 8;
const pause = 512;
/** Room that a stream takes at first, bytes; doubled for longer events. */
const firstRoom = 256;
const slab = new Slab((length) => Buffer.allocUnsafeSlow(length), 64 * 1024);

/**
 * The last event of a stream that was one piece of text and nothing else, as it lay in its read: what stands before the text and what stands after it.
 * A read that is the same up to another text that ends at the same place is such an event again, by the very bytes, and need not be walked.
 */
export class ChunkTemplate {
  /** What stands before the text and, right behind it, what stands after; from `at` on. */
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;
  private beforeLength = 0;
  private afterLength = 0;
  private misses = 0;
  private rest = 0;
  private room = 0;
  model: string | null = null;

  /** Bytes start..end were one read and one event, its only text textStart..textEnd; ends with the blank line that ended the event. */
  learn(buffer: Buffer, start: number, textStart: number, textEnd: number, end: number, model: string | null): void {
    if (this.rest > 0) {
      this.rest--;
      return;
    }
    // Line ends of another kind would leave the scanner between two bytes.
    if (end - start > longest || buffer[end - 1] !== lf || buffer[end - 2] !== lf || buffer[end - 3]! < control) return;
    if (++this.misses > mostMisses) {
      this.misses = 0;
      this.rest = pause;
      this.beforeLength = 0;
      return;
    }
    if (this.room < end - start) this.makeRoom(end - start);
    this.beforeLength = buffer.copy(this.bytes, this.at, start, textStart);
    this.afterLength = buffer.copy(this.bytes, this.at + this.beforeLength, textEnd, end);
    this.model = model;
  }

  /** Bytes start..end are one such event. */
  matches(buffer: Buffer, start: number, end: number): boolean {
    const { bytes, at, beforeLength, afterLength } = this;
    const textEnd = end - afterLength;
    const textStart = start + beforeLength;
    if (beforeLength === 0 || textEnd <= textStart) return false;
    const after = at + beforeLength;
    for (let i = 0; i < afterLength; i++) if (buffer[textEnd + i] !== bytes[after + i]) return false;
    for (let i = 0; i < beforeLength; i++) if (buffer[start + i] !== bytes[at + i]) return false;
    for (let i = textStart; i < textEnd; i++) {
      const byte = buffer[i]!;
      if (byte < control || byte === quote) return false;
      if (byte !== backslash) continue;
      // What is escaped is no end of the text, and may not lie behind it.
      i = escapeEnd(buffer, i) - 1;
      if (i < 0 || i >= textEnd) return false;
    }
    this.misses = 0;
    return true;
  }

  private makeRoom(wanted: number): void {
    let room = firstRoom;
    while (room < wanted) room *= 2;
    const part = slab.take(room);
    this.bytes = part.array;
    this.at = part.start;
    this.room = room;
  }
}
