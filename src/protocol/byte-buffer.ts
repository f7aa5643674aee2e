/** What a buffer shrinks back to between answers, so that one long answer does not keep its memory for good. */
const keptBytes = 64 * 1024;

/** What several buffers may hold together, bytes; small ones are not counted. */
export class ByteAllowance {
  readonly limit: number;
  private held = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** A buffer holds more than it did, or less; false where that is too much. */
  resize(fromBytes: number, toBytes: number): boolean {
    const held = this.held - counted(fromBytes) + counted(toBytes);
    if (toBytes > fromBytes && held > this.limit) return false;
    this.held = held;
    return true;
  }
}

function counted(bytes: number): number {
  return bytes > keptBytes ? bytes : 0;
}

/**
 * Bytes that outlive the read that brought them: grows by doubling up to a limit, allocates nothing until used.
 * `append` answers false when its limit, or the allowance that it shares, would be passed; nothing is taken then. One with an allowance is to be cleared once it is done with.
 */
export class ByteBuffer {
  bytes: Buffer = empty;
  length = 0;
  readonly limit: number;
  private readonly allowance: ByteAllowance | null;

  constructor(limit: number, allowance: ByteAllowance | null = null) {
    this.limit = limit;
    this.allowance = allowance;
  }

  append(source: Buffer, start: number, end: number): boolean {
    const length = this.length + (end - start);
    if (!this.makeRoom(length)) return false;
    source.copy(this.bytes, this.length, start, end);
    this.length = length;
    return true;
  }

  appendByte(byte: number): boolean {
    const length = this.length + 1;
    if (!this.makeRoom(length)) return false;
    this.bytes[this.length] = byte;
    this.length = length;
    return true;
  }

  clear(): void {
    this.allowance?.resize(this.length, 0);
    this.length = 0;
    if (this.bytes.length > keptBytes) this.bytes = empty;
  }

  private makeRoom(length: number): boolean {
    if (length > this.limit || this.allowance?.resize(this.length, length) === false) return false;
    if (length > this.bytes.length) this.grow(length);
    return true;
  }

  private grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.min(this.limit, Math.max(needed, this.bytes.length * 2, 1024)));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}

const empty = Buffer.alloc(0);
