import type { ErrorKind } from './error-kind.ts';

/** One HTTP request, ready to be written. `headers` is a flat name, value list that is the same array for every request of a target, so that a transport may cache its rendering. */
export interface WireRequest {
  method: string;
  /** Path and query below the transport's origin. */
  path: string;
  headers: readonly string[];
  body: Uint8Array | null;
}

/**
 * What happens to one request, told as it happens. Every time is `performance.now()` of this thread in ms, taken as close to the socket as the
 * transport can. Exactly one of onEnd and onError ends it; nothing is called after that.
 */
export interface ResponseSink {
  /** The request went out on a fresh connection; not called for a reused one. TLS is null for plain HTTP. */
  onConnected(connectMs: number, tlsMs: number | null): void;
  /** The first byte of the request was handed to the socket. */
  onSent(nowMs: number): void;
  /** Status line and headers are complete. `headers` is a flat name (lower case), value list. */
  onHeaders(status: number, headers: readonly string[], nowMs: number): void;
  /** Body bytes, transfer coding removed. The buffer is the transport's own: valid only during the call. */
  onData(buffer: Buffer, start: number, end: number, nowMs: number): void;
  onEnd(nowMs: number): void;
  onError(kind: ErrorKind, message: string, nowMs: number): void;
}

export interface TransportOptions {
  /** scheme://host:port */
  origin: string;
  /** At most this many connections at once; further requests wait (and `onSent` says how long). */
  connections: number;
  /** A new connection for every request. */
  freshConnections: boolean;
  connectTimeoutMs: number;
  /** Largest header block accepted, bytes. */
  maxHeaderBytes: number;
}

export interface Transport {
  /** Sends; returns what aborts it (idempotent; the sink then hears onError('cancelled', ...)) with the kind that the caller gives. */
  send(request: WireRequest, sink: ResponseSink): (kind: ErrorKind, message: string) => void;
  /** Opens up to `count` connections ahead of the first request; resolves when they are open or failed. */
  warm(count: number): Promise<void>;
  close(): Promise<void>;
}
