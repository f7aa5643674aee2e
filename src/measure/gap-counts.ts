import type { Answer } from '../protocol/protocol.ts';
import type { GapRule } from './definitions.ts';
import type { Distribution } from './distribution.ts';

/** Values below this have a bucket each; from here on every power of two is divided into half as many. The layout of an HdrHistogram with 3 significant digits. */
const subBuckets = 2048;
const halfBits = 10;
const half = subBuckets / 2;
/** 2^31 microseconds is 35 minutes. */
const largest = 2 ** 31 - 1;
const buckets = subBuckets + (31 - halfBits - 1) * half;

/** Plain data of GapCounts, for a message between threads. */
export interface GapState {
  counts: Float64Array;
  count: number;
  sum: number;
  sumOfSquares: number;
  min: number;
  max: number;
  guessed: boolean;
}

/**
 * Counts of gaps between tokens, recorded once per token: a typed array and a few numbers, no allocation and no library on the hot path.
 * The buckets are those of an HdrHistogram of microseconds at 3 significant digits, so that pouring them into one loses nothing further.
 */
export class GapCounts {
  /** Of doubles, which count on where 32 bits begin anew. */
  private readonly counts: Float64Array;
  private count = 0;
  private sum = 0;
  private sumOfSquares = 0;
  private min = Number.POSITIVE_INFINITY;
  private max = 0;
  /** A chunk came without its count of tokens and was taken for one. */
  guessed = false;

  constructor() {
    this.counts = new Float64Array(buckets);
  }

  /** One gap in ms, `times` times. */
  record(gapMs: number, times: number): void {
    const ms = gapMs > 0 ? gapMs : 0;
    this.count += times;
    this.sum += ms * times;
    this.sumOfSquares += ms * ms * times;
    if (ms < this.min) this.min = ms;
    if (ms > this.max) this.max = ms;
    const us = Math.min(largest, Math.round(ms * 1000));
    const index = bucketOf(us);
    this.counts[index] = (this.counts[index] as number) + times;
  }

  /** Adds what others counted. */
  add(other: GapCounts): void {
    for (let index = 0; index < buckets; index++) this.counts[index] = (this.counts[index] as number) + (other.counts[index] as number);
    this.count += other.count;
    this.sum += other.sum;
    this.sumOfSquares += other.sumOfSquares;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.guessed ||= other.guessed;
  }

  state(): GapState {
    const { counts, count, sum, sumOfSquares, min, max, guessed } = this;
    return { counts, count, sum, sumOfSquares, min, max, guessed };
  }
}

/** Index of the bucket that holds a whole number of microseconds. */
function bucketOf(us: number): number {
  if (us < subBuckets) return us;
  const shift = 31 - Math.clz32(us) - halfBits;
  return subBuckets + (shift - 1) * half + ((us >>> shift) - half);
}

/** The smallest value of a bucket. */
function lowestOf(index: number): number {
  if (index < subBuckets) return index;
  const shift = Math.floor((index - subBuckets) / half) + 1;
  return (((index - subBuckets) % half) + half) * 2 ** shift;
}

/** Adds counted gaps to a distribution of ms; count, sum and extremes stay exact. */
export function pourGaps(gaps: GapState, into: Distribution): void {
  into.addCounted(gaps, (record) => {
    for (let index = 0; index < gaps.counts.length; index++) {
      const times = gaps.counts[index] as number;
      if (times > 0) record(lowestOf(index), times);
    }
  });
}

/** One chunk's gap to the chunk before, or its arrival as the first one (null), by the rule. No allocation: called once per chunk. */
function countGap(gaps: GapCounts, rule: GapRule, gapMs: number | null, tokens: number): void {
  if (rule === 'none') return;
  if (rule === 'arrivals') {
    if (tokens === 0) gaps.guessed = true;
    if (gapMs !== null) gaps.record(gapMs, 1);
    if (tokens > 1) gaps.record(0, tokens - 1);
  } else if (gapMs !== null) {
    if (rule === 'chunks') gaps.record(gapMs, 1);
    else if (tokens > 0) gaps.record(gapMs / tokens, tokens);
    else {
      gaps.guessed = true;
      gaps.record(gapMs, 1);
    }
  }
}

/** Beyond so many chunks of one answer their gaps are held as counts. */
const mostHeld = 65_536;

/** The gaps of an answer under way, which count when it has succeeded: a typed array that grows and is used again, nothing is made per chunk. */
export class HeldGaps {
  private readonly rule: GapRule;
  /** Gap (NaN for the first chunk) and tokens, in turn. */
  private held = new Float64Array(512);
  private used = 0;
  /** Those of a very long answer that are not held one by one any more. */
  private counted: GapCounts | null = null;

  constructor(rule: GapRule) {
    this.rule = rule;
  }

  /** As `countGap`. */
  hold(gapMs: number | null, tokens: number): void {
    if (this.rule === 'none') return;
    if (this.used === this.held.length) this.makeRoom();
    this.held[this.used] = gapMs ?? Number.NaN;
    this.held[this.used + 1] = tokens;
    this.used += 2;
  }

  count(gaps: GapCounts): void {
    this.pour(gaps);
    if (this.counted !== null) gaps.add(this.counted);
    this.counted = null;
  }

  drop(): void {
    this.used = 0;
    this.counted = null;
  }

  private pour(gaps: GapCounts): void {
    for (let at = 0; at < this.used; at += 2) {
      const gapMs = this.held[at] as number;
      countGap(gaps, this.rule, Number.isNaN(gapMs) ? null : gapMs, this.held[at + 1] as number);
    }
    this.used = 0;
  }

  private makeRoom(): void {
    if (this.used >= 2 * mostHeld) {
      this.counted ??= new GapCounts();
      this.pour(this.counted);
    } else {
      const larger = new Float64Array(2 * this.held.length);
      larger.set(this.held);
      this.held = larger;
    }
  }
}

/** The chunks around the output count too under that rule: a role before it, a finish reason after it. One that came in the same read has no gap to tell. */
export function countChunksAround(
  gaps: GapCounts,
  { firstChunkMs, firstOutputMs, lastOutputMs, lastChunkMs }: Pick<Answer, 'firstChunkMs' | 'firstOutputMs' | 'lastOutputMs' | 'lastChunkMs'>,
): void {
  if (firstChunkMs === null || lastChunkMs === null) return;
  if (firstOutputMs !== null && firstOutputMs > firstChunkMs) gaps.record(firstOutputMs - firstChunkMs, 1);
  if (lastOutputMs !== null && lastChunkMs > lastOutputMs) gaps.record(lastChunkMs - lastOutputMs, 1);
}
