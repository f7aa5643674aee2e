/** What a buffer shrinks back to between answers, so that one long answer does not keep its memory for good. */
const keptBytes = 64 * 1024;

/**
 * Bytes that outlive the read that brought them: grows by doubling up to a limit, allocates nothing until used.
 * `append` answers false when the limit would be passed; nothing is taken then.
 */
export class ByteBuffer {
  bytes: Buffer = empty;
  length = 0;
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  append(source: Buffer, start: number, end: number): boolean {
    const length = this.length + (end - start);
    if (length > this.limit) return false;
    if (length > this.bytes.length) this.grow(length);
    source.copy(this.bytes, this.length, start, end);
    this.length = length;
    return true;
  }

  appendByte(byte: number): boolean {
    const length = this.length + 1;
    if (length > this.limit) return false;
    if (length > this.bytes.length) this.grow(length);
    this.bytes[this.length] = byte;
    this.length = length;
    return true;
  }

  clear(): void {
    this.length = 0;
    if (this.bytes.length > keptBytes) this.bytes = empty;
  }

  private grow(needed: number): void {
    const size = Math.min(this.limit, Math.max(needed, this.bytes.length * 2, 1024));
    const grown = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}

const empty = Buffer.alloc(0);
