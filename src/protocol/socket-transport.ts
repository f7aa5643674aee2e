import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { ErrorKind } from './error-kind.ts';
import { HeadParser } from './http1-head.ts';
import { Http1Reader, Progress, type ResponseHandler } from './http1-reader.ts';
import { RequestWriter } from './request-head.ts';
import type { ConnectTiming, ResponseSink, Transport, TransportOptions, WarmReport, WireRequest } from './transport.ts';
import { errorKindOf, errorText } from './transport-error.ts';

/** Every socket of this thread reads into the same memory: bytes are dealt with before the next read, and 64 KiB for each of 10,000 streams would be 640 MB. */
const sharedReadBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Of the pause that Keep-Alive allows, what is left to the way there, ms. */
const keepAliveMarginMs = 1000;

/** The lean transport for plain http: a socket, a strict HTTP/1.1 reader, and nothing made per read. Behaves as the undici transport does; test/protocol/conformance.test.ts holds both to the same table. */
export function createSocketTransport(options: TransportOptions): Transport {
  return new SocketTransport(options);
}

class SocketTransport implements Transport {
  readonly options: TransportOptions;
  readonly host: string;
  readonly port: number;
  readonly writer: RequestWriter;
  readonly heads = new HeadParser();
  private readonly connections = new Set<Connection>();
  private readonly idle: Connection[] = [];
  private readonly waiting: Exchange[] = [];
  private waitingFrom = 0;
  private closed = false;

  constructor(options: TransportOptions) {
    const { protocol, hostname, host, port } = new URL(options.origin);
    if (protocol !== 'http:') throw new TypeError(`the socket transport speaks plain http only, not ${protocol}`);
    this.options = options;
    this.host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    this.port = port === '' ? 80 : Number(port);
    this.writer = new RequestWriter(host, !options.freshConnections);
  }

  send(request: WireRequest, sink: ResponseSink): (kind: ErrorKind, message: string) => void {
    const exchange = new Exchange(this.writer.render(request), request.method, sink);
    if (this.closed) exchange.abort('cancelled', 'the transport is closed');
    else this.assign(exchange);
    return (kind, message) => exchange.abort(kind, message);
  }

  async warm(count: number): Promise<WarmReport> {
    const opened: ConnectTiming[] = [];
    let failed = 0;
    let error: WarmReport['error'] = null;
    const missing = this.options.freshConnections || this.closed ? 0 : Math.min(count, this.options.connections) - this.connections.size;
    await Promise.all(
      Array.from({ length: Math.max(0, missing) }, async () => {
        const failure = await new Promise<WarmReport['error']>((resolve) => {
          this.open(null, (timing, kind, message) => {
            if (timing !== null) opened.push(timing);
            resolve(timing !== null ? null : { kind, message });
          });
        });
        if (failure === null) return;
        failed++;
        error ??= failure;
      }),
    );
    return { opened, failed, error };
  }

  async close(): Promise<void> {
    this.closed = true;
    const waiting = this.waiting.splice(0).slice(this.waitingFrom);
    this.waitingFrom = 0;
    for (const exchange of waiting) exchange.abort('cancelled', 'the transport was closed');
    await Promise.all([...this.connections].map((connection) => connection.close()));
  }

  /** Opens a connection for an exchange, or ahead of any. */
  open(exchange: Exchange | null, ready: WarmListener | null): void {
    const connection = new Connection(this, exchange, ready);
    this.connections.add(connection);
  }

  /** The connection can take another request. */
  release(connection: Connection): void {
    const next = this.nextWaiting();
    if (next !== null) connection.start(next);
    else this.idle.push(connection);
  }

  /** The connection is gone; a waiting request may open another in its place. */
  remove(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    const at = this.idle.lastIndexOf(connection);
    if (at >= 0) this.idle.splice(at, 1);
    if (this.closed || this.connections.size >= this.options.connections) return;
    const next = this.nextWaiting();
    if (next !== null) this.open(next, null);
  }

  /** A stale connection gives its place, and its request, to a fresh one. */
  replace(connection: Connection, exchange: Exchange): void {
    this.connections.delete(connection);
    this.open(exchange, null);
  }

  private assign(exchange: Exchange): void {
    while (this.idle.length > 0) {
      const connection = this.idle.pop()!;
      if (connection.usable()) {
        connection.start(exchange);
        return;
      }
      connection.drop();
    }
    if (this.connections.size < this.options.connections) this.open(exchange, null);
    else this.waiting.push(exchange);
  }

  private nextWaiting(): Exchange | null {
    while (this.waitingFrom < this.waiting.length) {
      const next = this.waiting[this.waitingFrom++]!;
      if (this.waitingFrom > 1024 && this.waitingFrom * 2 > this.waiting.length) {
        this.waiting.splice(0, this.waitingFrom);
        this.waitingFrom = 0;
      }
      if (!next.over) return next;
    }
    this.waiting.length = 0;
    this.waitingFrom = 0;
    return null;
  }
}

/** Hears how a connection opened ahead came up, or why it did not. */
type WarmListener = (timing: ConnectTiming | null, kind: ErrorKind, message: string) => void;

/** One request and who hears of its answer. */
class Exchange {
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

class Connection implements ResponseHandler {
  private readonly transport: SocketTransport;
  private readonly socket: Socket;
  private readonly reader: Http1Reader;
  private exchange: Exchange | null;
  private warmListener: WarmListener | null;
  private readonly openedMs = performance.now();
  private connectTimer: NodeJS.Timeout | null;
  private connected = false;
  private gone = false;
  private requests = 0;
  private idleUntilMs = Number.POSITIVE_INFINITY;
  private nowMs = 0;

  constructor(transport: SocketTransport, exchange: Exchange | null, warmListener: WarmListener | null) {
    this.transport = transport;
    this.exchange = exchange;
    if (exchange !== null) exchange.connection = this;
    this.warmListener = warmListener;
    this.reader = new Http1Reader(this, transport.heads, transport.options.maxHeaderBytes);
    const { connectTimeoutMs } = transport.options;
    this.connectTimer =
      connectTimeoutMs > 0 ? setTimeout(() => this.lose('timeout_connect', `no connection within ${connectTimeoutMs} ms`), connectTimeoutMs) : null;
    this.socket = connect({
      host: transport.host,
      port: transport.port,
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
    exchange.connection = this;
    this.requests++;
    this.reader.begin(exchange.method);
    if (!exchange.sent) {
      exchange.sent = true;
      exchange.sink.onSent(performance.now());
      if (exchange.over) return;
    }
    this.socket.write(exchange.bytes);
  }

  /** Idle, open, and not past what the server said it would wait. */
  usable(): boolean {
    return !this.gone && performance.now() < this.idleUntilMs;
  }

  onHead(status: number, headers: readonly string[]): void {
    this.exchange!.sink.onHeaders(status, headers, this.nowMs);
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    this.exchange!.sink.onData(buffer, start, end, this.nowMs);
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
    this.transport.remove(this);
  }

  async close(): Promise<void> {
    const closed = this.socket.closed ? Promise.resolve() : new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    if (this.exchange !== null) this.exchange.abort('cancelled', 'the transport was closed');
    this.drop();
    await closed;
  }

  private phase(): 'connecting' | 'waiting' | 'receiving' {
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
      warmListener({ connectMs, tlsMs: null }, 'cancelled', '');
    }
    if (exchange === null) {
      this.transport.release(this);
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
    this.nowMs = performance.now();
    const progress = this.reader.feed(sharedReadBuffer, 0, length);
    if (progress === Progress.complete) this.complete(this.reader.rest < length);
    else if (progress === Progress.failed) this.lose(this.reader.errorKind, this.reader.errorMessage);
    return true;
  }

  private complete(hasMore: boolean): void {
    const exchange = this.exchange!;
    const { reader, transport } = this;
    // A handler may have aborted from its last call.
    if (this.gone || exchange.over) return;
    exchange.over = true;
    exchange.connection = null;
    this.exchange = null;
    const nowMs = this.nowMs;
    // The connection is free before the sink hears: what it sends next goes out on this one.
    if (!reader.reusable || hasMore || transport.options.freshConnections || this.socket.writableLength > 0) this.drop();
    else {
      this.idleUntilMs = reader.idleMs < 0 ? Number.POSITIVE_INFINITY : nowMs + reader.idleMs - keepAliveMarginMs;
      transport.release(this);
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
    this.nowMs = performance.now();
    if (this.reader.finish() === Progress.complete) this.complete(false);
    else this.lose(this.reader.errorKind, this.reader.errorMessage);
  }

  private lose(kind: ErrorKind, message: string): void {
    if (this.gone) return;
    const { exchange, warmListener, transport } = this;
    const stale = kind === 'reset' && this.requests > 1 && !this.reader.started;
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
      this.gone = true;
      this.socket.destroy();
      transport.replace(this, exchange);
      return;
    }
    exchange.over = true;
    const nowMs = performance.now();
    this.drop();
    exchange.sink.onError(kind, message, nowMs);
  }
}
