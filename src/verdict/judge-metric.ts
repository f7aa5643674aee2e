import type { Limits } from '../config/thresholds/limits.ts';
import type { Better } from '../result/document.ts';
import { type Finding, judgeValue, shownLimit } from './limits.ts';
import { worse } from './overall.ts';
import { changePercent, judgeChange, shownLimitPercent, whyNoPercent } from './rules.ts';
import type { MetricVerdict } from './verdict.ts';

/** Both sides of one metric. A side without a value was not measured. */
export interface MetricSides {
  series: string;
  metric: string;
  unit: string;
  better: Better;
  baseline: number | null;
  current: number | null;
  /** The baseline's unit where it differs: the values cannot be compared. */
  baselineUnit: string | null;
  /** Why the current value is not there, in a reader's words; null for no particular reason. */
  absence: string | null;
}

/** The row of one metric: limits on the value itself and the rules on its change, the worse of both. */
export function judgeMetric(sides: MetricSides, limits: Limits | null): MetricVerdict {
  const { baseline, current, baselineUnit, better } = sides;
  const comparable = baselineUnit === null;
  const finding = capped(find(sides, limits), limits);
  const compared = comparable && baseline !== null && current !== null;
  return {
    series: sides.series,
    metric: sides.metric,
    ...finding,
    baseline,
    current,
    unit: sides.unit,
    ...(baselineUnit === null ? {} : { baseline_unit: baselineUnit }),
    better,
    change_percent: compared ? changePercent(baseline, current) : null,
    interval_percent: null,
    noise_percent: null,
    detectable_percent: null,
    limit_percent: limits ? shownLimitPercent(limits) : null,
    limit: limits ? shownLimit(limits, finding.rule) : null,
  };
}

/** The rule of a row whose time went to zero. */
export const timeOfZero = 'a time of zero: was it measured?';

/** Units of times, as results spell them: nothing takes no time at all. */
const times: ReadonlySet<string> = new Set(['ns', 'us', 'ms', 's']);

function find(sides: MetricSides, limits: Limits | null): Finding {
  const { baseline, current, baselineUnit, better } = sides;
  if (current === null)
    return { verdict: 'missing', rule: sides.absence ?? (baseline === null ? 'not measured, but a limit names it' : 'not measured any more') };
  const value = limits ? judgeValue(current, limits) : null;
  if (baselineUnit !== null) {
    const unlike: Finding = { verdict: 'warn', rule: `units differ: ${baselineUnit || 'none'} in the baseline, ${sides.unit || 'none'} now` };
    return value?.verdict === 'regressed' ? value : unlike;
  }
  if (baseline === null) return value ?? { verdict: 'new', rule: null };
  const impossible = current === 0 && baseline > 0 && times.has(sides.unit);
  if (impossible && value?.verdict !== 'regressed') return { verdict: 'warn', rule: timeOfZero };
  const change = limits ? judgeChange(baseline, current, better, limits) : null;
  const belowZero = current < 0 && baseline >= 0;
  if (belowZero && change === null && value?.verdict !== 'regressed') return { verdict: 'warn', rule: whyNoPercent(baseline, current) };
  if (value === null || change === null) return value ?? change ?? { verdict: 'ok', rule: withoutPercent(baseline, current) };
  // A held limit has nothing to say beside an improvement or a regression; equal ranks leave the word to the change.
  return worse(change.verdict, value.verdict) === change.verdict ? change : value;
}

/** Why a row without limits shows no change; null when it does. */
function withoutPercent(baseline: number, current: number): string | null {
  if (current === baseline) return null;
  return changePercent(baseline, current) === null ? whyNoPercent(baseline, current) : null;
}

/** `gate: false` advises: never worse than a warning. */
function capped(finding: Finding, limits: Limits | null): Finding {
  return finding.verdict === 'regressed' && limits?.gate === false ? { verdict: 'warn', rule: `${finding.rule} (advises only)` } : finding;
}
