import * as hdr from 'hdr-histogram-js';

/** Below these counts a percentile would be one of the largest few samples dressed up as a statistic: it stays null. */
const minimumSamples = { p99: 100, p999: 1000 } as const;

export interface DistributionState {
  count: number;
  sum: number;
  sumOfSquares: number;
  min: number;
  max: number;
  hdr: string;
}

export interface DistributionSummary {
  mean: number | null;
  min: number | null;
  p50: number | null;
  p90: number | null;
  p95: number | null;
  /** Null below 100 samples. */
  p99: number | null;
  /** Null below 1,000 samples. */
  p999: number | null;
  max: number | null;
  /** Of the sample (n - 1); null below two values. */
  stddev: number | null;
}

const options = { bitBucketSize: 64, numberOfSignificantValueDigits: 3, autoResize: true, useWebAssembly: false } as const;

/**
 * A distribution of non-negative values in one unit: an HdrHistogram at 3 significant digits of value x resolution, with the exact count, sum, min and max beside it.
 * Times are kept in ms with a resolution of 1,000, so that the histogram holds microseconds; a count has a resolution of 1.
 */
export class Distribution {
  readonly resolution: number;
  count = 0;
  sum = 0;
  private sumOfSquares = 0;
  private min = Number.POSITIVE_INFINITY;
  private max = 0;
  private readonly histogram: hdr.Histogram;

  constructor(resolution: number, histogram: hdr.Histogram = hdr.build(options)) {
    this.resolution = resolution;
    this.histogram = histogram;
  }

  /** Adds one value `times` times. Negative values are clamped to zero: two clock reads may disagree by less than the resolution. */
  record(value: number, times = 1): void {
    const clamped = value > 0 ? value : 0;
    this.count += times;
    this.sum += clamped * times;
    this.sumOfSquares += clamped * clamped * times;
    if (clamped < this.min) this.min = clamped;
    if (clamped > this.max) this.max = clamped;
    this.histogram.recordValueWithCount(Math.round(clamped * this.resolution), times);
  }

  /** Adds another distribution of the same unit and resolution; exact, histograms add bucket by bucket. */
  add(other: Distribution): void {
    if (other.count === 0) return;
    this.count += other.count;
    this.sum += other.sum;
    this.sumOfSquares += other.sumOfSquares;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.histogram.add(other.histogram);
  }

  /** Adds values that were counted in buckets elsewhere; `each` is called with what records a bucket, its value in histogram units. */
  addCounted(exact: Omit<DistributionState, 'hdr'>, each: (record: (units: number, times: number) => void) => void): void {
    if (exact.count === 0) return;
    each((units, times) => this.histogram.recordValueWithCount(units, times));
    this.count += exact.count;
    this.sum += exact.sum;
    this.sumOfSquares += exact.sumOfSquares;
    this.min = Math.min(this.min, exact.min);
    this.max = Math.max(this.max, exact.max);
  }

  mean(): number | null {
    return this.count === 0 ? null : this.sum / this.count;
  }

  /** The value that `percent` of the samples do not exceed, never outside the exact min and max; null when empty. */
  percentile(percent: number): number | null {
    if (this.count === 0) return null;
    const value = this.histogram.getValueAtPercentile(percent) / this.resolution;
    return Math.min(this.max, Math.max(this.min, value));
  }

  /** How many values are above this one, to the histogram's precision. */
  countAbove(value: number): number {
    let [within, above] = [0, this.count];
    while (within < above) {
      const rank = Math.floor((within + above) / 2) + 1;
      if ((this.percentile((100 * (rank - 0.5)) / this.count) ?? 0) > value) above = rank - 1;
      else within = rank;
    }
    return this.count - within;
  }

  /** Statistics multiplied by `scale` (0.001 turns ms into s). Standard deviation is of the sample (n - 1), null below two values. */
  summary(scale = 1): DistributionSummary {
    const n = this.count;
    const scaled = (value: number | null) => (value === null ? null : value * scale);
    const variance = n > 1 ? Math.max(0, (this.sumOfSquares - (this.sum * this.sum) / n) / (n - 1)) : null;
    return {
      mean: scaled(this.mean()),
      min: n === 0 ? null : this.min * scale,
      p50: scaled(this.percentile(50)),
      p90: scaled(this.percentile(90)),
      p95: scaled(this.percentile(95)),
      p99: n < minimumSamples.p99 ? null : scaled(this.percentile(99)),
      p999: n < minimumSamples.p999 ? null : scaled(this.percentile(99.9)),
      max: n === 0 ? null : this.max * scale,
      stddev: variance === null ? null : Math.sqrt(variance) * scale,
    };
  }

  /** The histogram as HdrHistogram V2 compressed base64: values are ours times the resolution. */
  encode(): string {
    return hdr.encodeIntoCompressedBase64(this.histogram);
  }

  /** For a structured clone between threads or machines. */
  state(): DistributionState {
    return { count: this.count, sum: this.sum, sumOfSquares: this.sumOfSquares, min: this.min, max: this.max, hdr: this.encode() };
  }

  /**
   * The inverse of `state`, also used on what was read from a result document.
   * @throws Error when the text is no HdrHistogram or does not hold `count` values
   */
  static from(state: DistributionState, resolution: number): Distribution {
    // Decoded into a fixed-size histogram; adding it to an auto-resizing one keeps later merges possible.
    const histogram = hdr.build(options);
    if (state.count > 0) histogram.add(hdr.decodeFromCompressedBase64(state.hdr, options.bitBucketSize) as hdr.Histogram);
    if (histogram.totalCount !== state.count) throw new Error(`the histogram holds ${histogram.totalCount} values, expected ${state.count}`);
    const distribution = new Distribution(resolution, histogram);
    distribution.count = state.count;
    distribution.sum = state.sum;
    distribution.sumOfSquares = state.sumOfSquares;
    distribution.min = state.count === 0 ? Number.POSITIVE_INFINITY : state.min;
    distribution.max = state.max;
    return distribution;
  }
}
