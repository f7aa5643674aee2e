import type { Level } from './levels.ts';

/** When a level counts as broken. Rates in percent, times in seconds, as in a scenario. */
export interface LevelRules {
  max_error_rate: number;
  max_p95_latency?: number | undefined;
  min_goodput?: number | undefined;
}

/** A rule that a level broke; the two of the scenario's `stop` ended it early. */
export interface Breach {
  rule: 'max_error_rate' | 'max_p95_latency' | 'min_goodput' | 'stop.max_error_rate' | 'stop.max_p95_latency';
  /** What was measured, in the unit of the rule; null where it was not. Of a latency with the requests that timed out, each at the time that it was waited for. */
  value: number | null;
  /** Null for a rule of `stop`, which is not among those given. */
  limit: number | null;
}

type Judged = Pick<Level, 'error_rate' | 'p95_latency_s' | 'waited_p95_s' | 'goodput' | 'stop_reason'>;

/** The first rule that a level broke, or null. Pure, and asked in every worker alike. */
export function breachOf(level: Judged, rules: LevelRules): Breach | null {
  const { error_rate: errors, p95_latency_s: answered, waited_p95_s: p95 = answered, goodput: good, stop_reason: reason } = level;
  if (errors !== null && errors > rules.max_error_rate) return { rule: 'max_error_rate', value: errors, limit: rules.max_error_rate };
  if (rules.max_p95_latency !== undefined && p95 !== null && p95 > rules.max_p95_latency)
    return { rule: 'max_p95_latency', value: p95, limit: rules.max_p95_latency };
  if (rules.min_goodput !== undefined && good !== null && good < rules.min_goodput)
    return { rule: 'min_goodput', value: good, limit: rules.min_goodput };
  if (reason === 'error_rate') return { rule: 'stop.max_error_rate', value: errors, limit: null };
  if (reason === 'p95_latency') return { rule: 'stop.max_p95_latency', value: p95, limit: null };
  return null;
}

/** Whether a level was ended from outside before its load had been driven: it says nothing of the load, neither that it held nor that it broke. */
export function isCutOff({ stop_reason: reason }: { stop_reason: string | null }): boolean {
  return reason === 'interrupted' || reason === 'service_crashed' || reason === 'budget' || reason === 'ended';
}

/** Whether a level was driven to its end, within the rules; what was not measured has not held. */
export function holds(level: Judged, rules: LevelRules): boolean {
  const known =
    level.error_rate !== null &&
    (rules.max_p95_latency === undefined || level.p95_latency_s !== null) &&
    (rules.min_goodput === undefined || level.goodput !== null);
  return known && !isCutOff(level) && breachOf(level, rules) === null;
}

/** The lowest level that broke a rule, and those below it that held; both by ascending load. Levels that were cut off are neither. */
export function sustained(levels: readonly Level[], rules: LevelRules): { held: Level[]; broken: ({ load: number } & Breach) | null } {
  const ascending = levels.filter((level) => !isCutOff(level)).toSorted((a, b) => a.load - b.load);
  let broken: ({ load: number } & Breach) | null = null;
  for (const level of ascending) {
    const breach = breachOf(level, rules);
    if (breach === null) continue;
    broken = { load: level.load, ...breach };
    break;
  }
  return { held: ascending.filter((level) => holds(level, rules) && (broken === null || level.load < broken.load)), broken };
}
