import type { RequestSpec } from '../workload/request-spec.ts';
import type { ErrorKind } from './error-kind.ts';
import type { WireRequest } from './transport.ts';

export type { RequestSpec } from '../workload/request-spec.ts';

/** Fixed per target and scenario; decided once, before the first measured request. */
export interface WireContext {
  /** Path prefix of base_url, no trailing slash; empty for none. */
  basePath: string;
  /** Flat name, value list sent with every request: host, authorization, content-type, user's own. */
  headers: readonly string[];
  /** Ask for `stream_options.include_usage`. */
  includeUsage: boolean;
  /** Ask for `stream_options.continuous_usage_stats` (probed once: vLLM takes it, others ignore it or answer 4xx). */
  continuousUsage: boolean;
}

/** What a query to an index of vectors found. */
export interface Found {
  /** The entries by name, the nearest first; null where the scenario does not say where they are. */
  ids: readonly string[] | null;
  /** Cosine of the nearest, minus infinity where nothing was found; null where it is not said. */
  best: number | null;
  /** What a semantic cache says itself; null where it does not. */
  hit: boolean | null;
}

/** What one answer turned out to be. */
export interface Answer {
  /** Null when it succeeded. */
  error: ErrorKind | null;
  errorMessage: string | null;
  /** HTTP status; null when no answer came. */
  status: number | null;
  /** What Retry-After asked for, ms; null where it was not sent. */
  retryAfterMs: number | null;
  /** The answer came as a stream of events. False: one body, so that there are no chunk times (a server may ignore `stream`). */
  streamed: boolean;
  /** ms, performance.now(); the socket read that brought the first and the last event of a choice, be it a role alone or a finish reason. Null: none came, or the answer was not streamed. */
  firstChunkMs: number | null;
  lastChunkMs: number | null;
  /** ms, performance.now(); the socket read that brought the first and the last chunk carrying output. Null: none came, or the answer was not streamed. */
  firstOutputMs: number | null;
  lastOutputMs: number | null;
  /** ms, performance.now(); the socket read in which the stream said that it is complete, for the last time where it said so more than once. Null: it did not, or the answer was not streamed. */
  finishedMs: number | null;
  /** Chunks that carried output: content, reasoning, tool-call or refusal text. An answer in one body is one chunk. */
  outputChunks: number;
  /** From the server's usage; null when it sent none. */
  inputTokens: number | null;
  outputTokens: number | null;
  cachedTokens: number | null;
  reasoningTokens: number | null;
  finishReason: string | null;
  /** The model that the server says answered. */
  model: string | null;
  /** Text of the first choice, without its reasoning (plain HTTP: the body), kept only where the caller asked for it; null otherwise. */
  text: string | null;
  /** Output that is no part of `text` (reasoning, refusals, tool calls, other choices), for its tokens to be counted; left out where there is none, or `text` is not kept, or the server tells the tokens. */
  beside?: string;
  /** Left out: the request was no retrieval. */
  found?: Found;
  responseBytes: number;
}

/** Hears each streamed chunk that carried output. No allocation per call. */
export interface OutputListener {
  /** @param gapMs from the socket read of the output before; NaN for the first @param tokens that it brought; 0: the server does not say */
  output(gapMs: number, tokens: number): void;
}

/**
 * Reads one answer; reused for the next after `begin`, so that a connection costs no allocation per request.
 * No JSON.parse per chunk: bytes are classified, and only the first, the unusual and the last chunk are parsed.
 */
export interface AnswerReader {
  /** performance.now() of the socket read that brought the last output so far; -1 before the first. */
  readonly lastOutputMs: number;
  begin(listener: OutputListener | null, keepText: boolean): void;
  headers(status: number, headers: readonly string[], nowMs: number): void;
  /** False: the answer is lost already (too large) and reading on is of no use; the caller may abort the request, and `fail` will answer the reader's own reason. */
  data(buffer: Buffer, start: number, end: number, nowMs: number): boolean;
  /** ms, performance.now(); the socket read in which the stream said its last word, behind which nothing can come. Null: it did not. Left out: the wire has none. */
  lastWordMs?(): number | null;
  /** The body ended; judges whether the answer is complete. */
  end(nowMs: number): Answer;
  /** The transport failed, or the caller gave up: what was read until then, under that kind. A stream that had said it was done is complete even when its connection broke after. */
  fail(kind: ErrorKind, message: string, nowMs: number): Answer;
}

/** One wire. A file each. */
export interface Protocol {
  name: string;
  /** Headers that every request of this wire carries unless the target or the scenario says otherwise. */
  headers?: Readonly<Record<string, string>>;
  /** The header that carries the API key where the target names none; left out: Authorization. */
  keyHeader?: string;
  encode(spec: RequestSpec, context: WireContext): WireRequest;
  createReader(): AnswerReader;
}
