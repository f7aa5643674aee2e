import { isCutOff } from '../load/search-rules.ts';
import { isRule } from '../load/stop-rules.ts';
import { median } from '../measure/median.ts';
import type { TimelineBucket } from './document.ts';

/** A third of a run's time. Rates are over its seconds; percentiles are the median of those of its seconds, so that one bad second does not stand for all. */
interface Third {
  from_s: number;
  to_s: number;
  requests_per_sec: number;
  tokens_per_sec: number;
  /** Percent. */
  error_rate: number | null;
  ttft_ms_p50: number | null;
  latency_ms_p95: number | null;
  memory_mb: number | null;
}

/** The first, middle and last third of a constant load: what drifts differs between the first and the last. */
export interface Stability {
  thirds: [Third, Third, Third];
  /** What to make of it: no crash, no rule that ended it, answers to its end, and neither latency, errors nor memory rose beyond what noise does. Null: it was cut off before anything of that. */
  assessment: { stable: boolean | null; crashes: number; reasons: string[] };
  /** Of several runs: which one this is, counted from 1; the worst of them. */
  run?: number;
  /** Change of the last third against the first; null where one of them has no value. Rates of errors in percentage points. */
  drift: {
    requests_per_sec_percent: number | null;
    tokens_per_sec_percent: number | null;
    ttft_ms_p50_percent: number | null;
    latency_ms_p95_percent: number | null;
    error_rate_points: number | null;
    /** Null where the service's memory was not watched. */
    memory_percent: number | null;
  };
}

/** Rises from the first to the last third beyond which a run is told to be unstable: latency, TTFT (also of the first third's p95 latency) and memory in percent, errors in points. */
const steady = { latencyPercent: 20, ttftPartPercent: 10, memoryPercent: 20, errorPoints: 1 } as const;

/** Reads the thirds of a run off its one-second buckets; null below three whole seconds. Pure. */
export function stabilityOf(timeline: readonly TimelineBucket[], seconds: number, stopReason = 'completed'): Stability | null {
  const whole = Math.min(Math.floor(seconds), timeline.length);
  if (whole < 3) return null;
  const bounds = [0, 1, 2, 3].map((part) => Math.round((whole * part) / 3)) as [number, number, number, number];
  const third = (part: 0 | 1 | 2): Third => {
    const [from, to] = [bounds[part], bounds[(part + 1) as 1 | 2 | 3]];
    const buckets = timeline.filter(({ t }) => t >= from && t < to);
    const sum = (of: (bucket: TimelineBucket) => number) => buckets.reduce((total, bucket) => total + of(bucket), 0);
    const requests = sum((bucket) => bucket.requests);
    return {
      from_s: from,
      to_s: to,
      requests_per_sec: requests / (to - from),
      tokens_per_sec: sum((bucket) => bucket.tokens) / (to - from),
      error_rate: requests === 0 ? null : (100 * sum((bucket) => bucket.errors)) / requests,
      ttft_ms_p50: median(buckets.map((bucket) => bucket.ttft_ms_p50)),
      latency_ms_p95: median(buckets.map((bucket) => bucket.latency_ms_p95)),
      memory_mb: median(buckets.map((bucket) => bucket['service_memory_mb'] ?? null)),
    };
  };
  const thirds: Stability['thirds'] = [third(0), third(1), third(2)];
  const [first, , last] = thirds;
  const percent = (of: (one: Third) => number | null) => {
    const [before, after] = [of(first), of(last)];
    return before === null || after === null || before === 0 ? null : 100 * (after / before - 1);
  };
  const drift: Stability['drift'] = {
    requests_per_sec_percent: percent((one) => one.requests_per_sec),
    tokens_per_sec_percent: percent((one) => one.tokens_per_sec),
    ttft_ms_p50_percent: percent((one) => one.ttft_ms_p50),
    latency_ms_p95_percent: percent((one) => one.latency_ms_p95),
    error_rate_points: first.error_rate === null || last.error_rate === null ? null : last.error_rate - first.error_rate,
    memory_percent: percent((one) => one.memory_mb),
  };
  return { thirds, assessment: assess(thirds, drift, stopReason), drift };
}

function assess([first, , last]: Stability['thirds'], drift: Stability['drift'], stopReason: string): Stability['assessment'] {
  // A first token of a few milliseconds doubles by chance: its rise counts where it is a part of the whole answer's time.
  const [before, after, whole] = [first.ttft_ms_p50, last.ttft_ms_p50, first.latency_ms_p95];
  const felt = before !== null && after !== null && whole !== null && after - before > (whole * steady.ttftPartPercent) / 100;
  const rises = [
    { of: 'TTFT p50', rise: felt ? drift.ttft_ms_p50_percent : null, limit: steady.latencyPercent, unit: ' %' },
    { of: 'p95 latency', rise: drift.latency_ms_p95_percent, limit: steady.latencyPercent, unit: ' %' },
    { of: 'the error rate', rise: drift.error_rate_points, limit: steady.errorPoints, unit: ' points' },
    { of: 'memory', rise: drift.memory_percent, limit: steady.memoryPercent, unit: ' %' },
  ];
  const reasons = rises.flatMap(({ of, rise, limit, unit }) =>
    rise === null || rise <= limit ? [] : [`${of} rose by ${rise.toFixed(1)}${unit} from the first to the last third (limit ${limit}${unit})`],
  );
  // What is not answered rises by nothing.
  if (first.requests_per_sec > 0 && last.requests_per_sec === 0) reasons.unshift('no request ended in the last third');
  if (last.error_rate === 100) reasons.unshift('every request of the last third failed');
  const crashed = stopReason === 'service_crashed';
  if (crashed) reasons.unshift('the service ended during the load');
  if (isRule(stopReason)) reasons.unshift(`a rule of stop ended the load (${stopReason})`);
  const cutOff = isCutOff({ stop_reason: stopReason });
  return { stable: reasons.length > 0 ? false : cutOff ? null : true, crashes: crashed ? 1 : 0, reasons };
}

/** The least stable of several runs, with its number; null where none was long enough. @param runs in their order; null for one that was not */
export function worstOf(runs: readonly (Stability | null)[]): Stability | null {
  const rank = ({ assessment: { stable, reasons } }: Stability) => (stable === false ? 1 + reasons.length : stable === null ? 1 : 0);
  const drift = ({ drift: { latency_ms_p95_percent: rise } }: Stability) => rise ?? Number.NEGATIVE_INFINITY;
  const known = runs.flatMap((run, index) => (run === null ? [] : [{ ...run, run: index + 1 }]));
  return known.toSorted((a, b) => rank(b) - rank(a) || drift(b) - drift(a))[0] ?? null;
}

/**
 * What machines that shared a load say together: rates and errors are those of the whole. Percentiles of their seconds cannot be added, so the rise of a latency is the
 * greatest that a machine saw, and what made a machine's part unstable makes the whole so.
 * @param whole of the seconds of all machines added
 * @param shards null for one that was not long enough
 */
export function withShards(whole: Stability, shards: readonly (Stability | null)[]): Stability {
  const known = shards.filter((one) => one !== null);
  const greatest = (of: (one: Stability['drift']) => number | null) => {
    const rises = known.flatMap(({ drift }) => of(drift) ?? []);
    return rises.length === 0 ? null : Math.max(...rises);
  };
  const { stable, reasons, crashes } = whole.assessment;
  const all = [...new Set([...reasons, ...known.flatMap(({ assessment }) => assessment.reasons)])];
  const drift = {
    ...whole.drift,
    ttft_ms_p50_percent: greatest((one) => one.ttft_ms_p50_percent),
    latency_ms_p95_percent: greatest((one) => one.latency_ms_p95_percent),
  };
  const most = Math.max(crashes, ...known.map(({ assessment }) => assessment.crashes));
  return { ...whole, drift, assessment: { stable: all.length > 0 ? false : stable, crashes: most, reasons: all } };
}
