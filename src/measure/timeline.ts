/** One second of a run, as the result document has it. */
export interface TimelineBucket {
  t: number;
  requests: number;
  tokens: number;
  errors: number;
  in_flight: number;
  ttft_ms_p50: number | null;
  latency_ms_p95: number | null;
}

/** The values of one second that percentiles are taken of; small, because it is reduced to a bucket when the second is over. */
export interface OpenSecond {
  t: number;
  requests: number;
  tokens: number;
  errors: number;
  inFlight: number;
  ttftMs: number[];
  latencyMs: number[];
}

/** Nearest-rank percentile of unsorted values; null when empty. */
export function percentileOf(values: readonly number[], percent: number): number | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? null;
}

/** What is kept of a second that is over; percentiles by nearest rank, null where no answer ended in it. */
export function closeSecond(second: OpenSecond): TimelineBucket {
  const { t, requests, tokens, errors, inFlight } = second;
  return {
    t,
    requests,
    tokens,
    errors,
    in_flight: inFlight,
    ttft_ms_p50: percentileOf(second.ttftMs, 50),
    latency_ms_p95: percentileOf(second.latencyMs, 95),
  };
}

/** One-second buckets by the time of each request's end. Seconds without a request appear too, so that a stall is seen. */
export class Timeline {
  private readonly closed: TimelineBucket[] = [];
  private open: OpenSecond = newSecond(0);

  /** The second in which a request ended. One that is over already (the request failed before a retry that was never sent, say) still counts it, but has its percentiles. */
  secondOf(endMs: number, inFlight: number): OpenSecond | TimelineBucket {
    return this.closed[Math.max(0, Math.floor(endMs / 1000))] ?? this.advance(endMs, inFlight);
  }

  /** Moves on to the second that holds `atMs`; earlier ones are reduced. Answers the open one where that is later. */
  advance(atMs: number, inFlight: number): OpenSecond {
    const t = Math.max(0, Math.floor(atMs / 1000));
    while (this.open.t < t) {
      this.open.inFlight = inFlight;
      this.closed.push(closeSecond(this.open));
      this.open = newSecond(this.open.t + 1);
    }
    return this.open;
  }

  buckets(): TimelineBucket[] {
    const last = this.open;
    return last.requests + last.tokens + last.errors > 0 ? [...this.closed, closeSecond(last)] : [...this.closed];
  }
}

function newSecond(t: number): OpenSecond {
  return { t, requests: 0, tokens: 0, errors: 0, inFlight: 0, ttftMs: [], latencyMs: [] };
}
