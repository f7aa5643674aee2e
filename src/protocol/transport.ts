import type { ErrorKind } from './error-kind.ts';

/** One HTTP request, ready to be written. The transport adds `connection`, `content-length` and, unless given, `host` and `accept-encoding: identity`. `headers` is a flat name, value list that is the same array for every request of a target, so that a transport may cache its rendering. */
export interface WireRequest {
  method: string;
  /** Path and query below the transport's origin. */
  path: string;
  headers: readonly string[];
  body: Uint8Array | null;
}

/** Takes the bytes of an answer's body. */
export interface BodyReader {
  /** Body bytes, transfer coding removed. The buffer is the transport's own: valid only during the call. @returns false: too large, nothing more of it is wanted, and its request fails */
  data(buffer: Buffer, start: number, end: number, nowMs: number): boolean;
}

/**
 * What happens to one request, told as it happens. Every time is `performance.now()` of this thread in ms, taken as close to the socket as the
 * transport can. Exactly one of onEnd and onError ends it; nothing is called after that.
 */
export interface ResponseSink {
  /**
   * The request goes out on a fresh connection; not called for a reused or a warmed one. `connectMs` counts name resolution and TCP, `tlsMs` what TLS took after it (null for plain HTTP).
   * Comes before onSent, but for the one retry that a stale connection gets: that may open a fresh one after onSent.
   */
  onConnected(connectMs: number, tlsMs: number | null): void;
  /** The first byte of the request is handed to the socket. Called once: a retry on a fresh connection keeps the first time. */
  onSent(nowMs: number): void;
  /** The kept connection was reset at once and without a byte, as one that the server had already given up: the request is sent once more on a fresh one. */
  onResent(): void;
  /** Status line and headers are complete. `headers` is a flat name (lower case), value list. */
  onHeaders(status: number, headers: readonly string[], nowMs: number): void;
  /** Where the bytes of the body go; apart, so that a token goes straight from its socket to what reads it. */
  readonly reader: BodyReader;
  onEnd(nowMs: number): void;
  onError(kind: ErrorKind, message: string, nowMs: number): void;
}

/** Why a request fails whose body is no more wanted. */
export const unwantedBody = 'the answer is larger than is read';

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

/** How one connection came up; see ResponseSink.onConnected. */
export interface ConnectTiming {
  connectMs: number;
  tlsMs: number | null;
}

/** What `warm` came to. */
export interface WarmReport {
  /** One for each connection that opened. */
  opened: readonly ConnectTiming[];
  failed: number;
  /** Why the first that failed did; null when none did. */
  error: { kind: ErrorKind; message: string } | null;
}

/**
 * Sends requests to one origin over HTTP/1.1, one at a time on each connection. Redirects are not followed and content codings not undone. No deadline of its own but for connecting: the caller aborts.
 * A reused connection that the server had closed is no failure of the server: when it is lost at once, without a byte of the answer, the request is sent once more on a fresh one.
 */
export interface Transport {
  /** Sends; returns what aborts it (idempotent; the sink then hears onError('cancelled', ...)) with the kind that the caller gives. */
  send(request: WireRequest, sink: ResponseSink): (kind: ErrorKind, message: string) => void;
  /** Opens connections ahead of the first request until `count` (at most `connections`) are open; resolves when they are open or failed. Does nothing where every request has a fresh connection. */
  warm(count: number): Promise<WarmReport>;
  /** Ends every connection; requests under way or waiting hear onError('cancelled', ...). */
  close(): Promise<void>;
}
