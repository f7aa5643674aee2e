import { escapeEnd } from './json-cursor.ts';

const control = 32;
const quote = 34;
const backslash = 92;
const lf = 10;

/** Longer chunks are not remembered: they are no single tokens. */
const longest = 2048;
/** Streams in which something else changes with every chunk (a time, a count) are not worth remembering: after so many in a row it is given up for a while. */
const mostMisses = 8;
const pause = 512;

/**
 * The last event of a stream that was one piece of text and nothing else, as it lay in its read: what stands before the text and what stands after it.
 * A read that is the same up to another text that ends at the same place is such an event again, by the very bytes, and need not be walked.
 */
export class ChunkTemplate {
  model: string | null = null;
  /** What stands before the text and, right behind it, what stands after. */
  private bytes: Buffer = Buffer.alloc(0);
  private beforeLength = 0;
  private afterLength = 0;
  private misses = 0;
  private rest = 0;

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
    const wanted = end - start;
    if (this.bytes.length < wanted) this.bytes = Buffer.allocUnsafeSlow(wanted);
    this.beforeLength = buffer.copy(this.bytes, 0, start, textStart);
    this.afterLength = buffer.copy(this.bytes, this.beforeLength, textEnd, end);
    this.model = model;
  }

  /** Bytes start..end are one such event. */
  matches(buffer: Buffer, start: number, end: number): boolean {
    const { bytes, beforeLength, afterLength } = this;
    const textEnd = end - afterLength;
    const textStart = start + beforeLength;
    if (beforeLength === 0 || textEnd <= textStart) return false;
    for (let i = 0; i < afterLength; i++) if (buffer[textEnd + i] !== bytes[beforeLength + i]) return false;
    for (let i = 0; i < beforeLength; i++) if (buffer[start + i] !== bytes[i]) return false;
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
}
