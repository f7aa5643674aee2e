import type { JsonCursor } from './json-cursor.ts';

/** A text that is nearly always the same from chunk to chunk: made a string once. */
export class LastText {
  private raw = '';
  private value = '';

  /** The cursor's last string; null when its escapes are broken. */
  read(c: JsonCursor): string | null {
    const raw = this.raw;
    let same = raw.length === c.textEnd - c.textStart;
    for (let i = 0; same && i < raw.length; i++) same = raw.charCodeAt(i) === c.buffer[c.textStart + i];
    if (same) return this.value;
    let value = c.buffer.toString('utf8', c.textStart, c.textEnd);
    if (c.escaped) {
      try {
        value = JSON.parse(`"${value}"`) as string;
      } catch {
        return null;
      }
    }
    this.raw = c.buffer.toString('latin1', c.textStart, c.textEnd);
    this.value = value;
    return value;
  }
}
