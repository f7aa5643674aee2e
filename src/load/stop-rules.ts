import type { Figures } from '../measure/meter.ts';
import type { StopReason } from './executor.ts';

/** When to stop before the planned end. */
export interface StopRules {
  /** Percent of the requests that ended. */
  maxErrorRate: number | null;
  /** Held against what people waited: a request that timed out took at least as long. */
  maxP95LatencyMs: number | null;
}

/** Why a load ended, where a rule ended it. */
type RuleReason = Extract<StopReason, 'error_rate' | 'p95_latency'>;

/** Whether a rule of the scenario's `stop` ended the load. */
export function isRule(reason: string | null): reason is RuleReason {
  return reason === 'error_rate' || reason === 'p95_latency';
}

/** A rule is asked only once this many requests have ended: one failure of three is no rate. */
const enoughRequests = 20;

/** The rule that the figures break, or null. Pure. */
export function brokenRule(figures: Pick<Figures, 'succeeded' | 'failed' | 'waitedP95Ms'>, rules: StopRules): RuleReason | null {
  const ended = figures.succeeded + figures.failed;
  if (ended < enoughRequests) return null;
  if (rules.maxErrorRate !== null && (100 * figures.failed) / ended > rules.maxErrorRate) return 'error_rate';
  if (rules.maxP95LatencyMs !== null && figures.waitedP95Ms !== null && figures.waitedP95Ms > rules.maxP95LatencyMs) return 'p95_latency';
  return null;
}
