const quote = 34;
const comma = 44;
const colon = 58;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const letterN = 110;
const letterU = 117;
const minus = 45;
const dot = 46;
const zero = 48;
/** What lies deeper is left to JSON.parse, which needs no stack for it. */
const deepest = 64;
/** What may stand behind a backslash, but for `u` and its digits. */
const escapes = new Set(Buffer.from('"\\/bfnrt'));
const literalTrue = Buffer.from('true');
const literalFalse = Buffer.from('false');
const openBrace = 123;
const closeBrace = 125;

/**
 * Walks JSON text in a buffer without making objects. Every method that answers false has either met the end of what it walks (`ok` stays true) or
 * something that it does not take (`ok` is false): the caller then turns to JSON.parse. Valid JSON is never misread, and what a walk takes from its
 * first bracket to its last is valid JSON (RFC 8259), what it skips included.
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
      const byte = buffer[at]!;
      // Nearly all there is.
      if (byte > backslash) continue;
      if (byte === quote) {
        this.textEnd = at;
        this.escaped = escaped;
        this.at = at + 1;
        return true;
      }
      if (byte < 32) return this.fail();
      if (byte === backslash) {
        escaped = true;
        at = escapeEnd(buffer, at) - 1;
        if (at < 0) return this.fail();
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
    const led = digits > 1 && this.buffer[at - digits] === zero;
    if (digits > 0 && digits <= 15 && !led && isAfterNumber(this.buffer[at])) return value;
    this.fail();
    return -1;
  }

  /** Passes the value that starts here, whatever it is. @param depth of what it lies in */
  skip(depth = 0): boolean {
    const byte = this.buffer[this.at]!;
    if (byte === quote) return this.string();
    if (byte === letterN) return this.nothing() || this.fail();
    if (byte === openBrace || byte === openBracket) return this.skipNested(byte, depth);
    return isDigit(byte) || byte === minus ? this.number() : this.literal(literalTrue) || this.literal(literalFalse) || this.fail();
  }

  /** Passes a null. */
  nothing(): boolean {
    const { buffer, at } = this;
    if (buffer[at] !== letterN || at + 4 > this.end || buffer[at + 1] !== 117 || buffer[at + 2] !== 108 || buffer[at + 3] !== 108) return false;
    this.at = at + 4;
    return true;
  }

  private skipNested(bracket: number, depth: number): boolean {
    if (depth === deepest) return this.fail();
    this.enter(bracket);
    while (bracket === openBrace ? this.nextKey() : this.nextItem()) if (!this.skip(depth + 1)) return false;
    return this.ok;
  }

  private literal(name: Buffer): boolean {
    const end = this.at + name.length;
    if (end > this.end || !bytesAre(this.buffer, this.at, end, name)) return false;
    this.at = end;
    return true;
  }

  private number(): boolean {
    const { buffer } = this;
    let at = this.at;
    if (buffer[at] === minus) at++;
    const whole = at;
    at = digitsEnd(buffer, at);
    if (at === whole || (buffer[whole] === zero && at > whole + 1)) return this.fail();
    if (buffer[at] === dot) {
      const fraction = at + 1;
      at = digitsEnd(buffer, fraction);
      if (at === fraction) return this.fail();
    }
    // e or E, a sign or none, digits
    if ((buffer[at]! | 32) === 101) {
      const sign = buffer[at + 1];
      const exponent = at + (sign === minus || sign === 43 ? 2 : 1);
      at = digitsEnd(buffer, exponent);
      if (at === exponent) return this.fail();
    }
    this.at = at;
    return true;
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

/** Behind the escape that begins with the backslash at `at`; -1 where it is none. */
export function escapeEnd(buffer: Buffer, at: number): number {
  const byte = buffer[at + 1]!;
  if (escapes.has(byte)) return at + 2;
  if (byte !== letterU) return -1;
  for (let i = at + 2; i < at + 6; i++) {
    const digit = buffer[i]!;
    const letter = digit | 32;
    if (!isDigit(digit) && !(letter >= 97 && letter <= 102)) return -1;
  }
  return at + 6;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

function digitsEnd(buffer: Buffer, from: number): number {
  let at = from;
  while (at < buffer.length && isDigit(buffer[at]!)) at++;
  return at;
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
