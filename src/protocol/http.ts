import { bodiesInFlight, bodyTooLarge, maxBodyBytes } from './answer-state.ts';
import { ByteBuffer } from './byte-buffer.ts';
import type { ErrorKind } from './error-kind.ts';
import { codingFailure, header, retryAfterMs, sampleBytes, statusFailure } from './failure.ts';
import type { Answer, AnswerReader, OutputListener, Protocol, RequestSpec, WireContext } from './protocol.ts';
import type { WireRequest } from './transport.ts';

/** Any HTTP endpoint: a method, a path below base_url and a body; 2xx is success. Nothing of the body is held unless its text is wanted or the status is a failure. */
export const plainHttp: Protocol = {
  name: 'http',
  encode(spec: RequestSpec, context: WireContext): WireRequest {
    const path = spec.path ?? '';
    const joined = path.startsWith('/') || path.startsWith('?') || path === '' ? `${context.basePath}${path}` : `${context.basePath}/${path}`;
    return {
      method: spec.method?.toUpperCase() ?? (spec.body === null ? 'GET' : 'POST'),
      path: joined.startsWith('/') ? joined : `/${joined}`,
      headers: context.headers,
      body: spec.body,
    };
  },
  createReader: () => new HttpReader(),
};

class HttpReader implements AnswerReader {
  readonly lastOutputMs = -1;
  private readonly body = new ByteBuffer(maxBodyBytes, bodiesInFlight);
  private keepText = false;
  private status = 0;
  private bytes = 0;
  private retryAfter: number | null = null;
  private location: string | null = null;
  private tooLarge: string | null = null;
  /** Of an answer whose text is wanted. */
  private compressed: ReturnType<typeof codingFailure> = null;

  begin(_listener: OutputListener | null, keepText: boolean): void {
    this.body.clear();
    this.keepText = keepText;
    this.status = 0;
    this.bytes = 0;
    this.retryAfter = null;
    this.location = null;
    this.tooLarge = null;
    this.compressed = null;
  }

  headers(status: number, headers: readonly string[], _nowMs: number): void {
    this.status = status;
    if (this.succeeded()) {
      if (this.keepText) this.compressed = codingFailure(headers);
      return;
    }
    this.retryAfter = retryAfterMs(headers, Date.now());
    this.location = header(headers, 'location');
  }

  data(buffer: Buffer, start: number, end: number, _nowMs: number): boolean {
    this.bytes += end - start;
    if (!this.succeeded()) {
      const room = sampleBytes - this.body.length;
      if (room > 0) this.body.append(buffer, start, Math.min(end, start + room));
    } else if (this.keepText && this.tooLarge === null && !this.body.append(buffer, start, end)) {
      this.tooLarge = bodyTooLarge(this.body, end - start);
      this.body.clear();
    }
    return this.tooLarge === null;
  }

  end(_nowMs: number): Answer {
    if (this.tooLarge !== null) return this.answer('too_large', this.tooLarge);
    if (this.succeeded()) return this.answer(this.compressed?.kind ?? null, this.compressed?.message ?? null);
    const failure = statusFailure(this.status, this.text(), this.location);
    return this.answer(failure.kind, failure.message);
  }

  fail(kind: ErrorKind, message: string, nowMs: number): Answer {
    // A failure status is the better reason than the connection that broke behind it.
    return this.tooLarge !== null || (this.status !== 0 && !this.succeeded()) ? this.end(nowMs) : this.answer(kind, message);
  }

  private succeeded(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  private text(): string {
    return this.body.bytes.toString('utf8', 0, this.body.length);
  }

  private answer(error: ErrorKind | null, errorMessage: string | null): Answer {
    const text = this.keepText ? this.text() : null;
    this.body.clear();
    return {
      error,
      errorMessage,
      status: this.status === 0 ? null : this.status,
      retryAfterMs: this.retryAfter,
      streamed: false,
      firstChunkMs: null,
      lastChunkMs: null,
      firstOutputMs: null,
      lastOutputMs: null,
      finishedMs: null,
      outputChunks: 0,
      inputTokens: null,
      outputTokens: null,
      cachedTokens: null,
      reasoningTokens: null,
      finishReason: null,
      model: null,
      text,
      responseBytes: this.bytes,
    };
  }
}
