import type { ServerResponse } from 'node:http';
import { ApiError } from './api-error.ts';
import { createWire, doneEvent, type Usage, type Wire } from './chunks.ts';
import type { Engine, Job, Listener } from './engine.ts';
import type { Fault } from './faults.ts';
import { breakAnswer, writeHugeText } from './misbehave.ts';
import type { NativeWire } from './native-wires.ts';
import type { MockOptions } from './options.ts';
import type { Plan } from './plan.ts';
import type { GenerationRequest } from './request.ts';
import type { Sequence } from './simulator.ts';
import { tokenChars } from './text.ts';

/** Faults that strike after some tokens. */
const breaking = new Set(['reset', 'close_early', 'stall', 'truncate', 'garbage', 'error_event', 'error_data']);

/** One answer on its way out: hears its tokens from the engine and writes them, as a stream or as one body. */
export class Generation implements Listener {
  readonly #request: GenerationRequest;
  readonly #plan: Plan;
  readonly #options: MockOptions;
  readonly #engine: Engine;
  readonly #response: ServerResponse;
  readonly #fault: Fault | null;
  readonly #wire: Wire;
  readonly #native: NativeWire | null;
  readonly #breakAfter: number;
  #sequence: Sequence<Job> | null = null;
  #tokens = 0;
  /** Tokens that a chunk has carried. */
  #sent = 0;
  #pending = '';
  #ended = false;
  /** A huge line is on its way; what comes after waits for it. */
  #held: Promise<void> | null = null;

  constructor(
    id: string,
    createdSeconds: number,
    request: GenerationRequest,
    plan: Plan,
    response: ServerResponse,
    fault: Fault | null,
    engine: Engine,
    options: MockOptions,
    native: NativeWire | null = null,
  ) {
    this.#request = request;
    this.#plan = plan;
    this.#response = response;
    this.#fault = fault;
    this.#engine = engine;
    this.#options = options;
    this.#native = native;
    this.#wire = createWire(request.kind, id, createdSeconds, plan.model, options);
    const half = Math.floor(plan.outputTokens / 2);
    const after = fault?.amount ?? (fault?.name === 'stall' ? 0 : half);
    this.#breakAfter = fault && breaking.has(fault.name) ? Math.min(after, plan.outputTokens - 1) : Number.POSITIVE_INFINITY;
  }

  /**
   * Hands the request to the engine and, for a stream, sends the headers.
   * @throws ApiError when the queue is full.
   */
  start(): void {
    const response = this.#response;
    this.#sequence = this.#engine.submit(this.#plan.spec, this);
    if (!this.#sequence) {
      throw new ApiError(this.#options.overloadStatus, 'The queue is full; try again later.', {
        type: 'overloaded_error',
        headers: { 'retry-after': String(this.#options.retryAfterSeconds) },
      });
    }
    response.on('close', () => {
      if (!response.writableFinished) this.#stop('abort');
    });
    if (this.#request.stream) {
      const contentType = this.#native?.contentType ?? 'text/event-stream; charset=utf-8';
      response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-cache' });
      if (this.#options.roleChunk === 'early' && this.#native === null) this.#pending = this.#wire.role('') ?? '';
      if (this.#pending === '') response.flushHeaders();
    }
    if (this.#breakAfter <= 0) this.#break();
    this.flush();
    this.#engine.wake();
  }

  onToken(_sequence: Sequence<Job>, last: boolean): void {
    if (this.#ended) return;
    this.#tokens += 1;
    if (
      this.#request.stream &&
      (last || (this.#tokens - this.#sent) % this.#options.tokensPerChunk === 0 || this.#tokens === this.#plan.reasoningTokens)
    ) {
      this.#gather(last);
    }
    if (last) this.#finish();
    else if (this.#tokens >= this.#breakAfter) this.#break();
  }

  flush(): void {
    if (this.#pending === '' || this.#held || this.#response.destroyed) return;
    this.#response.write(this.#pending);
    this.#pending = '';
  }

  /** Puts the tokens since the last chunk into the next one. */
  #gather(last: boolean): void {
    if (this.#native !== null) {
      this.#gatherNative(this.#native, last);
      return;
    }
    const { roleChunk, finishChunk, usage: usagePlace, continuousUsage, reasoningField } = this.#options;
    const { includeUsage, continuousUsage: everyChunk } = this.#request;
    const first = this.#sent === 0;
    if (first && (roleChunk === 'empty' || roleChunk === 'null')) this.#pending += this.#wire.role(roleChunk === 'null' ? null : '') ?? '';

    const text = this.#plan.text.slice(this.#sent * tokenChars, this.#tokens * tokenChars);
    const field = this.#tokens <= this.#plan.reasoningTokens ? reasoningField : 'content';
    this.#sent = this.#tokens;
    const usage = this.#usage();
    const asked = includeUsage && usagePlace !== 'none';
    const every = asked && everyChunk && continuousUsage;
    const finishReason = last ? this.#plan.finishReason : null;
    const withRole = first && roleChunk === 'merged';
    if (first && this.#fault?.name === 'huge_line') this.#sendHugeLine();

    const own = last && finishChunk === 'own';
    const atEnd = asked && usagePlace === 'content' && last;
    if (text !== '' || !own)
      this.#pending += this.#wire.piece(text, field, withRole, own ? null : finishReason, every || (atEnd && !own) ? usage : null);
    if (own) this.#pending += this.#wire.piece('', 'content', false, finishReason, every || atEnd ? usage : null);
    if (last && asked && usagePlace === 'last') this.#pending += this.#wire.usage(usage);
    if (last) this.#pending += doneEvent;
  }

  #gatherNative(native: NativeWire, last: boolean): void {
    if (this.#sent === 0) {
      this.#pending += native.begin(this.#usage());
      if (this.#fault?.name === 'huge_line') this.#sendHugeLine();
    }
    const text = this.#plan.text.slice(this.#sent * tokenChars, this.#tokens * tokenChars);
    const thought = this.#tokens <= this.#plan.reasoningTokens;
    this.#sent = this.#tokens;
    if (text !== '') this.#pending += native.piece(text, thought);
    if (last) this.#pending += native.end(this.#plan.finishReason, this.#usage());
  }

  #usage(): Usage {
    return {
      promptTokens: this.#plan.promptTokens,
      completionTokens: this.#tokens,
      cachedTokens: this.#sequence?.cachedTokens ?? 0,
      reasoningTokens: Math.min(this.#tokens, this.#plan.reasoningTokens),
    };
  }

  #finish(): void {
    this.#ended = true;
    this.#engine.metrics.finished[this.#plan.finishReason] += 1;
    const response = this.#response;
    if (this.#request.stream) {
      this.#afterHeld(() => {
        this.flush();
        response.end();
      });
    } else if (this.#fault?.name === 'huge_line') {
      response.writeHead(200, { 'content-type': 'application/json' });
      const [head = '', tail = ''] = this.#body('\u0001').split('\\u0001');
      void writeHugeText(response, head, this.#hugeBytes(), tail).then(() => response.end());
    } else {
      const body = Buffer.from(this.#body(this.#plan.text.slice(this.#plan.reasoningTokens * tokenChars)));
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
      response.end(body);
    }
  }

  #body(content: string): string {
    return (this.#native ?? this.#wire).body(
      content,
      this.#plan.text.slice(0, this.#plan.reasoningTokens * tokenChars),
      this.#plan.finishReason,
      this.#usage(),
    );
  }

  /** A chunk more, of so many characters. */
  #sendHugeLine(): void {
    const piece = this.#native?.piece('\u0001', false) ?? this.#wire.piece('\u0001', 'content', false, null, null);
    const [head = '', tail = ''] = piece.split('\\u0001');
    const before = this.#pending;
    this.#pending = '';
    this.#held = writeHugeText(this.#response, before + head, this.#hugeBytes(), tail).then(() => {
      this.#held = null;
      if (!this.#ended) this.flush();
    });
  }

  #hugeBytes(): number {
    return this.#fault?.amount ?? this.#options.hugeLineBytes;
  }

  #afterHeld(then: () => void): void {
    if (this.#held) void this.#held.then(then);
    else then();
  }

  #break(): void {
    const fault = this.#fault;
    if (this.#request.stream && this.#tokens > this.#sent) this.#gather(false);
    this.flush();
    this.#stop('error');
    if (fault) breakAnswer(this.#response, fault.name, this.#request.stream, () => this.#body(this.#plan.text), this.#native);
  }

  #stop(reason: 'abort' | 'error'): void {
    this.#ended = true;
    if (this.#sequence) this.#engine.cancel(this.#sequence, reason);
  }
}
