import type { ErrorKind } from './error-kind.ts';
import { HeadParser } from './http1-head.ts';
import { RequestWriter } from './request-head.ts';
import { Connection, type ConnectionOwner, Exchange, type WarmListener } from './socket-connection.ts';
import type { ConnectTiming, ResponseSink, Transport, TransportOptions, WarmReport, WireRequest } from './transport.ts';
import { WaitingList } from './waiting-list.ts';

/** The lean transport for plain http: a socket, a strict HTTP/1.1 reader, and nothing made per read. Behaves as the undici transport does; test/protocol/conformance.test.ts holds both to the same table. */
export function createSocketTransport(options: TransportOptions): Transport {
  return new SocketTransport(options);
}

class SocketTransport implements Transport, ConnectionOwner {
  readonly options: TransportOptions;
  readonly host: string;
  readonly port: number;
  readonly writer: RequestWriter;
  readonly heads = new HeadParser();
  private readonly connections = new Set<Connection>();
  private readonly idle: Connection[] = [];
  private readonly waiting = new WaitingList<Exchange>();
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
    for (const exchange of this.waiting.drain()) exchange.abort('cancelled', 'the transport was closed');
    await Promise.all([...this.connections].map((connection) => connection.close()));
  }

  /** Opens a connection for an exchange, or ahead of any. */
  open(exchange: Exchange | null, ready: WarmListener | null): void {
    const connection = new Connection(this, exchange, ready);
    this.connections.add(connection);
  }

  /** The connection can take another request. */
  release(connection: Connection): void {
    const next = this.waiting.next();
    if (next !== null) connection.start(next);
    else this.idle.push(connection);
  }

  /** The connection is gone; a waiting request may open another in its place. */
  remove(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    const at = this.idle.lastIndexOf(connection);
    if (at >= 0) this.idle.splice(at, 1);
    if (this.closed || this.connections.size >= this.options.connections) return;
    const next = this.waiting.next();
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
}
