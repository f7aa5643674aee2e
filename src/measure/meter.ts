import { type ErrorKind, timeoutKinds } from '../protocol/error-kind.ts';
import { ownTimes, type RequestTimes } from './definitions.ts';
import { Dispatch } from './dispatch.ts';
import { Distribution } from './distribution.ts';
import { type RequestRecord, sendLatenessMs } from './record.ts';
import { SeriesMeter } from './series-meter.ts';
import { type Slo, withinSlo } from './slo.ts';
import { Timeline } from './timeline.ts';

const slowestKept = 20;
const exampleLength = 500;
const connectionErrors: ReadonlySet<ErrorKind> = new Set(['refused', 'client_limit', 'dns', 'tls', 'timeout_connect', 'reset']);

export interface ErrorTally {
  kind: ErrorKind;
  count: number;
  firstSeenMs: number;
  example: string;
}

/** Counts and percentiles since the run's start, or since the present phase began. */
export interface Figures {
  succeeded: number;
  failed: number;
  outputTokens: number;
  latencyP50Ms: number | null;
  latencyP95Ms: number | null;
  /**
   * The same of what was waited, which rules go by: with the requests that timed out, each at the time until it was given up. Never less than without them,
   * since one that was given up early may have taken any time.
   */
  waitedP95Ms: number | null;
  ttftP50Ms: number | null;
  /** Successful requests that kept within the objective; null without one. */
  good: number | null;
}

/** What stop rules, the progress bar and a dashboard read while a run is going. */
export interface Snapshot extends Figures {
  elapsedMs: number;
  inFlight: number;
  /** Since the present phase (a level, a step) began. */
  phase: Figures;
}

/** How often requests were sent, counted over all that ended; attempts are known only where retries are on. */
export interface AttemptTally {
  requests: number;
  attempts: number;
  most: number;
}

/** Attempts for which this machine had no socket, port or memory, and after which another was made; what it said of the first of them. */
export interface LimitedAttempts {
  attempts: number;
  example: string | null;
}

/** Running figures of a window of requests; a percentile is reckoned when it is read. */
class Window implements Figures {
  succeeded = 0;
  failed = 0;
  outputTokens = 0;
  good: number | null;
  readonly latency = new Distribution(1000);
  readonly ttft = new Distribution(1000);
  /** Latencies and times until a time-out; null before the first time-out. */
  private waited: Distribution | null = null;

  constructor(countsGood: boolean) {
    this.good = countsGood ? 0 : null;
  }

  get latencyP50Ms(): number | null {
    return this.latency.percentile(50);
  }

  get latencyP95Ms(): number | null {
    return this.latency.percentile(95);
  }

  get waitedP95Ms(): number | null {
    const waited = this.waited?.percentile(95) ?? null;
    return waited === null ? this.latencyP95Ms : Math.max(waited, this.latencyP95Ms ?? 0);
  }

  /** A successful request took so long. */
  answered(latencyMs: number): void {
    this.latency.record(latencyMs);
    this.waited?.record(latencyMs);
  }

  /** A request was given up after so long. */
  timedOut(afterMs: number): void {
    if (this.waited === null) {
      this.waited = new Distribution(1000);
      this.waited.add(this.latency);
    }
    this.waited.record(afterMs);
  }

  get ttftP50Ms(): number | null {
    return this.ttft.percentile(50);
  }

  figures(): Figures {
    const { succeeded, failed, outputTokens, latencyP50Ms, latencyP95Ms, waitedP95Ms, ttftP50Ms, good } = this;
    return { succeeded, failed, outputTokens, latencyP50Ms, latencyP95Ms, waitedP95Ms, ttftP50Ms, good };
  }
}

/** A snapshot that costs nothing until it is read, for those who look ten times a second; only good until the next record. */
class LiveSnapshot implements Snapshot {
  readonly elapsedMs: number;
  readonly inFlight: number;
  readonly phase: Figures;
  private readonly whole: Figures;

  constructor(elapsedMs: number, inFlight: number, whole: Figures, phase: Figures) {
    this.elapsedMs = elapsedMs;
    this.inFlight = inFlight;
    this.whole = whole;
    this.phase = phase;
  }

  get succeeded(): number {
    return this.whole.succeeded;
  }

  get failed(): number {
    return this.whole.failed;
  }

  get outputTokens(): number {
    return this.whole.outputTokens;
  }

  get latencyP50Ms(): number | null {
    return this.whole.latencyP50Ms;
  }

  get latencyP95Ms(): number | null {
    return this.whole.latencyP95Ms;
  }

  get waitedP95Ms(): number | null {
    return this.whole.waitedP95Ms;
  }

  get ttftP50Ms(): number | null {
    return this.whole.ttftP50Ms;
  }

  get good(): number | null {
    return this.whole.good;
  }
}

/** Folds one run's requests, in the order they end, into histograms, buckets, the slowest few and the errors. Memory does not grow with the number of requests. */
export class Meter {
  readonly series = new Map<string, SeriesMeter>();
  readonly timeline = new Timeline();
  readonly slowest: { record: RequestRecord; latencyMs: number }[] = [];
  readonly errors = new Map<ErrorKind, ErrorTally>();
  inFlight = 0;
  /** Arrivals of an open schedule that were not sent. */
  dropped = 0;
  lastEndMs = 0;
  /** The highest index of a request that ended; -1 before the first. */
  lastIndex = -1;
  /** Requests that had a connection opened for them, those that found one open, and those that got none. */
  readonly connections = { opened: 0, reused: 0, failed: 0, resent: 0 };
  readonly dispatch = new Dispatch();
  readonly attempts: AttemptTally = { requests: 0, attempts: 0, most: 0 };
  readonly limited: LimitedAttempts = { attempts: 0, example: null };
  /** How late requests were sent, those too that failed or were given up: it tells of the client, not of the service. */
  readonly lateness = new Distribution(1000);
  /** Requests that the load asked for, however they ended. */
  arrivals = 0;
  private readonly whole: Window;
  private phase: Window;
  private readonly times: (record: RequestRecord) => RequestTimes;
  private readonly slo: Slo | null;

  constructor(times: (record: RequestRecord) => RequestTimes = ownTimes, slo: Slo | null = null) {
    this.times = times;
    this.slo = slo;
    this.whole = new Window(slo !== null);
    this.phase = new Window(slo !== null);
  }

  seriesMeter(id: string): SeriesMeter {
    const known = this.series.get(id);
    if (known) return known;
    const meter = new SeriesMeter();
    this.series.set(id, meter);
    return meter;
  }

  /** @param prefix which shared beginning its prompt had; null: none */
  record(record: RequestRecord, prefix: number | null = null): void {
    this.dispatch.record(record, prefix);
    const times = this.times(record);
    const second = this.timeline.secondOf(record.endMs, this.inFlight);
    second.requests++;
    this.lastEndMs = Math.max(this.lastEndMs, record.endMs);
    this.lastIndex = Math.max(this.lastIndex, record.index);
    this.seriesMeter(record.series).record(record, times);
    this.countArrival(record);
    this.countWays(record);
    if (record.error !== null) {
      second.errors++;
      for (const window of [this.whole, this.phase]) {
        window.failed++;
        if (timeoutKinds.includes(record.error)) window.timedOut(record.endMs - record.intendedMs);
      }
      this.tally(record.error, record.endMs, record.errorMessage);
      return;
    }
    second.tokens += record.outputTokens ?? 0;
    if ('latencyMs' in second) {
      second.latencyMs.push(times.latencyMs);
      if (times.ttftMs !== null) second.ttftMs.push(times.ttftMs);
    }
    const good = this.slo !== null && withinSlo(times, this.slo);
    for (const window of [this.whole, this.phase]) {
      window.succeeded++;
      if (good && window.good !== null) window.good++;
      window.outputTokens += record.outputTokens ?? 0;
      window.answered(times.latencyMs);
      if (times.ttftMs !== null) window.ttft.record(times.ttftMs);
    }
    this.keepIfSlow(record, times.latencyMs);
  }

  /** A request that was given up with the run: it neither succeeded nor failed. */
  recordCancelled(record: RequestRecord): void {
    this.countArrival(record);
    this.tally('cancelled', record.endMs, record.errorMessage);
  }

  /** Connections that were opened ahead of the requests; how long they took stands with those of the requests of a series. */
  addConnections(series: string | null, opened: readonly { connectMs: number; tlsMs: number | null }[], failed: number): void {
    this.connections.opened += opened.length;
    this.connections.failed += failed;
    if (series === null) return;
    const { distributions } = this.seriesMeter(series);
    for (const { connectMs, tlsMs } of opened) {
      distributions.get('connect_ms')?.record(connectMs);
      if (tlsMs !== null) distributions.get('tls_ms')?.record(tlsMs);
    }
  }

  addLimited({ attempts, example }: LimitedAttempts): void {
    this.limited.attempts += attempts;
    this.limited.example ??= example;
  }

  /** A new level or step begins: figures of the phase start at zero. */
  beginPhase(): void {
    this.phase = new Window(this.slo !== null);
  }

  /** Plain figures, for keeping and for a message between threads. */
  snapshot(elapsedMs: number): Snapshot {
    return { elapsedMs, inFlight: this.inFlight, ...this.whole.figures(), phase: this.phase.figures() };
  }

  /** The figures as they stand, to be read at once. */
  live(elapsedMs: number): Snapshot {
    return new LiveSnapshot(elapsedMs, this.inFlight, this.whole, this.phase);
  }

  /** Counts an error by kind. */
  private tally(kind: ErrorKind, atMs: number, message: string | null): void {
    const known = this.errors.get(kind);
    if (known) known.count++;
    else this.errors.set(kind, { kind, count: 1, firstSeenMs: atMs, example: (message ?? '').slice(0, exampleLength) });
  }

  private countArrival(record: RequestRecord): void {
    this.arrivals++;
    const lateMs = sendLatenessMs(record);
    if (lateMs !== null) this.lateness.record(lateMs);
  }

  private countWays(record: RequestRecord): void {
    const { connections, attempts } = this;
    if (record.connectMs !== null) connections.opened++;
    else if (record.sentMs !== null) connections.reused++;
    else if (record.error !== null && connectionErrors.has(record.error)) connections.failed++;
    if (record.resent === true) connections.resent++;
    if (record.lastAttemptMs === null) return;
    attempts.requests++;
    attempts.attempts += record.attempts;
    attempts.most = Math.max(attempts.most, record.attempts);
  }

  private keepIfSlow(record: RequestRecord, latencyMs: number): void {
    const { slowest } = this;
    if (slowest.length === slowestKept && latencyMs <= (slowest[slowestKept - 1]?.latencyMs ?? 0)) return;
    const at = slowest.findIndex((entry) => entry.latencyMs < latencyMs);
    slowest.splice(at === -1 ? slowest.length : at, 0, { record, latencyMs });
    if (slowest.length > slowestKept) slowest.pop();
  }
}
