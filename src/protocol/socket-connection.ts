import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ErrorKind } from './error-kind.ts';
import type { HeadParser } from './http1-head.ts';
import { Http1Reader, Progress, type ResponseHandler } from './http1-reader.ts';
import { type BodyReader, type ConnectTiming, type ResponseSink, type TransportOptions, unwantedBody } from './transport.ts';
import { errorKindOf, errorText, type Phase, staleWithinMs } from './transport-error.ts';

/** Every socket of this thread reads into the same memory: bytes are dealt with before the next read, and 64 KiB for each of 10,000 streams would be 640 MB. */
const sharedReadBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** performance.now() of the read that is being dealt with: one for all sockets, because what every token touches is fetched anew for each. */
const readMs = new Float64Array(1);

/** Of the pause that Keep-Alive allows, what is left to the way there, ms. */
const keepAliveMarginMs = 1000;

/** Who hands out connections. */
export interface ConnectionOwner {
  readonly options: TransportOptions;
  readonly host: string;
  readonly port: number;
  readonly heads: HeadParser;
  /** The connection can take another request. */
  release(connection: Connection): void;
  /** The connection is gone. */
  remove(connection: Connection): void;
  /** The connection was stale: its request wants a fresh one in its place. */
  replace(connection: Connection, exchange: Exchange): void;
}

/** Hears how a connection opened ahead came up, or why it did not. */
export type WarmListener = (timing: ConnectTiming | null, kind: ErrorKind, message: string) => void;

/** One request and who hears of its answer. */
export class Exchange {
  readonly bytes: Buffer;
  readonly method: string;
  readonly sink: ResponseSink;
  over = false;
  sent = false;
  retried = false;
  connection: Connection | null = null;

  constructor(bytes: Buffer, method: string, sink: ResponseSink) {
    this.bytes = bytes;
    this.method = method;
    this.sink = sink;
  }

  abort(kind: ErrorKind, message: string): void {
    if (this.over) return;
    this.over = true;
    this.connection?.drop();
    this.sink.onError(kind, message, performance.now());
  }
}

/** One socket and the HTTP/1.1 on it. */
export class Connection implements ResponseHandler {
  private gone = false;
  private exchange: Exchange | null;
  private bodyReader: BodyReader | null = null;
  private readonly reader: Http1Reader;
  private readonly owner: ConnectionOwner;
  private readonly socket: Socket;
  private warmListener: WarmListener | null;
  private readonly openedMs = performance.now();
  private connectTimer: NodeJS.Timeout | null;
  private connected = false;
  /** Sent on this socket; one opened ahead counts one, because it may be as stale as a used one. */
  private requests = 0;
  /** When the last of them went out. */
  private startedMs = 0;
  private idleUntilMs = Number.POSITIVE_INFINITY;

  constructor(owner: ConnectionOwner, exchange: Exchange | null, warmListener: WarmListener | null) {
    this.owner = owner;
    this.exchange = exchange;
    if (exchange !== null) exchange.connection = this;
    this.warmListener = warmListener;
    this.reader = new Http1Reader(this, owner.heads, owner.options.maxHeaderBytes);
    const { connectTimeoutMs } = owner.options;
    this.connectTimer =
      connectTimeoutMs > 0 ? setTimeout(() => this.lose('timeout_connect', `no connection within ${connectTimeoutMs} ms`), connectTimeoutMs) : null;
    this.socket = connect({
      host: owner.host,
      port: owner.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      onread: { buffer: sharedReadBuffer, callback: (length) => this.read(length) },
    });
    this.socket
      .on('connect', () => this.opened())
      .on('error', (error) => this.lose(errorKindOf(error, this.phase()), errorText(error)))
      .on('end', () => this.ended())
      .on('close', () => this.ended());
  }

  /** Sends on this connection, which is open and free. */
  start(exchange: Exchange): void {
    this.exchange = exchange;
    this.bodyReader = exchange.sink.reader;
    exchange.connection = this;
    this.requests++;
    this.reader.begin(exchange.method);
    this.startedMs = performance.now();
    if (!exchange.sent) {
      exchange.sent = true;
      exchange.sink.onSent(this.startedMs);
      if (exchange.over) return;
    }
    this.socket.write(exchange.bytes);
  }

  /** Idle, open, and not past what the server said it would wait. */
  usable(): boolean {
    return !this.gone && performance.now() < this.idleUntilMs;
  }

  onHead(status: number, headers: readonly string[]): void {
    this.exchange!.sink.onHeaders(status, headers, readMs[0] as number);
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    if (!this.bodyReader!.data(buffer, start, end, readMs[0] as number)) this.exchange?.abort('too_large', unwantedBody);
  }

  /** Closes the connection; whoever used it has been told. */
  drop(): void {
    if (this.gone) return;
    this.gone = true;
    this.exchange = null;
    this.reader.stop();
    if (this.connectTimer !== null) clearTimeout(this.connectTimer);
    this.connectTimer = null;
    this.socket.destroy();
    const { warmListener } = this;
    this.warmListener = null;
    warmListener?.(null, 'cancelled', 'the connection was dropped');
    this.owner.remove(this);
  }

  async close(): Promise<void> {
    const closed = this.socket.closed ? Promise.resolve() : new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    if (this.exchange !== null) this.exchange.abort('cancelled', 'the transport was closed');
    this.drop();
    await closed;
  }

  private phase(): Phase {
    return !this.connected ? 'connecting' : this.reader.headComplete ? 'receiving' : 'waiting';
  }

  private opened(): void {
    if (this.gone) return;
    this.connected = true;
    if (this.connectTimer !== null) clearTimeout(this.connectTimer);
    this.connectTimer = null;
    const connectMs = performance.now() - this.openedMs;
    const { exchange, warmListener } = this;
    if (warmListener !== null) {
      this.warmListener = null;
      this.requests = 1;
      warmListener({ connectMs, tlsMs: null }, 'cancelled', '');
    }
    if (exchange === null) {
      this.owner.release(this);
      return;
    }
    exchange.sink.onConnected(connectMs, null);
    if (!exchange.over) this.start(exchange);
  }

  /** `length` bytes lie in the shared buffer. */
  private read(length: number): boolean {
    if (this.gone) return true;
    if (this.exchange === null) {
      // Bytes that nobody asked for: whatever they are, the next answer must not begin with them.
      this.drop();
      return true;
    }
    readMs[0] = performance.now();
    const progress = this.reader.feed(sharedReadBuffer, 0, length);
    if (progress === Progress.complete) this.complete(this.reader.rest < length);
    else if (progress === Progress.failed) this.lose(this.reader.errorKind, this.reader.errorMessage);
    return true;
  }

  private complete(hasMore: boolean): void {
    const exchange = this.exchange!;
    const { reader, owner } = this;
    // A handler may have aborted from its last call.
    if (this.gone || exchange.over) return;
    exchange.over = true;
    exchange.connection = null;
    this.exchange = null;
    const nowMs = readMs[0] as number;
    // The connection is free before the sink hears: what it sends next goes out on this one.
    if (!reader.reusable || hasMore || owner.options.freshConnections || this.socket.writableLength > 0) this.drop();
    else {
      this.idleUntilMs = reader.idleMs < 0 ? Number.POSITIVE_INFINITY : nowMs + reader.idleMs - keepAliveMarginMs;
      owner.release(this);
    }
    exchange.sink.onEnd(nowMs);
  }

  /** The peer closed its side. */
  private ended(): void {
    if (this.gone) return;
    if (this.exchange === null || !this.connected) {
      this.lose('reset', 'the connection was closed');
      return;
    }
    readMs[0] = performance.now();
    if (this.reader.finish() === Progress.complete) this.complete(false);
    else this.lose(this.reader.errorKind, this.reader.errorMessage);
  }

  private lose(kind: ErrorKind, message: string): void {
    if (this.gone) return;
    const { exchange, warmListener, owner } = this;
    const stale = kind === 'reset' && this.requests > 1 && !this.reader.started && performance.now() - this.startedMs < staleWithinMs;
    this.exchange = null;
    this.warmListener = null;
    if (exchange === null || exchange.over) {
      this.drop();
      warmListener?.(null, kind, message);
      return;
    }
    exchange.connection = null;
    if (stale && !exchange.retried) {
      exchange.retried = true;
      exchange.sink.onResent();
      this.gone = true;
      this.socket.destroy();
      owner.replace(this, exchange);
      return;
    }
    exchange.over = true;
    const nowMs = performance.now();
    this.drop();
    exchange.sink.onError(kind, message, nowMs);
  }
}
