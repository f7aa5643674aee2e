import { type LiveSample, rounded } from './sample.ts';

/** How far back figures of requests go, unless told otherwise. */
export const windowMs = 10_000;
/** Ended requests that percentiles are taken of at most; of more, the latest. */
const mostKept = 16_384;
/** Below so many requests there is no 95th percentile to speak of, and below so many no 99th. */
const enough = { p50: 1, p95: 5, p99: 20 };
/** Stretches of the window that counts are kept by. */
const slots = 100;

/** A request that ended. */
export interface EndedRequest {
  latencyMs: number;
  ttftMs: number | null;
  outputTokens: number;
  /** Its kind; null where it succeeded. */
  error: string | null;
}

interface Slot {
  at: number;
  requests: number;
  tokens: number;
  failed: number;
  errors: Map<string, number> | null;
}

/**
 * Figures of the requests of the last seconds: counts in slots of a hundredth of the window, percentiles of the latest requests. Memory is fixed; adding a
 * request writes a few numbers.
 */
export class Collector {
  readonly windowMs: number;
  private readonly slotMs: number;
  private readonly endedMs = new Float64Array(mostKept);
  private readonly latencies = new Float64Array(mostKept);
  private readonly ttfts = new Float64Array(mostKept);
  private readonly slots: Slot[] = Array.from({ length: slots }, () => ({ at: -1, requests: 0, tokens: 0, failed: 0, errors: null }));
  private next = 0;
  private kept = 0;
  private beganMs: number | null = null;
  private readonly kinds = new Set<string>();
  /** A latency beyond this is a spike, by what the baseline spread; null: by this window's own spread. */
  spikeBeyondMs: number | null = null;

  constructor(lengthMs = windowMs) {
    this.windowMs = lengthMs;
    this.slotMs = lengthMs / slots;
  }

  /** A load begins: rates count from here until the window is full. */
  begin(nowMs: number): void {
    this.beganMs = nowMs;
    this.kept = 0;
    for (const slot of this.slots) slot.at = -1;
  }

  /** @param nowMs when it became known; epoch ms */
  add({ latencyMs, ttftMs, outputTokens, error }: EndedRequest, nowMs: number): void {
    this.beganMs ??= nowMs;
    const at = Math.floor(nowMs / this.slotMs);
    const slot = this.slots[at % slots] as Slot;
    if (slot.at !== at) Object.assign(slot, { at, requests: 0, tokens: 0, failed: 0, errors: null });
    slot.requests++;
    slot.tokens += outputTokens;
    if (error !== null) {
      slot.failed++;
      slot.errors ??= new Map();
      slot.errors.set(error, (slot.errors.get(error) ?? 0) + 1);
      this.kinds.add(error);
      return;
    }
    this.endedMs[this.next] = nowMs;
    this.latencies[this.next] = latencyMs;
    this.ttfts[this.next] = ttftMs ?? Number.NaN;
    this.next = (this.next + 1) % mostKept;
    this.kept = Math.min(mostKept, this.kept + 1);
  }

  /** How much of the window has been under this load, 0 to 1. */
  filled(nowMs: number): number {
    return this.beganMs === null ? 0 : Math.min(1, Math.max(0, (nowMs - this.beganMs) / this.windowMs));
  }

  /** The figures now. Rates are null before a load began; an error kind that was seen once is told from then on. */
  sample(nowMs: number): LiveSample & { requests: number } {
    const since = Math.floor(nowMs / this.slotMs) - slots;
    const live = this.slots.filter(({ at }) => at > since);
    const sum = (of: (slot: Slot) => number) => live.reduce((total, slot) => total + of(slot), 0);
    const [requests, failed] = [sum((slot) => slot.requests), sum((slot) => slot.failed)];
    // The present stretch has only begun: the window is as long as what it has seen.
    const startMs = Math.max((since + 1) * this.slotMs, this.beganMs ?? nowMs);
    const seconds = Math.max(this.slotMs, nowMs - startMs) / 1000;
    const rate = (count: number) => (this.beganMs === null ? null : rounded(count / seconds));
    const latency = this.within(this.latencies, nowMs);
    const ttft = this.within(this.ttfts, nowMs);
    const errors = [...this.kinds].map((kind): [string, number | null] => [`errors.${kind}`, rate(sum((slot) => slot.errors?.get(kind) ?? 0))]);
    return {
      t: nowMs,
      requests,
      values: {
        requests_per_sec: rate(requests),
        tokens_per_sec: rate(sum((slot) => slot.tokens)),
        error_rate: requests === 0 ? null : rounded((100 * failed) / requests),
        'ttft_ms.p50': percentile(ttft, 50, enough.p50),
        'ttft_ms.p95': percentile(ttft, 95, enough.p95),
        'ttft_ms.p99': percentile(ttft, 99, enough.p99),
        'latency_s.p50': inSeconds(percentile(latency, 50, enough.p50)),
        'latency_s.p95': inSeconds(percentile(latency, 95, enough.p95)),
        'latency_s.p99': inSeconds(percentile(latency, 99, enough.p99)),
        spike_rate_percent: spikeRate(latency, this.spikeBeyondMs),
        ...Object.fromEntries(errors),
      },
    };
  }

  /** Values of the requests that ended within the window, sorted; those without one are left out. */
  private within(values: Float64Array, nowMs: number): Float64Array {
    const found = new Float64Array(this.kept);
    let count = 0;
    for (let back = 1; back <= this.kept; back++) {
      const at = (this.next - back + mostKept) % mostKept;
      if ((this.endedMs[at] as number) <= nowMs - this.windowMs) break;
      const value = values[at] as number;
      if (!Number.isNaN(value)) found[count++] = value;
    }
    return found.subarray(0, count).sort();
  }
}

/** Nearest rank of sorted values; null of fewer than `least`. */
function percentile(sorted: Float64Array, percent: number, least: number): number | null {
  if (sorted.length < least) return null;
  return rounded(sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? null);
}

const inSeconds = (ms: number | null): number | null => (ms === null ? null : rounded(ms / 1000));

/** The share of latencies beyond mean + 3 standard deviations; null of fewer than twenty. */
function spikeRate(sorted: Float64Array, beyondMs: number | null): number | null {
  if (sorted.length < enough.p99) return null;
  let limit = beyondMs;
  if (limit === null) {
    const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
    const variance = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sorted.length;
    limit = mean + 3 * Math.sqrt(variance);
  }
  const beyond = sorted.length - sorted.findLastIndex((value) => value <= (limit as number)) - 1;
  return rounded((100 * beyond) / sorted.length);
}
