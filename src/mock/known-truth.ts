import * as hdr from 'hdr-histogram-js';

/** Two percentiles in ms; null where nothing was stamped. */
export interface TruePercentiles {
  p50: number | null;
  p99: number | null;
}

/** What the server really did since it was last reset. */
export interface Truth {
  /** From reading a request to writing its first token. */
  ttft_ms: TruePercentiles;
  /** Between two writes of a stream's tokens. */
  itl_ms: TruePercentiles;
  /** Answers finished. */
  requests: number;
  /** Tokens written, those of answers under way included. */
  tokens: number;
  /** How much later than its schedule a token was written. */
  lateness_ms: TruePercentiles;
}

/** Stamps in microseconds, at the precision of the client's own histograms, so that rounding is the same on both sides. */
const newCounts = () => hdr.build({ bitBucketSize: 32, numberOfSignificantValueDigits: 3, autoResize: true, useWebAssembly: false });

/** The server's own stamps. */
export class Stamps {
  requests = 0;
  tokens = 0;
  /** Counts resets: what began before one is not counted after it. */
  generation = 0;
  private ttft = newCounts();
  private itl = newCounts();
  private lateness = newCounts();

  reset(): void {
    this.generation++;
    this.requests = 0;
    this.tokens = 0;
    this.ttft = newCounts();
    this.itl = newCounts();
    this.lateness = newCounts();
  }

  first(ms: number): void {
    this.ttft.recordValue(Math.round(ms * 1000));
  }

  gap(ms: number): void {
    this.itl.recordValue(Math.round(ms * 1000));
  }

  late(ms: number): void {
    this.lateness.recordValue(Math.max(0, Math.round(ms * 1000)));
  }

  truth(): Truth {
    return {
      ttft_ms: percentiles(this.ttft),
      itl_ms: percentiles(this.itl),
      requests: this.requests,
      tokens: this.tokens,
      lateness_ms: percentiles(this.lateness),
    };
  }
}

function percentiles(counts: hdr.Histogram): TruePercentiles {
  const at = (percent: number) => (counts.totalCount === 0 ? null : Math.min(counts.maxValue, counts.getValueAtPercentile(percent)) / 1000);
  return { p50: at(50), p99: at(99) };
}
