/** A stretch of time over which the rate of arrivals changes evenly; rates are per second. */
export interface RateSegment {
  durationMs: number;
  from: number;
  to: number;
}

/** Sums of segments round: an arrival this close behind a segment's end belongs to the next. In arrivals. */
const rounding = 1e-6;

/**
 * Arrivals of a rate that changes with time, ms from the start, ascending: the k-th (from 0) comes when the integral of the rate passes k, solved exactly
 * within each segment (the integral is a parabola). A constant rate therefore gives 0, 1/r, 2/r ...; a stretch without load holds none.
 * Lazy, so that segments may go on for ever.
 */
export function* arrivalsOf(segments: Iterable<RateSegment>): Generator<number, void> {
  let startMs = 0;
  let before = 0;
  let k = 0;
  for (const { durationMs, from, to } of segments) {
    const until = before + ((from + to) / 2) * (durationMs / 1000);
    const slope = (to - from) / (durationMs / 1000);
    for (; k < until - rounding; k++) {
      const due = Math.max(0, k - before);
      // The smaller root of from*x + slope*x^2/2 = due, in the form that does not cancel.
      const offsetMs = due === 0 ? 0 : (2000 * due) / (from + Math.sqrt(Math.max(0, from * from + 2 * slope * due)));
      yield startMs + Math.min(durationMs, offsetMs);
    }
    startMs += durationMs;
    before = until;
  }
}

/** The same rate for ever. */
export function* steadyArrivals(rate: number): Generator<number, void> {
  for (let k = 0; ; k++) yield (1000 * k) / rate;
}
