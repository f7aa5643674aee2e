import type { ErrorKind } from '../protocol/error-kind.ts';
import { ownTimes, type RequestTimes } from './definitions.ts';
import type { RequestRecord } from './record.ts';

/** Upper bounds of the buckets of times, seconds: what is above the last one is in a bucket without a bound. */
export const timeBoundsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300] as const;
/** Rates are those of so many whole seconds that have ended. */
const rateSeconds = 10;

/** Counts of times by bucket, not added up; the last one is what lies above every bound. */
export class TimeBuckets {
  readonly counts = new Array<number>(timeBoundsSeconds.length + 1).fill(0);
  count = 0;
  sumSeconds = 0;

  record(seconds: number): void {
    const at = timeBoundsSeconds.findIndex((bound) => seconds <= bound);
    const bucket = at === -1 ? timeBoundsSeconds.length : at;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.count++;
    this.sumSeconds += seconds;
  }
}

/** What is told of one series while it runs. */
export class SeriesTotals {
  succeeded = 0;
  readonly errors = new Map<ErrorKind, number>();
  inputTokens = 0;
  outputTokens = 0;
  readonly latency = new TimeBuckets();
  readonly ttft = new TimeBuckets();
}

/** Totals since the start of the whole measurement, over all scenarios and runs: they only grow, as those who scrape them expect. */
export class LiveTotals {
  readonly series = new Map<string, SeriesTotals>();
  inFlight = 0;
  private readonly times: (record: RequestRecord) => RequestTimes;
  private readonly requests = new Array<number>(rateSeconds + 1).fill(0);
  private readonly tokens = new Array<number>(rateSeconds + 1).fill(0);
  private second = 0;

  constructor(times: (record: RequestRecord) => RequestTimes = ownTimes) {
    this.times = times;
  }

  /** @param nowMs a monotonic clock: when it was heard of */
  record(record: RequestRecord, nowMs: number): void {
    this.advance(nowMs);
    const totals = this.of(record.series);
    const slot = this.second % this.requests.length;
    this.requests[slot] = (this.requests[slot] as number) + 1;
    if (record.error !== null) {
      totals.errors.set(record.error, (totals.errors.get(record.error) ?? 0) + 1);
      return;
    }
    const { latencyMs, ttftMs } = this.times(record);
    totals.succeeded++;
    totals.inputTokens += record.inputTokens ?? 0;
    totals.outputTokens += record.outputTokens ?? 0;
    totals.latency.record(latencyMs / 1000);
    if (ttftMs !== null) totals.ttft.record(ttftMs / 1000);
    this.tokens[slot] = (this.tokens[slot] as number) + (record.outputTokens ?? 0);
  }

  /** Means over the last ten whole seconds. */
  rates(nowMs: number): { requestsPerSecond: number; tokensPerSecond: number } {
    this.advance(nowMs);
    const open = this.second % this.requests.length;
    const mean = (counts: readonly number[]) => (counts.reduce((sum, count) => sum + count, 0) - (counts[open] as number)) / rateSeconds;
    return { requestsPerSecond: mean(this.requests), tokensPerSecond: mean(this.tokens) };
  }

  private advance(nowMs: number): void {
    const now = Math.floor(nowMs / 1000);
    // A pause longer than what is kept empties all of it.
    this.second = Math.max(this.second, now - this.requests.length);
    while (this.second < now) {
      this.second++;
      this.requests[this.second % this.requests.length] = 0;
      this.tokens[this.second % this.tokens.length] = 0;
    }
  }

  private of(series: string): SeriesTotals {
    const known = this.series.get(series);
    if (known) return known;
    const totals = new SeriesTotals();
    this.series.set(series, totals);
    return totals;
  }
}
