import { ByteBuffer } from './byte-buffer.ts';
import type { ErrorKind } from './error-kind.ts';
import type { HeadParser } from './http1-head.ts';

/** Hears one response. Either call may end it early by `stop`. */
export interface ResponseHandler {
  onHead(status: number, headers: readonly string[]): void;
  /** Body bytes, chunk framing removed; valid only during the call. */
  onBody(buffer: Buffer, start: number, end: number): void;
}

/** What `feed` and `finish` came to. */
export const Progress = { more: 0, complete: 1, failed: 2 } as const;
export type Progress = (typeof Progress)[keyof typeof Progress];

const State = {
  head: 0,
  counted: 1,
  untilClose: 2,
  chunkSize: 3,
  chunkExtension: 4,
  chunkSizeLf: 5,
  chunkData: 6,
  chunkCr: 7,
  chunkLf: 8,
  trailer: 9,
  over: 10,
} as const;

const lf = 10;
const cr = 13;
const semicolon = 59;
/** Of a chunk's size: more would not be counted exactly. */
const mostDigits = 12;
/** Chunk extensions mean nothing to a client; a server that sends more than this is not worth listening to. */
const maxExtensionBytes = 16_384;

/**
 * Reads HTTP/1.1 responses from bytes, one after the other, strictly (RFC 9112): status line, headers, counted, chunked and until-close bodies, trailers; interim (1xx) responses are passed over.
 * Memory is bounded by the header limit; body bytes are handed on where they lie.
 */
export class Http1Reader {
  // What every token touches comes first, in as few lines of memory as it takes.
  /** A byte of this response came. */
  started = false;
  private state: number = State.over;
  private sizeDigits = 0;
  private readonly handler: ResponseHandler;
  /** Head complete: what breaks now breaks the body. */
  headComplete = false;
  /** The connection may carry another request. Valid once complete. */
  reusable = false;
  /** The pause that the server allows for, ms; -1: it did not say. */
  idleMs = -1;
  /** After `complete`: where the next message would begin in the buffer fed. */
  rest = 0;
  errorKind: ErrorKind = 'malformed';
  errorMessage = '';
  private readonly parser: HeadParser;
  private readonly carry: ByteBuffer;
  private readonly maxHeaderBytes: number;
  private toHead = false;
  private lineLength = 0;
  private lineLast = 0;
  private remaining = 0;
  private extensionBytes = 0;
  private trailerBytes = 0;

  constructor(handler: ResponseHandler, parser: HeadParser, maxHeaderBytes: number) {
    this.handler = handler;
    this.parser = parser;
    this.maxHeaderBytes = maxHeaderBytes;
    this.carry = new ByteBuffer(maxHeaderBytes);
  }

  /** Ready for the response to a request of this method. */
  begin(method: string): void {
    this.toHead = method === 'HEAD';
    this.state = State.head;
    this.started = false;
    this.headComplete = false;
    this.reusable = false;
    this.idleMs = -1;
    this.lineLength = 0;
    this.carry.clear();
  }

  /** Nothing more is wanted of this response. */
  stop(): void {
    this.state = State.over;
    this.carry.clear();
  }

  feed(buffer: Buffer, start: number, end: number): Progress {
    if (start < end) this.started = true;
    const at = this.feedChunks(buffer, start, end);
    return at === end ? Progress.more : this.feedAny(buffer, at, end);
  }

  /**
   * Chunks that lie in this read as a whole, framing included, as a stream's tokens nearly always do. Apart from the rest, so that what a token runs through is small.
   * @returns up to where
   */
  private feedChunks(buffer: Buffer, start: number, end: number): number {
    let from = start;
    while (this.state === State.chunkSize && this.sizeDigits === 0) {
      let at = from;
      let size = 0;
      for (; at < end && at - from < mostDigits; at++) {
        const digit = hexDigit(buffer[at]!);
        if (digit < 0) break;
        size = size * 16 + digit;
      }
      const data = at + 2;
      const next = data + size + 2;
      if (size === 0 || next > end || buffer[at] !== cr || buffer[at + 1] !== lf) break;
      if (buffer[next - 2] !== cr || buffer[next - 1] !== lf) break;
      this.handler.onBody(buffer, data, next - 2);
      from = next;
    }
    return from;
  }

  private feedAny(buffer: Buffer, start: number, end: number): Progress {
    let at = start;
    while (at < end) {
      switch (this.state) {
        case State.chunkData:
        case State.counted: {
          const to = Math.min(end, at + this.remaining);
          this.remaining -= to - at;
          this.handler.onBody(buffer, at, to);
          at = to;
          if (this.remaining > 0) break;
          if (this.state === State.chunkData) this.state = State.chunkCr;
          else if (this.state === State.counted) return this.complete(at);
          break;
        }
        case State.chunkSize: {
          const digit = hexDigit(buffer[at]!);
          if (digit >= 0) {
            this.remaining = this.remaining * 16 + digit;
            if (++this.sizeDigits > mostDigits) return this.refuse(`a chunk size of more than ${mostDigits} digits`);
          } else if (this.sizeDigits === 0) return this.refuse('a chunk without its size');
          else if (buffer[at] === cr) this.state = State.chunkSizeLf;
          else if (buffer[at] === semicolon) this.state = State.chunkExtension;
          else return this.refuse('a chunk size that is not a hexadecimal number');
          at++;
          break;
        }
        case State.chunkExtension: {
          const byte = buffer[at]!;
          if (byte === cr) this.state = State.chunkSizeLf;
          else if (byte === lf) return this.refuse('a bare line feed in a chunk extension');
          else if (++this.extensionBytes > maxExtensionBytes) return this.refuse(`more than ${maxExtensionBytes} bytes of chunk extensions`);
          at++;
          break;
        }
        case State.chunkSizeLf:
          if (buffer[at] !== lf) return this.refuse('a chunk size line that ends without a line feed');
          at++;
          this.lineLength = 0;
          this.state = this.remaining === 0 ? State.trailer : State.chunkData;
          break;
        case State.chunkCr:
          if (buffer[at] !== cr) return this.refuse('a chunk longer than its size');
          at++;
          this.state = State.chunkLf;
          break;
        case State.chunkLf:
          if (buffer[at] !== lf) return this.refuse('a chunk that ends without a line feed');
          at++;
          this.nextChunk();
          break;
        case State.head: {
          const headEnd = this.findHeadEnd(buffer, at, end);
          if (headEnd < 0) {
            if (!this.carry.append(buffer, at, end)) return this.refuse(`more than ${this.maxHeaderBytes} bytes of headers`, 'too_large');
            return Progress.more;
          }
          const progress = this.takeHead(buffer, at, headEnd);
          if (progress !== Progress.more) return progress;
          at = headEnd;
          break;
        }
        case State.untilClose:
          this.handler.onBody(buffer, at, end);
          return Progress.more;
        case State.trailer: {
          const byte = buffer[at++]!;
          if (++this.trailerBytes > this.maxHeaderBytes) return this.refuse(`more than ${this.maxHeaderBytes} bytes of trailers`, 'too_large');
          if (byte !== lf) {
            this.lineLength++;
            this.lineLast = byte;
          } else if (this.lineLength === 0 || this.lineLast !== cr) return this.refuse('a bare line feed in the trailers');
          else if (this.lineLength === 1) return this.complete(at);
          else this.lineLength = 0;
          break;
        }
        default:
          return Progress.more;
      }
    }
    return Progress.more;
  }

  /** The peer closed the connection. */
  finish(): Progress {
    if (this.state === State.untilClose) return this.complete(0);
    if (this.headComplete) return this.refuse('the connection was closed before the end of the body', 'truncated');
    return this.refuse(this.started ? 'the connection was closed within the headers' : 'the connection was closed before any answer', 'reset');
  }

  /** Just past the empty line that ends the head, or -1. */
  private findHeadEnd(buffer: Buffer, start: number, end: number): number {
    let length = this.lineLength;
    let last = this.lineLast;
    for (let at = start; at < end; at++) {
      const byte = buffer[at]!;
      if (byte !== lf) {
        length++;
        last = byte;
      } else if (length === 0 || (length === 1 && last === cr)) return at + 1;
      else length = 0;
    }
    this.lineLength = length;
    this.lineLast = last;
    return -1;
  }

  private takeHead(buffer: Buffer, start: number, headEnd: number): Progress {
    let text: string;
    if (this.carry.length === 0) {
      if (headEnd - start > this.maxHeaderBytes) return this.refuse(`more than ${this.maxHeaderBytes} bytes of headers`, 'too_large');
      text = buffer.toString('latin1', start, headEnd);
    } else {
      if (!this.carry.append(buffer, start, headEnd)) return this.refuse(`more than ${this.maxHeaderBytes} bytes of headers`, 'too_large');
      text = this.carry.bytes.toString('latin1', 0, this.carry.length);
      this.carry.clear();
    }
    this.lineLength = 0;
    if (!text.endsWith('\r\n\r\n')) return this.refuse('header lines that end without a carriage return');
    const head = this.parser.parse(text.slice(0, -4));
    if (typeof head === 'string') return this.refuse(head);
    const { status } = head;
    if (status === 101) return this.refuse('101 Switching Protocols was not asked for');
    if (status < 200) return Progress.more;
    this.headComplete = true;
    this.reusable = head.keepAlive;
    this.idleMs = head.idleMs;
    // RFC 9112, section 6.3: what follows the head.
    if (this.toHead || status === 204 || status === 304) {
      // A body announced where none may be could be sent all the same, and be read as the next answer.
      if (!this.toHead && (head.contentLength > 0 || head.chunked)) this.reusable = false;
      this.state = State.counted;
      this.remaining = 0;
    } else if (head.chunked) this.nextChunk();
    else if (head.contentLength >= 0) {
      this.state = State.counted;
      this.remaining = head.contentLength;
    } else {
      this.state = State.untilClose;
      this.reusable = false;
    }
    this.extensionBytes = 0;
    this.trailerBytes = 0;
    this.handler.onHead(status, head.headers);
    return this.state === State.counted && this.remaining === 0 ? this.complete(headEnd) : Progress.more;
  }

  private nextChunk(): void {
    this.state = State.chunkSize;
    this.remaining = 0;
    this.sizeDigits = 0;
  }

  private complete(rest: number): Progress {
    this.state = State.over;
    this.rest = rest;
    return Progress.complete;
  }

  private refuse(message: string, kind: ErrorKind = 'malformed'): Progress {
    this.stop();
    this.errorKind = kind;
    this.errorMessage = message;
    return Progress.failed;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
