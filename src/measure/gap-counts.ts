import type { Answer, OutputListener } from '../protocol/protocol.ts';
import { Slab } from '../protocol/slab.ts';
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

/** Beyond so many numbers held of one answer its gaps are held as counts. */
const mostHeld = 131_072;
/** Numbers that there is room for at first; doubled for longer answers. */
const firstRoom = 256;
const slab = new Slab((length) => new Float64Array(length), 16 * 1024);

/** The gaps of an answer under way, which count when it has succeeded: room that grows and is used again, nothing is made per chunk. */
export class HeldGaps implements OutputListener {
  private readonly rule: GapRule;
  /** From `start` on: a chunk's gap (NaN for the first chunk) and, where the server told them, its tokens as a negative number behind it. */
  private held: Float64Array;
  private start: number;
  private room = firstRoom;
  private used = 0;
  /** Those of a very long answer that are not held one by one any more. */
  private counted: GapCounts | null = null;

  constructor(rule: GapRule) {
    this.rule = rule;
    const part = slab.take(firstRoom);
    this.held = part.array;
    this.start = part.start;
  }

  output(gapMs: number, tokens: number): void {
    if (this.used + 2 > this.room) this.makeRoom();
    const at = this.start + this.used;
    this.held[at] = gapMs;
    this.used++;
    if (tokens === 0) return;
    this.held[at + 1] = -tokens;
    this.used++;
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
    const end = this.start + this.used;
    for (let at = this.start; at < end; at++) {
      const gapMs = this.held[at] as number;
      let tokens = 0;
      if (at + 1 < end && (this.held[at + 1] as number) < 0) tokens = -(this.held[++at] as number);
      countGap(gaps, this.rule, Number.isNaN(gapMs) ? null : gapMs, tokens);
    }
    this.used = 0;
  }

  private makeRoom(): void {
    if (this.used + 2 > mostHeld) {
      this.counted ??= new GapCounts();
      this.pour(this.counted);
      return;
    }
    const part = slab.take(2 * this.room);
    part.array.set(this.held.subarray(this.start, this.start + this.used), part.start);
    this.held = part.array;
    this.start = part.start;
    this.room *= 2;
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
