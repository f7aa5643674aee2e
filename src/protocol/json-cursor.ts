const quote = 34;
const comma = 44;
const colon = 58;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const letterN = 110;
const openBrace = 123;
const closeBrace = 125;

/**
 * Walks JSON text in a buffer without making objects. Every method that answers false has either met the end of what it walks (`ok` stays true) or
 * something that it does not take (`ok` is false): the caller then turns to JSON.parse. Valid JSON is never misread; values that are skipped are
 * checked for balance, not for spelling.
 */
export class JsonCursor {
  buffer: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  ok = true;
  /** The last string read (keys included), between its quotes, escapes as written. */
  textStart = 0;
  textEnd = 0;
  escaped = false;
  /** An object or array was entered and nothing in it read yet. */
  private fresh = false;

  open(buffer: Buffer, start: number, end: number): void {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
    this.ok = true;
    this.fresh = false;
  }

  /** Enters the object or array that starts here. */
  enter(bracket: number): boolean {
    if (this.buffer[this.at] !== bracket) return this.fail();
    this.at++;
    this.fresh = true;
    return true;
  }

  /** Goes to the next member's value; the key is in textStart..textEnd. False at the closing brace, which it passes. */
  nextKey(): boolean {
    if (!this.next(closeBrace)) return false;
    if (!this.string() || this.escaped) return this.fail();
    if (this.peek() !== colon) return this.fail();
    this.at++;
    this.space();
    return true;
  }

  /** Goes to the array's next value. False at the closing bracket, which it passes. */
  nextItem(): boolean {
    return this.next(closeBracket);
  }

  /** The byte here, white space passed; undefined at the end. */
  peek(): number | undefined {
    this.space();
    return this.at < this.end ? this.buffer[this.at] : undefined;
  }

  keyIs(name: Buffer): boolean {
    return bytesAre(this.buffer, this.textStart, this.textEnd, name);
  }

  /** Reads the string that starts here. */
  string(): boolean {
    const buffer = this.buffer;
    const end = this.end;
    let at = this.at;
    if (at >= end || buffer[at] !== quote) return this.fail();
    this.textStart = ++at;
    let escaped = false;
    for (; at < end; at++) {
      const byte = buffer[at];
      if (byte === quote) {
        this.textEnd = at;
        this.escaped = escaped;
        this.at = at + 1;
        return true;
      }
      if (byte === backslash) {
        escaped = true;
        at++;
      }
    }
    return this.fail();
  }

  /** Reads a whole number of at most 15 digits; -1 (and `ok` false) for anything else. */
  integer(): number {
    let at = this.at;
    let value = 0;
    for (; at < this.end; at++) {
      const digit = this.buffer[at]! - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const digits = at - this.at;
    this.at = at;
    if (digits > 0 && digits <= 15 && isAfterNumber(this.buffer[at])) return value;
    this.fail();
    return -1;
  }

  /** Passes the value that starts here, whatever it is. */
  skip(): boolean {
    const byte = this.buffer[this.at];
    if (byte === quote) return this.string();
    if (byte === openBrace || byte === openBracket) return this.skipNested();
    const start = this.at;
    while (this.at < this.end && !isAfterNumber(this.buffer[this.at])) this.at++;
    return this.at > start ? true : this.fail();
  }

  /** Passes a null. */
  nothing(): boolean {
    const { buffer, at } = this;
    if (buffer[at] !== letterN || at + 4 > this.end || buffer[at + 1] !== 117 || buffer[at + 2] !== 108 || buffer[at + 3] !== 108) return false;
    this.at = at + 4;
    return true;
  }

  private skipNested(): boolean {
    let depth = 0;
    while (this.at < this.end) {
      const byte = this.buffer[this.at];
      if (byte === quote) {
        if (!this.string()) return false;
        continue;
      }
      this.at++;
      if (byte === openBrace || byte === openBracket) depth++;
      else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) {
        this.fresh = false;
        return true;
      }
    }
    return this.fail();
  }

  private next(close: number): boolean {
    const byte = this.peek();
    if (byte === close) {
      this.at++;
      this.fresh = false;
      return false;
    }
    if (!this.fresh) {
      if (byte !== comma) return this.fail();
      this.at++;
      this.space();
    }
    this.fresh = false;
    return this.at < this.end ? true : this.fail();
  }

  private space(): void {
    while (this.at < this.end && isJsonSpace(this.buffer[this.at]!)) this.at++;
  }

  private fail(): false {
    this.ok = false;
    return false;
  }
}

/** White space between tokens (RFC 8259, section 2). */
export function isJsonSpace(byte: number): boolean {
  return byte <= 32 && (byte === 32 || byte === 10 || byte === 13 || byte === 9);
}

/** What may follow a number, true, false or null. */
function isAfterNumber(byte: number | undefined): boolean {
  return (
    byte === undefined || byte === comma || byte === closeBrace || byte === closeBracket || byte === quote || byte === colon || isJsonSpace(byte)
  );
}

/** Whether bytes start..end are these. */
export function bytesAre(buffer: Buffer, start: number, end: number, expected: Buffer): boolean {
  const length = expected.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) if (buffer[start + i] !== expected[i]) return false;
  return true;
}
