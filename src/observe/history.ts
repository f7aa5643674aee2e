/** What a quantity came to within a stretch of time. Percentiles are null where there are too few samples for them, extremes where only buckets are known. */
export interface SampleSummary {
  count: number;
  sum: number;
  mean: number;
  min: number | null;
  max: number | null;
  p50: number | null;
  p90: number | null;
  p95: number | null;
  p99: number | null;
  stddev: number | null;
}

interface Row {
  atMs: number;
  /** For each quantity: how many samples, their sum, least and most. */
  counts: Float64Array;
  sums: Float64Array;
  least: Float64Array;
  most: Float64Array;
}

const mostRows = 4096;
/** Below so many samples the 99th percentile would be the largest of them. */
const p99Samples = 100;

/**
 * Samples of several quantities over time in bounded memory: when there are too many rows, each two neighbours become one, which keeps counts, sums and
 * extremes exact; percentiles and the standard deviation are those of the rows' means.
 */
export class History {
  private readonly width: number;
  private readonly limit: number;
  private rows: Row[] = [];
  /** Samples that one row takes. */
  private perRow = 1;
  private inLast = 0;

  constructor(width: number, limit = mostRows) {
    this.width = width;
    this.limit = limit;
  }

  add(atMs: number, values: readonly (number | null)[]): void {
    let row = this.rows.at(-1);
    if (row === undefined || this.inLast >= this.perRow) {
      if (this.rows.length >= this.limit) this.halve();
      row = emptyRow(atMs, this.width);
      this.rows.push(row);
      this.inLast = 0;
    }
    this.inLast++;
    for (let at = 0; at < this.width; at++) {
      const value = values[at];
      if (value === null || value === undefined || !Number.isFinite(value)) continue;
      row.counts[at]! += 1;
      row.sums[at]! += value;
      row.least[at] = Math.min(row.least[at]!, value);
      row.most[at] = Math.max(row.most[at]!, value);
    }
  }

  /** The summary of one quantity over the samples from `fromMs` to before `toMs`; null where there is none. */
  summary(at: number, fromMs: number, toMs: number): SampleSummary | null {
    const rows = this.rows.filter((row) => row.atMs >= fromMs && row.atMs < toMs && row.counts[at]! > 0);
    if (rows.length === 0) return null;
    const count = rows.reduce((total, row) => total + row.counts[at]!, 0);
    const sum = rows.reduce((total, row) => total + row.sums[at]!, 0);
    const means = Float64Array.from(rows, (row) => row.sums[at]! / row.counts[at]!).sort();
    const mean = sum / count;
    const percentile = (share: number) => means[Math.min(means.length - 1, Math.max(0, Math.ceil(share * means.length) - 1))]!;
    const spread = rows.reduce((total, row) => total + row.counts[at]! * (row.sums[at]! / row.counts[at]! - mean) ** 2, 0);
    return {
      count,
      sum,
      mean,
      min: Math.min(...rows.map((row) => row.least[at]!)),
      max: Math.max(...rows.map((row) => row.most[at]!)),
      p50: percentile(0.5),
      p90: percentile(0.9),
      p95: percentile(0.95),
      p99: count < p99Samples ? null : percentile(0.99),
      stddev: Math.sqrt(spread / count),
    };
  }

  /** Mean of one quantity for each stretch of `stepMs` from `fromMs` on; null where nothing was sampled in it. */
  series(at: number, fromMs: number, stepMs: number, steps: number): (number | null)[] {
    const sums = new Float64Array(steps);
    const counts = new Float64Array(steps);
    for (const row of this.rows) {
      const step = Math.floor((row.atMs - fromMs) / stepMs);
      if (step < 0 || step >= steps) continue;
      sums[step]! += row.sums[at]!;
      counts[step]! += row.counts[at]!;
    }
    return Array.from(sums, (sum, step) => (counts[step] === 0 ? null : sum / counts[step]!));
  }

  private halve(): void {
    const halved: Row[] = [];
    for (let at = 0; at < this.rows.length; at += 2) {
      const [one, other] = [this.rows[at]!, this.rows[at + 1]];
      if (other !== undefined) addInto(one, other);
      halved.push(one);
    }
    this.rows = halved;
    this.perRow *= 2;
  }
}

/** The summary of plain values; null of none. */
export function summarise(values: readonly number[]): SampleSummary | null {
  const history = new History(1, Math.max(1, values.length));
  for (const [at, value] of values.entries()) history.add(at, [value]);
  return history.summary(0, 0, values.length);
}

function emptyRow(atMs: number, width: number): Row {
  return {
    atMs,
    counts: new Float64Array(width),
    sums: new Float64Array(width),
    least: new Float64Array(width).fill(Number.POSITIVE_INFINITY),
    most: new Float64Array(width).fill(Number.NEGATIVE_INFINITY),
  };
}

function addInto(one: Row, other: Row): void {
  for (let at = 0; at < one.counts.length; at++) {
    one.counts[at]! += other.counts[at]!;
    one.sums[at]! += other.sums[at]!;
    one.least[at] = Math.min(one.least[at]!, other.least[at]!);
    one.most[at] = Math.max(one.most[at]!, other.most[at]!);
  }
}
