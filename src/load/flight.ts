import { performance } from 'node:perf_hooks';
import type { GapRule } from '../measure/definitions.ts';
import { countChunksAround, type GapCounts, HeldGaps } from '../measure/gap-counts.ts';
import type { RequestRecord } from '../measure/record.ts';
import type { ErrorKind } from '../protocol/error-kind.ts';
import { header } from '../protocol/failure.ts';
import type { Answer, AnswerReader, Found, Protocol } from '../protocol/protocol.ts';
import type { ResponseSink, Transport, WireRequest } from '../protocol/transport.ts';
import { Allowance, type Budget, type TokenBound } from './budget.ts';
import { type Deadlines, passedDeadline } from './deadlines.ts';
import { type Failed, RetryPause, type RetryPolicy, retryDelayMs } from './retry.ts';

/** What a flight needs of the loop it belongs to. */
export interface FlightDeck {
  /** performance.now() of the run's start: every time of a record counts from it. */
  originMs: number;
  /** Counts the tokens of a text for servers that report no usage; null when they do. */
  countTokens: ((text: string) => number) | null;
  /** Texts of answers are wanted when they have ended. */
  keepText: boolean;
  /** What is counted of the gaps between chunks. */
  gapRule: GapRule;
  /** Null: a failed request stays failed. */
  retry: RetryPolicy | null;
  /** Whether requests may be sent: a retry is a request too. */
  readonly sending: boolean;
  /** The response header (lower case) that names the replica which answered; null: nobody asks. */
  replicaHeader: string | null;
  /** Null: what requests use up is not counted. */
  budget: Budget | null;
  /** An attempt failed, and another will follow it. */
  sentAgain(flight: Flight, failed: Answer): void;
  /** @param text of the answer, where it is kept @param found what a retrieval found */
  ended(flight: Flight, record: RequestRecord, text: string | null, found: Found | undefined): void;
}

/** A server ends the response right behind the stream's last word. One that does not is not waited for longer, ms: the answer is complete, and ended then. */
const endWithinMs = 1000;

/** One request in flight: takes the stamps, and becomes a record when it ends. Reused for later requests, so that a stream costs no allocation per token. */
export class Flight implements ResponseSink {
  /** The user of a closed loop that waits for this answer; null in an open loop. */
  user = -1;
  measured = true;
  /** Reads the answers. */
  readonly reader: AnswerReader;
  private readonly deck: FlightDeck;
  private readonly transport: Transport;
  private index = 0;
  private series = '';
  private gaps: GapCounts | null = null;
  private readonly held: HeldGaps;
  private request: WireRequest | null = null;
  private expectedModel: string | null = null;
  private readonly allowance: Allowance;
  private schemaMs: number | null = null;
  private registrationMs: number | null = null;
  private attempts = 0;
  /** When the present attempt was started; the schedule's time for the first. */
  private attemptStarted = 0;
  private readonly pause = new RetryPause();
  private abortRequest: ((kind: ErrorKind, message: string) => void) | null = null;
  private intended = 0;
  /** Of the first attempt, and of the present one. */
  private firstSent: number | null = null;
  private sent: number | null = null;
  private connect: number | null = null;
  private tls: number | null = null;
  private responseHeaders: number | null = null;
  private servedBy: string | null = null;
  private resent = false;

  constructor(deck: FlightDeck, protocol: Protocol, transport: Transport) {
    this.deck = deck;
    this.transport = transport;
    this.reader = protocol.createReader();
    this.held = new HeldGaps(deck.gapRule);
    this.allowance = new Allowance(deck.budget);
  }

  /** @param intendedMs performance.now() at which the schedule wanted it sent */
  launch(
    request: WireRequest,
    options: {
      index: number;
      series: string;
      gaps: GapCounts | null;
      intendedMs: number;
      /** The model that has to answer; null: any. */
      expectedModel: string | null;
      /** What the budget has set aside for it; null without a budget. */
      bound: TokenBound | null;
      /** Time that making its schema and its registration took; null where there is none. */
      schemaMs: number | null;
      registrationMs: number | null;
    },
  ): void {
    this.request = request;
    this.expectedModel = options.expectedModel;
    this.allowance.hold(options.bound);
    this.schemaMs = options.schemaMs;
    this.registrationMs = options.registrationMs;
    this.index = options.index;
    this.series = options.series;
    this.gaps = options.gaps;
    this.intended = options.intendedMs;
    this.attempts = 0;
    this.attempt(options.intendedMs);
  }

  /** Becomes the record of a request that could not be sent, because its schema is not known to the server. */
  refuse(
    { error, message, status, endedMs }: { error: ErrorKind; message: string; status: number | null; endedMs: number },
    options: { index: number; series: string; intendedMs: number; schemaMs: number | null; registrationMs: number | null },
  ): void {
    Object.assign(this, {
      request: null,
      gaps: null,
      attempts: 1,
      sent: null,
      connect: null,
      tls: null,
      responseHeaders: null,
      resent: false,
    });
    this.allowance.hold(null);
    this.index = options.index;
    this.series = options.series;
    this.intended = this.attemptStarted = options.intendedMs;
    this.schemaMs = options.schemaMs;
    this.registrationMs = options.registrationMs;
    this.reader.begin(null, false);
    this.end({ ...this.reader.fail(error, message, endedMs), status }, endedMs);
  }

  private attempt(startedMs: number): void {
    if (this.attempts++ === 1) this.firstSent = this.sent;
    this.attemptStarted = startedMs;
    this.sent = null;
    this.connect = null;
    this.tls = null;
    this.responseHeaders = null;
    this.servedBy = null;
    this.resent = false;
    this.held.drop();
    this.abortRequest = null;
    this.reader.begin(this.gaps === null || this.deck.gapRule === 'none' ? null : this.held, this.deck.keepText);
    this.abortRequest = this.transport.send(this.request as WireRequest, this);
  }

  /** Which deadline has passed; null while none has. */
  overdue(nowMs: number, deadlines: Deadlines): { kind: ErrorKind; message: string } | null {
    if (this.pause.waiting) return null;
    const saidMs = this.reader.lastWordMs?.() ?? null;
    if (saidMs !== null && nowMs - saidMs >= endWithinMs) return { kind: 'timeout_idle', message: 'the response did not end behind its last word' };
    return passedDeadline(deadlines, nowMs, this.attemptStarted, this.reader.lastOutputMs);
  }

  abort(kind: ErrorKind, message: string): void {
    const failed = this.giveUpPause();
    // It might yet have succeeded: what its last attempt failed by is not what ended it.
    if (failed !== null) this.end({ ...failed.answer, error: kind, errorMessage: message }, performance.now());
    else this.abortRequest?.(kind, message);
  }

  /** No request is sent any more: one that waits for its next attempt is what its last one was. */
  sendingOver(): void {
    const failed = this.giveUpPause();
    if (failed !== null) this.end(failed.answer, failed.endedMs);
  }

  /** What the last attempt came to, where another was waited for; what the budget had set aside for that one is not used. */
  private giveUpPause(): Failed | null {
    const failed = this.pause.leave();
    if (failed !== null) this.allowance.release();
    return failed;
  }

  onConnected(connectMs: number, tlsMs: number | null): void {
    this.connect = connectMs;
    this.tls = tlsMs;
  }

  onSent(nowMs: number): void {
    this.sent ??= nowMs;
  }

  onResent(): void {
    this.resent = true;
  }

  onHeaders(status: number, headers: readonly string[], nowMs: number): void {
    this.responseHeaders = nowMs;
    if (this.deck.replicaHeader !== null) this.servedBy = header(headers, this.deck.replicaHeader);
    this.reader.headers(status, headers, nowMs);
  }

  onEnd(nowMs: number): void {
    this.finish(this.reader.end(nowMs), nowMs);
  }

  onError(kind: ErrorKind, message: string, nowMs: number): void {
    const answer = this.reader.fail(kind, message, nowMs);
    // One that was complete all the same ended when it was, not when its connection was given up.
    this.finish(answer, answer.error === null ? (answer.finishedMs ?? nowMs) : nowMs);
  }

  private finish(received: Answer, nowMs: number): void {
    const answer = checkModel(received, this.expectedModel);
    const delayMs =
      answer.error === null || !this.deck.sending
        ? null
        : retryDelayMs(this.deck.retry, this.attempts, answer.error, answer.retryAfterMs, Math.random());
    if (delayMs === null || !this.allowance.renew(answer, this.sent !== null)) {
      this.end(answer, nowMs);
      return;
    }
    this.deck.sentAgain(this, answer);
    this.pause.begin({ answer, endedMs: nowMs }, delayMs, () => this.attempt(performance.now()));
  }

  private end(answer: Answer, nowMs: number): void {
    // Token times are those of successful answers; what came of others is forgotten with the next attempt.
    if (this.gaps !== null && answer.error === null) {
      this.held.count(this.gaps);
      if (this.deck.gapRule === 'chunks') countChunksAround(this.gaps, answer);
    }
    const { originMs, countTokens } = this.deck;
    const since = (at: number | null) => (at === null ? null : at - originMs);
    const outputTokens =
      answer.outputTokens ?? (countTokens !== null && answer.text !== null ? countTokens(answer.text) + countTokens(answer.beside ?? '') : null);
    this.allowance.spend(answer, this.sent !== null, outputTokens);
    const record: RequestRecord = {
      index: this.index,
      series: this.series,
      intendedMs: this.intended - originMs,
      sentMs: since(this.sent),
      ...(this.attempts > 1 ? { firstSentMs: since(this.firstSent) } : {}),
      attempts: this.attempts,
      lastAttemptMs: this.deck.retry === null ? null : this.attemptStarted - originMs,
      connectMs: this.connect,
      tlsMs: this.tls,
      headersMs: since(this.responseHeaders),
      firstChunkMs: since(answer.firstChunkMs),
      lastChunkMs: since(answer.lastChunkMs),
      firstOutputMs: since(answer.firstOutputMs),
      lastOutputMs: since(answer.lastOutputMs),
      endMs: nowMs - originMs,
      outputChunks: answer.outputChunks,
      inputTokens: answer.inputTokens,
      outputTokens,
      cachedTokens: answer.cachedTokens,
      reasoningTokens: answer.reasoningTokens,
      responseBytes: answer.responseBytes,
      streamed: answer.streamed,
      status: answer.status,
      finishReason: answer.finishReason,
      model: answer.model,
      servedBy: this.servedBy,
      resent: this.resent,
      requestBytes: this.request?.body?.length ?? null,
      schemaMs: this.schemaMs,
      registrationMs: this.registrationMs,
      parseMs: null,
      validationMs: null,
      schemaCheck: null,
      answerPrint: null,
      error: answer.error,
      errorMessage: answer.errorMessage,
    };
    this.deck.ended(this, record, answer.text, answer.found);
  }
}

/** A good answer of another model than the one that was asked is a failure where that is checked; a server that does not name its model cannot be checked. */
function checkModel(answer: Answer, expected: string | null): Answer {
  if (expected === null || answer.error !== null || answer.model === null || answer.model === expected) return answer;
  return { ...answer, error: 'wrong_model', errorMessage: `asked for the model ${expected}, answered by ${answer.model}` };
}
