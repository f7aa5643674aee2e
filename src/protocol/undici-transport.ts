import type { Socket } from 'node:net';
import { buildConnector, Client, type Dispatcher, errors } from 'undici';
import type { ErrorKind } from './error-kind.ts';
import { checkRequest, hasHeader } from './request-head.ts';
import type { ConnectTiming, ResponseSink, Transport, TransportOptions, WarmReport, WireRequest } from './transport.ts';
import { errorKindOf, errorText } from './transport-error.ts';

/** Longer than any pause between requests; what the server says in Keep-Alive is honoured below it. */
const keepAliveMs = 600_000;

/** The transport for everything (TLS, any server): undici's HTTP/1.1 clients, one connection each, so that two streams never share a socket. */
export function createUndiciTransport(options: TransportOptions): Transport {
  return new UndiciTransport(options);
}

class UndiciTransport implements Transport {
  readonly options: TransportOptions;
  private readonly idle: Slot[] = [];
  private readonly slots = new Set<Slot>();
  private readonly waiting: Exchange[] = [];
  private waitingFrom = 0;
  private closed = false;
  private headersGiven: readonly string[] | null = null;
  private headersSent: string[] = [];
  private pathChecked = '';
  private methodChecked = '';

  constructor(options: TransportOptions) {
    this.options = options;
  }

  send(request: WireRequest, sink: ResponseSink): (kind: ErrorKind, message: string) => void {
    const exchange = new Exchange(request, this.headersFor(request), sink);
    if (this.closed) exchange.abort('cancelled', 'the transport is closed');
    else {
      const slot = this.idle.pop() ?? this.openSlot();
      if (slot === null) this.waiting.push(exchange);
      else slot.run(exchange);
    }
    return (kind, message) => exchange.abort(kind, message);
  }

  async warm(count: number): Promise<WarmReport> {
    const opened: ConnectTiming[] = [];
    let failed = 0;
    let error: WarmReport['error'] = null;
    if (!this.options.freshConnections && !this.closed) {
      const fresh: Slot[] = [];
      while (this.slots.size < Math.min(count, this.options.connections)) fresh.push(this.openSlot()!);
      const cold = [...fresh, ...this.idle.filter((slot) => !slot.open())];
      await Promise.all(
        cold.map(async (slot) => {
          try {
            opened.push(await slot.connectAhead());
          } catch (reason) {
            failed++;
            error ??= { kind: errorKindOf(reason, 'connecting'), message: errorText(reason) };
          }
        }),
      );
      for (const slot of fresh) this.release(slot);
    }
    return { opened, failed, error };
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const exchange of this.waiting.splice(0).slice(this.waitingFrom)) exchange.abort('cancelled', 'the transport was closed');
    this.waitingFrom = 0;
    await Promise.all([...this.slots].map((slot) => slot.close()));
    this.slots.clear();
  }

  /** A slot is free: the longest waiting request takes it. */
  release(slot: Slot): void {
    if (this.closed) return;
    while (this.waitingFrom < this.waiting.length) {
      const next = this.waiting[this.waitingFrom++]!;
      if (this.waitingFrom > 1024 && this.waitingFrom * 2 > this.waiting.length) {
        this.waiting.splice(0, this.waitingFrom);
        this.waitingFrom = 0;
      }
      if (next.over) continue;
      slot.run(next);
      return;
    }
    this.idle.push(slot);
  }

  /** Throws on what must not be sent. The request's headers and those that every request has; the list is the same from request to request. */
  private headersFor(request: WireRequest): string[] {
    const { headers } = request;
    if (headers !== this.headersGiven || request.path !== this.pathChecked || request.method !== this.methodChecked) {
      checkRequest(request);
      this.pathChecked = request.path;
      this.methodChecked = request.method;
      this.headersGiven = headers;
      this.headersSent = [...headers];
      if (!hasHeader(headers, 'accept-encoding')) this.headersSent.push('accept-encoding', 'identity');
    }
    return this.headersSent;
  }

  private openSlot(): Slot | null {
    if (this.slots.size >= this.options.connections) return null;
    const slot = new Slot(this);
    this.slots.add(slot);
    return slot;
  }
}

/** One connection, opened again when it is lost. */
class Slot {
  socket: Socket | null = null;
  /** Of a connection that no request has gone out on yet; null for a reused or a warmed one. */
  timing: ConnectTiming | null = null;
  /** Requests sent on this socket. */
  sent = 0;
  private readonly transport: UndiciTransport;
  private readonly connector: buildConnector.connector;
  private client: Client;
  private current: Exchange | null = null;
  /** Opened ahead, not yet taken by the client. */
  private ahead: Socket | null = null;

  constructor(transport: UndiciTransport) {
    this.transport = transport;
    this.connector = buildConnector({ allowH2: false, timeout: transport.options.connectTimeoutMs });
    this.client = this.createClient();
  }

  run(exchange: Exchange): void {
    this.current = exchange;
    exchange.start(this);
  }

  dispatch(exchange: Exchange): void {
    const { request } = exchange;
    const { freshConnections } = this.transport.options;
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
    this.transport.release(this);
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
    const { protocol, hostname, host, port } = new URL(this.transport.options.origin);
    const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    return await new Promise<ConnectTiming>((resolve, reject) => {
      this.connect({ protocol, hostname: bare, host, port }, (error, socket, timing) => {
        if (error !== null) return reject(error);
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
    this.current?.abort('cancelled', 'the transport was closed');
    this.ahead?.destroy();
    await this.client.destroy();
  }

  private createClient(): Client {
    const client: Client = new Client(this.transport.options.origin, {
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: this.transport.options.maxHeaderBytes,
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
    this.socket = socket;
    this.timing = timing;
    this.sent = 0;
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
class Exchange implements Dispatcher.DispatchHandler {
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
    this.sink.onHeaders(status, flatten(controller.rawHeaders), performance.now());
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.over) this.sink.onData(chunk, 0, chunk.length, performance.now());
  }

  onResponseEnd(): void {
    if (this.over) return;
    this.over = true;
    const nowMs = performance.now();
    // The slot is free before the sink hears: what it sends next goes out on this connection, not on one more.
    this.slot!.finish(this);
    this.sink.onEnd(nowMs);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.over) return;
    const slot = this.slot!;
    const kind = errorKindOf(error, this.receiving ? 'receiving' : this.controller === null ? 'connecting' : 'waiting');
    if (kind === 'reset' && this.reused && !this.retried && !this.receiving && this.socket?.bytesRead === this.bytesBefore) {
      this.retried = true;
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
