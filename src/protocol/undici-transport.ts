import { createSecureContext, type SecureContext } from 'node:tls';
import type { ErrorKind } from './error-kind.ts';
import { checkRequest, hasHeader } from './request-head.ts';
import type { ConnectTiming, ResponseSink, Transport, TransportOptions, WarmReport, WireRequest } from './transport.ts';
import { errorKindOf, errorText } from './transport-error.ts';
import { Exchange, Slot } from './undici-slot.ts';
import { WaitingList } from './waiting-list.ts';

/** The transport for everything (TLS, any server): undici's HTTP/1.1 clients, one connection each, so that two streams never share a socket. */
export function createUndiciTransport(options: TransportOptions): Transport {
  return new UndiciTransport(options);
}

class UndiciTransport implements Transport {
  readonly options: TransportOptions;
  readonly secureContext: SecureContext | null;
  private readonly idle: Slot[] = [];
  private readonly slots = new Set<Slot>();
  private readonly waiting = new WaitingList<Exchange>();
  private closed = false;
  private headersGiven: readonly string[] | null = null;
  private headersSent: string[] = [];
  private pathChecked = '';
  private methodChecked = '';

  constructor(options: TransportOptions) {
    this.options = options;
    this.secureContext = options.origin.startsWith('https:') ? createSecureContext() : null;
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
      // Those that are idle and closed are opened too; none of them is handed out meanwhile.
      const cold = this.idle.filter((slot) => !slot.open());
      for (const slot of cold) this.idle.splice(this.idle.indexOf(slot), 1);
      while (this.slots.size < Math.min(count, this.options.connections)) cold.push(this.openSlot()!);
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
      for (const slot of cold) this.release(slot);
    }
    return { opened, failed, error };
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const exchange of this.waiting.drain()) exchange.abort('cancelled', 'the transport was closed');
    await Promise.all([...this.slots].map((slot) => slot.close()));
    this.slots.clear();
  }

  /** A slot is free: the longest waiting request takes it. */
  release(slot: Slot): void {
    if (this.closed) return;
    const next = this.waiting.next();
    if (next !== null) slot.run(next);
    else this.idle.push(slot);
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
