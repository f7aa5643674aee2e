import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { SecureContext } from 'node:tls';
import { buildConnector, Client, type Dispatcher, errors } from 'undici';
import type { ErrorKind } from './error-kind.ts';
import { type ConnectTiming, type ResponseSink, type TransportOptions, unwantedBody, type WireRequest } from './transport.ts';
import { errorKindOf, errorText, staleWithinMs } from './transport-error.ts';

/** Longer than any pause between requests; what the server says in Keep-Alive is honoured below it. */
const keepAliveMs = 600_000;

/** Who hands out slots. */
interface SlotOwner {
  readonly options: TransportOptions;
  /** Made once for all connections, so that reading certificates is no part of connecting; null for http. */
  readonly secureContext: SecureContext | null;
  /** The slot can take another request. */
  release(slot: Slot): void;
}

/** One connection, opened again when it is lost. */
export class Slot {
  socket: Socket | null = null;
  /** Of a connection that no request has gone out on yet; null for a reused or a warmed one. */
  timing: ConnectTiming | null = null;
  /** Requests sent on this socket; a socket opened ahead counts one, because it may be as stale as a used one. */
  sent = 0;
  /** When the read began that is being worked on: all that comes with it has that time. */
  readMs = 0;
  private readonly owner: SlotOwner;
  private readonly connector: buildConnector.connector;
  private client: Client;
  private current: Exchange | null = null;
  /** Opened ahead, not yet taken by the client. */
  private ahead: Socket | null = null;
  private closed = false;

  constructor(owner: SlotOwner) {
    this.owner = owner;
    const { options, secureContext } = owner;
    this.connector = buildConnector({
      allowH2: false,
      timeout: options.connectTimeoutMs,
      ...(secureContext === null ? {} : { secureContext }),
      // A connection that is to be a fresh one has its whole handshake.
      ...(options.freshConnections ? { maxCachedSessions: 0 } : {}),
    });
    this.client = this.createClient();
  }

  run(exchange: Exchange): void {
    this.current = exchange;
    exchange.start(this);
  }

  dispatch(exchange: Exchange): void {
    const { request } = exchange;
    const { freshConnections } = this.owner.options;
    this.client.dispatch(
      {
        path: request.path,
        method: request.method,
        headers: exchange.headers,
        body: request.body,
        ...(freshConnections ? { reset: true } : {}),
      },
      exchange,
    );
  }

  /** The exchange is over and heard about it; the slot goes to the next. */
  finish(exchange: Exchange): void {
    if (this.current !== exchange) return;
    this.current = null;
    this.owner.release(this);
  }

  /** The only way to take back a request that undici has not begun: it is waiting for a connection, which is dropped with it. */
  replaceClient(): void {
    const client = this.client;
    this.client = this.createClient();
    void client.destroy();
  }

  /** Connected, whether or not a request has gone out. */
  open(): boolean {
    const socket = this.ahead ?? this.socket;
    return socket !== null && !socket.destroyed;
  }

  async connectAhead(): Promise<ConnectTiming> {
    const { protocol, hostname, host, port } = new URL(this.owner.options.origin);
    const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    return await new Promise<ConnectTiming>((resolve, reject) => {
      this.connect({ protocol, hostname: bare, host, port }, (error, socket, timing) => {
        if (error !== null) return reject(error);
        if (this.closed) {
          socket.destroy();
          return reject(new Error('the transport was closed'));
        }
        const forget = () => {
          if (this.ahead === socket) this.ahead = null;
        };
        socket.once('close', forget).once('error', forget);
        this.ahead = socket;
        resolve(timing);
      });
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.current?.abort('cancelled', 'the transport was closed');
    this.ahead?.destroy();
    await this.client.destroy();
  }

  private createClient(): Client {
    const client: Client = new Client(this.owner.options.origin, {
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: this.owner.options.maxHeaderBytes,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      connect: (options, callback) => {
        const { ahead } = this;
        this.ahead = null;
        if (ahead !== null && !ahead.destroyed) {
          this.adopt(ahead, null);
          // Not at once: undici looks for what to send only once it is out of its own connecting.
          queueMicrotask(() => callback(null, ahead));
          return;
        }
        this.connect(options, (error, socket, timing) => {
          // A client that was replaced while it connected drops the socket itself.
          if (error === null && this.client === client) this.adopt(socket, timing);
          if (error === null) callback(null, socket);
          else callback(error, null);
        });
      },
    });
    return client;
  }

  private adopt(socket: Socket, timing: ConnectTiming | null): void {
    // Heard before undici, which reads and parses all there is at one go.
    socket.on('readable', () => {
      this.readMs = performance.now();
    });
    this.socket = socket;
    this.timing = timing;
    this.sent = timing === null ? 1 : 0;
  }

  private connect(options: buildConnector.Options, done: (...result: [Error, null, null] | [null, Socket, ConnectTiming]) => void): void {
    const startMs = performance.now();
    let tcpMs = -1;
    const pending = this.connector(options, (error, socket) => {
      if (error !== null) return done(error, null, null);
      const readyMs = performance.now();
      if (tcpMs < 0) tcpMs = readyMs;
      done(null, socket, { connectMs: tcpMs - startMs, tlsMs: options.protocol === 'https:' ? readyMs - tcpMs : null });
    }) as unknown as Socket;
    // undici's connector answers the socket it opens, though its type does not say so.
    if (options.protocol === 'https:') {
      pending.once('connect', () => {
        tcpMs = performance.now();
      });
    }
  }
}

/** One request and its answer. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly request: WireRequest;
  readonly headers: string[];
  over = false;
  private readonly sink: ResponseSink;
  private slot: Slot | null = null;
  private controller: Dispatcher.DispatchController | null = null;
  private receiving = false;
  private sentOnce = false;
  private retried = false;
  private reused = false;
  private bytesBefore = 0;
  private startedMs = 0;
  private socket: Socket | null = null;

  constructor(request: WireRequest, headers: string[], sink: ResponseSink) {
    this.request = request;
    this.headers = headers;
    this.sink = sink;
  }

  start(slot: Slot): void {
    this.slot = slot;
    slot.dispatch(this);
  }

  abort(kind: ErrorKind, message: string): void {
    if (this.over) return;
    this.over = true;
    const { slot, controller } = this;
    if (controller !== null) controller.abort(new errors.RequestAbortedError(message));
    else slot?.replaceClient();
    slot?.finish(this);
    this.sink.onError(kind, message, performance.now());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const slot = this.slot!;
    this.controller = controller;
    this.socket = slot.socket;
    this.bytesBefore = slot.socket?.bytesRead ?? 0;
    this.reused = slot.sent++ > 0;
    this.startedMs = performance.now();
    const { timing } = slot;
    if (timing !== null) {
      slot.timing = null;
      this.sink.onConnected(timing.connectMs, timing.tlsMs);
      if (this.over) return;
    }
    if (this.sentOnce) return;
    this.sentOnce = true;
    this.sink.onSent(performance.now());
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.over || status < 200) return;
    this.receiving = true;
    this.sink.onHeaders(status, flatten(controller.rawHeaders), this.readMs());
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.over && !this.sink.reader.data(chunk, 0, chunk.length, this.readMs())) this.abort('too_large', unwantedBody);
  }

  onResponseEnd(): void {
    if (this.over) return;
    this.over = true;
    const nowMs = this.readMs();
    // The slot is free before the sink hears: what it sends next goes out on this connection, not on one more.
    this.slot!.finish(this);
    this.sink.onEnd(nowMs);
  }

  /** What ends with its connection is no read. */
  private readMs(): number {
    return Math.max(this.slot!.readMs, this.startedMs);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.over) return;
    const slot = this.slot!;
    const kind = errorKindOf(error, this.receiving ? 'receiving' : this.controller === null ? 'connecting' : 'waiting');
    const stale = this.reused && this.socket?.bytesRead === this.bytesBefore && performance.now() - this.startedMs < staleWithinMs;
    if (kind === 'reset' && stale && !this.retried && !this.receiving) {
      this.retried = true;
      this.sink.onResent();
      this.controller = null;
      slot.dispatch(this);
      return;
    }
    this.over = true;
    const nowMs = performance.now();
    slot.finish(this);
    this.sink.onError(kind, errorText(error), nowMs);
  }
}

function flatten(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  const flat: string[] = [];
  if (!Array.isArray(raw)) return flat;
  for (let i = 0; i + 1 < raw.length; i += 2) flat.push(text(raw[i]!).toLowerCase(), text(raw[i + 1]!));
  return flat;
}

function text(value: Buffer | string): string {
  return typeof value === 'string' ? value : value.toString('latin1');
}
