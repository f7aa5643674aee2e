import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { ErrorKind } from '../../src/protocol/error-kind.ts';
import type { Answer, Protocol, RequestSpec, WireContext } from '../../src/protocol/protocol.ts';
import type { ResponseSink, Transport, TransportOptions, WireRequest } from '../../src/protocol/transport.ts';

export const spec: RequestSpec = {
  messages: [{ role: 'user', content: 'Hello' }],
  model: 'm',
  stream: true,
  maxTokens: 16,
  minTokens: null,
  ignoreEos: false,
  temperature: 0,
  extraBody: {},
  method: null,
  path: null,
  body: null,
};
export const context: WireContext = { basePath: '', headers: ['content-type', 'application/json'], includeUsage: true, continuousUsage: false };

export function options(origin: string, more: Partial<TransportOptions> = {}): TransportOptions {
  return { origin, connections: 4, freshConnections: false, connectTimeoutMs: 5000, maxHeaderBytes: 16_384, ...more };
}

/** Starts a server (net or http) on a free port of 127.0.0.1 and stops it, open sockets included, when disposed. */
export async function listening<T extends Server>(server: T): Promise<{ server: T; origin: string; port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function httpServer(handler: (request: IncomingMessage, response: ServerResponse) => void) {
  return listening(createServer(handler));
}

/** What a sink heard, times taken off; body bytes joined. */
export class Recorder implements ResponseSink {
  events: string[] = [];
  status = 0;
  headers: readonly string[] = [];
  body: Buffer = Buffer.alloc(0);
  error: { kind: ErrorKind; message: string } | null = null;
  readonly done: Promise<this>;
  connected: { connectMs: number; tlsMs: number | null } | null = null;
  private settle: (value: this) => void = () => {};

  readonly reader = {
    data: (buffer: Buffer, start: number, end: number) => {
      this.onData(buffer, start, end);
      return true;
    },
  };

  constructor() {
    this.done = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  onConnected(connectMs: number, tlsMs: number | null): void {
    this.events.push('connected');
    this.connected = { connectMs, tlsMs };
  }
  onSent(): void {
    this.events.push('sent');
  }
  onResent(): void {
    this.events.push('resent');
  }
  onHeaders(status: number, headers: readonly string[]): void {
    this.events.push('headers');
    this.status = status;
    this.headers = [...headers];
  }
  onData(buffer: Buffer, start: number, end: number): void {
    if (this.events.at(-1) !== 'data') this.events.push('data');
    this.body = Buffer.concat([this.body, buffer.subarray(start, end)]);
  }
  onEnd(): void {
    this.events.push('end');
    this.settle(this);
  }
  onError(kind: ErrorKind, message: string): void {
    this.events.push('error');
    this.error = { kind, message };
    this.settle(this);
  }
}

export async function fetchRaw(transport: Transport, request: WireRequest): Promise<Recorder> {
  const recorder = new Recorder();
  transport.send(request, recorder);
  return await recorder.done;
}

/** One request of a protocol from encoding to its answer, as the load room does it. */
export async function ask(
  transport: Transport,
  protocol: Protocol,
  more: Partial<RequestSpec> = {},
  settings: { keepText?: boolean; context?: Partial<WireContext> } = {},
): Promise<{ answer: Answer; gaps: { nowMs: number; tokens: number }[] }> {
  const reader = protocol.createReader();
  const gaps: { nowMs: number; tokens: number }[] = [];
  reader.begin({ output: (_gapMs, tokens) => gaps.push({ nowMs: reader.lastOutputMs, tokens }) }, settings.keepText ?? true);
  const answer = await new Promise<Answer>((resolve) => {
    transport.send(protocol.encode({ ...spec, ...more }, { ...context, ...settings.context }), {
      onConnected() {},
      onSent() {},
      onResent() {},
      onHeaders: (status, headers, nowMs) => reader.headers(status, headers, nowMs),
      reader,
      onEnd: (nowMs) => resolve(reader.end(nowMs)),
      onError: (kind, message, nowMs) => resolve(reader.fail(kind, message, nowMs)),
    });
  });
  return { answer, gaps };
}
