import type { PhaseOutcome } from './executor.ts';

/** When a level counts as broken. Rates in percent, times in seconds, as in a scenario. */
export interface SearchRules {
  max_error_rate: number;
  max_p95_latency?: number | undefined;
  min_goodput?: number | undefined;
}

/** A rule that a level broke; the two of the scenario's `stop` ended it early. */
export interface Breach {
  rule: 'max_error_rate' | 'max_p95_latency' | 'min_goodput' | 'stop.max_error_rate' | 'stop.max_p95_latency';
  /** What was measured, in the unit of the rule; null where it was not. Of a latency with the requests that timed out, each at the time that it was waited for. */
  value: number | null;
  /** Null for a rule of `stop`, which is not the search's own. */
  limit: number | null;
}

/** Percent of a level's requests that failed; an arrival that was dropped is one that the service did not answer. Null when there was none. */
export function errorPercent({ phase, dropped }: PhaseOutcome): number | null {
  const all = phase.succeeded + phase.failed + dropped;
  return all === 0 ? null : (100 * (phase.failed + dropped)) / all;
}

/** Percent of a level's requests that kept within the objective; null without one. */
export function goodputPercent({ phase, dropped }: PhaseOutcome): number | null {
  const all = phase.succeeded + phase.failed + dropped;
  return all === 0 || phase.good === null ? null : (100 * phase.good) / all;
}

/** The first rule that a level broke, or null: it held. Pure, and asked in every worker alike. */
export function breachOf(outcome: PhaseOutcome, rules: SearchRules): Breach | null {
  const errors = errorPercent(outcome);
  const p95 = outcome.phase.waitedP95Ms === null ? null : outcome.phase.waitedP95Ms / 1000;
  const good = goodputPercent(outcome);
  if (errors !== null && errors > rules.max_error_rate) return { rule: 'max_error_rate', value: errors, limit: rules.max_error_rate };
  if (rules.max_p95_latency !== undefined && p95 !== null && p95 > rules.max_p95_latency)
    return { rule: 'max_p95_latency', value: p95, limit: rules.max_p95_latency };
  if (rules.min_goodput !== undefined && good !== null && good < rules.min_goodput)
    return { rule: 'min_goodput', value: good, limit: rules.min_goodput };
  if (outcome.stopReason === 'error_rate') return { rule: 'stop.max_error_rate', value: errors, limit: null };
  if (outcome.stopReason === 'p95_latency') return { rule: 'stop.max_p95_latency', value: p95, limit: null };
  return null;
}
