import type { RequestTimes } from './definitions.ts';

/** What a request must keep within to count as good; ms, null: no limit. */
export interface Slo {
  ttftMs: number | null;
  tpotMs: number | null;
  latencyMs: number | null;
}

/**
 * Whether a successful request kept within the objective. A first token that was not seen (an answer in one piece) did not come in time;
 * a time per token that an answer of one token does not have is no fault.
 */
export function withinSlo(times: RequestTimes, slo: Slo): boolean {
  if (slo.ttftMs !== null && (times.ttftMs === null || times.ttftMs > slo.ttftMs)) return false;
  if (slo.tpotMs !== null && times.tpotMs !== null && times.tpotMs > slo.tpotMs) return false;
  return slo.latencyMs === null || times.latencyMs <= slo.latencyMs;
}
