import type { AcceptedChange, Better } from '../result/document.ts';

export const ruleVersion = 1;

export type SeriesVerdict = 'regressed' | 'ok' | 'improved' | 'warn' | 'inconclusive' | 'new' | 'missing';
export type OverallVerdict = SeriesVerdict | 'invalid';

/** The judgement of one metric of one series: a row of the comment. The shape is a public contract (`compare --format json`). */
export interface MetricVerdict {
  series: string;
  /** `ttft_ms.p95`, or `error_rate` for a metric with one value. */
  metric: string;
  verdict: SeriesVerdict;
  baseline: number | null;
  current: number | null;
  unit: string;
  /** The baseline's own unit, where it is another one: the two values are not compared. */
  baseline_unit?: string;
  better: Better;
  /** Raw signed change of the value; `better` says which way is good. Null without a baseline, or from zero. */
  change_percent: number | null;
  interval_percent: [number, number] | null;
  noise_percent: number | null;
  /** The smallest change that this comparison could have told from none. */
  detectable_percent: number | null;
  /** The regression limit that applied, in percent of the baseline. */
  limit_percent: number | null;
  /** The limit on the value itself (max or min) that applied. */
  limit: number | null;
  /** Which rule decided, in a reader's words: `max_regression_percent 20`, `max 500`, `warn_change_percent 15 (better)`. */
  rule: string | null;
}

/** What a paired measurement took, and what it would take to settle it. */
export interface PairedCost {
  /** Pairs of rounds that the verdict rests on; the first round of each side is in none. */
  pairs: number;
  /** Rounds of both sides together. */
  rounds: number;
  /** Wall time from the start of the services to the verdict, and the budget. */
  minutes: number;
  budget_minutes: number;
  /** Pairs and minutes beyond these that would probably (four times in five) settle it; null when it is settled, or when no sensible number would. */
  pairs_to_settle: number | null;
  minutes_to_settle: number | null;
}

/** A check that failed, and with it the measurement. */
export interface ValidityFault {
  /** Whose rounds; the baseline's count where they were measured beside the current ones (mode paired). */
  side: 'current' | 'baseline';
  check: string;
  /** What was found and what to change. */
  detail: string;
}

/** What a result was compared with. */
export interface BaselineSummary {
  runs: number;
  sha: string | null;
  cohort: string | null;
  /** Commits between it and the commit that `relation` names; negative after it. Null where that is not known. */
  distance: number | null;
  /** `merge base`, `first parent`, `previous commit`, `queue's base`, `this commit`; left out or null where not known. */
  relation?: string | null;
}

/** The whole comparison. */
export interface Verdict {
  verdict: OverallVerdict;
  /** Where it is `invalid`: why, as far as the results say. Left out otherwise. */
  invalid_because?: ValidityFault[];
  rule_version: number;
  mode: 'rules' | 'screen' | 'paired';
  /** Null when there was none: only limits were judged. */
  baseline: BaselineSummary | null;
  alpha: number | null;
  beta: number | null;
  series: MetricVerdict[];
  /** Its slow-down is known and was accepted: told, but it fails no check. Left out where it was not, or where a limit on a value is broken. */
  accepted?: AcceptedChange;
  /** Mode paired alone, where this program measured the rounds itself. */
  paired?: PairedCost;
  /** Differences between the sides and other remarks, a sentence each. */
  notes: string[];
}
