import type { Limits } from '../config/thresholds/limits.ts';
import type { Thresholds } from '../config/thresholds/thresholds.ts';
import { median } from '../measure/median.ts';
import { isDistribution, type ResultDocument, type Series } from '../result/document.ts';
import { metricOf, splitKey, valueAt } from '../result/metric-values.ts';
import { judgeMetric } from './judge-metric.ts';
import { type LimitBook, limitBook, shownKeys } from './limited-keys.ts';
import { wholeOf } from './overall.ts';
import { type Pairing, pairSeries } from './pair-series.ts';
import { roleOf } from './role.ts';
import { unjudgedNotes } from './unjudged.ts';
import { runValues } from './values.ts';
import { type MetricVerdict, ruleVersion, type Verdict } from './verdict.ts';

/** By how much a gating metric of another tool may get worse by rules where no limit names it: those tools' users write no limits for us. */
export const importedLimitPercent = 20;

/** A baseline document and which of its series answers to which current one. */
export interface PairedBaseline {
  document: ResultDocument;
  pairing: Pairing;
}

/**
 * Judges a result by fixed percentages against one or more baselines, and by the limits on its values alone where there is none.
 * A side's value is the median over its runs (over those of all baselines together). Rows: every metric with a limit, and the main ones.
 * Series and metrics that only the newest baseline has are `missing`; those that no baseline has are `new`. Pure; the noise is not known to it.
 */
export function judgeByRules(baselines: readonly ResultDocument[], current: ResultDocument, thresholds: Thresholds): Verdict {
  const book = limitBook(thresholds);
  const paired = newestFirst(baselines).map((document): PairedBaseline => ({ document, pairing: pairSeries(current, document) }));
  const notes: string[] = [];
  const rows = current.series.flatMap((series) => seriesRows(series, current, paired, book, notes));
  rows.push(...vanishedRows(paired[0], book));
  if (rows.length === 0) notes.push('the result holds no metric that could be judged');
  if (current.imported !== undefined && paired.length > 0)
    notes.push(`metrics of another tool that no limit names may get worse by ${importedLimitPercent}%`);
  notes.push(...unjudgedNotes(rows));
  for (const note of new Set(paired.map(({ pairing }) => pairing.note))) if (note !== null) notes.unshift(note);
  return {
    ...wholeOf(rows, current, null),
    rule_version: ruleVersion,
    mode: 'rules',
    baseline: describeBaselines(paired.map(({ document }) => document)),
    alpha: null,
    beta: null,
    series: rows,
    notes,
  };
}

/** By timestamp, newest first; documents without one keep their order behind the others, the last named first. */
export function newestFirst(documents: readonly ResultDocument[]): ResultDocument[] {
  return documents
    .map((document, index) => ({ document, index, time: Date.parse(document.timestamp) || 0 }))
    .sort((a, b) => b.time - a.time || b.index - a.index)
    .map(({ document }) => document);
}

/** What a verdict says of its baselines; null where there are none. */
export function describeBaselines(documents: readonly ResultDocument[]): Verdict['baseline'] {
  const [newest] = documents;
  if (newest === undefined) return null;
  const runs = documents.reduce((count, document) => count + Math.max(1, document.runs.length), 0);
  const oneCohort = documents.every((document) => document.cohort === newest.cohort);
  return { runs, sha: newest.git.sha, cohort: oneCohort && newest.cohort !== '' ? newest.cohort : null, distance: null };
}

/** A baseline's series, with the document it stands in. */
interface Match {
  document: ResultDocument;
  series: Series;
}

function seriesRows(
  series: Series,
  current: ResultDocument,
  baselines: readonly PairedBaseline[],
  book: LimitBook,
  notes: string[],
): MetricVerdict[] {
  const matches = baselines.flatMap(({ document, pairing }): Match[] => {
    const match = pairing.matched.get(series.id);
    return match ? [{ document, series: match }] : [];
  });
  const shown = new Set([...shownKeys(series), ...(matches[0] ? shownKeys(matches[0].series) : [])]);
  const keys = [...new Set([...shown, ...book.limited(series)])];
  // A class of requests that no baseline knows is a detail of a series that is compared as a whole.
  if (series.detail && matches.length === 0 && baselines.length > 0 && !keys.some((key) => book.of(series, key))) return [];
  return keys.flatMap((key) => metricRow(series, key, shown.has(key), current, matches, book, notes) ?? []);
}

const importedLimits = { max_regression_percent: importedLimitPercent };

/** The row of one metric, or null where there is nothing to say of it. */
function metricRow(
  series: Series,
  key: string,
  shown: boolean,
  current: ResultDocument,
  matches: readonly Match[],
  book: LimitBook,
  notes: string[],
): MetricVerdict | null {
  const stated = book.of(series, key);
  if (stated === null && !shown) return null;
  const metric = metricOf(series, key);
  const measured = matches.map((match) => ({ ...match, metric: metricOf(match.series, key) }));
  const before = measured.find((match) => match.metric !== null)?.metric ?? null;
  // Only baselines of one unit make one median: the newest one's.
  const alike = measured.filter((match) => match.metric === null || match.metric.unit === before?.unit);
  const baseline = median(alike.flatMap((match) => runValues(match.document, match.series, key)));
  const value = median(runValues(current, series, key));
  const lacking = value === null && baseline === null ? whyUnanswered(series, key, stated) : null;
  if (value === null && baseline === null && lacking === null && !book.names(series, key)) return null;
  const absence = value === null ? (lacking ?? whyAbsent(series, key)) : null;
  if (absence !== null && stated === null) {
    notes.push(`${key} of ${series.id} was not compared: ${absence}`);
    return null;
  }
  const { unit, better } = metric ?? before ?? { unit: '', better: 'neither' as const };
  // A limit that only warns of whatever there is says nothing of how bad another tool's metric may get.
  const unlimited = stated?.max_regression_percent === undefined && !book.names(series, key) && current.imported !== undefined && baseline !== null;
  const gates = unlimited && roleOf(series, key, better, book.gates(series, key) === false ? { gate: false } : null) === 'gating';
  const limits = gates && (stated === null || key !== 'error_rate') ? { ...importedLimits, ...stated } : stated;
  const baselineUnit = metric !== null && before !== null && metric.unit !== before.unit ? before.unit : null;
  return judgeMetric({ series: series.id, metric: key, unit, better, baseline, current: value, baselineUnit, absence }, limits);
}

/** Samples of which a statistic is always given, by whatever tool: where it is not, it was no matter of their number. */
const enough: Readonly<Record<string, number>> = { p90: 20, p95: 20, p99: 100, p999: 1000 };

/** A distribution that was measured, but of too few samples for this statistic, has not vanished. */
export function whyAbsent(series: Series, key: string): string | null {
  const metric = metricOf(series, key);
  if (metric === null || !isDistribution(metric) || metric.count === 0 || metric.mean === null) return null;
  const { statistic } = splitKey(key);
  return metric.count >= (enough[statistic ?? ''] ?? 2) ? null : `too few samples for ${statistic} (${metric.count})`;
}

/**
 * Why a limit on a value has none to hold, though the series has the metric; null where it has one, lacks the metric altogether, or no such limit is stated. A
 * limit on whatever there is (`*`) is not broken by what is not there, but a metric without a figure would else leave it unsaid.
 */
export function whyUnanswered(series: Series, key: string, limits: Limits | null): string | null {
  const metric = metricOf(series, key);
  if (metric === null || valueAt(series, key) !== null || limits === null || (isDistribution(metric) && metric.count === 0)) return null;
  const { max, min, warn_max, warn_min } = limits;
  if ((max ?? min ?? warn_max ?? warn_min) === undefined) return null;
  return whyAbsent(series, key) ?? `not known, but a limit holds for it${metric.note === undefined ? '' : `: ${metric.note}`}`;
}

/** Series of the newest baseline that the current result lacks: a row for each of their limited metrics, or for the first main one. */
export function vanishedRows(newest: PairedBaseline | undefined, book: LimitBook): MetricVerdict[] {
  if (newest === undefined) return [];
  return newest.pairing.unmatched.flatMap((series) => {
    const measured = [...new Set([...shownKeys(series), ...book.limited(series)])].filter((key) => valueAt(series, key) !== null);
    const limited = measured.filter((key) => book.of(series, key) !== null);
    const fallback = measured[0] ?? Object.keys(series.metrics)[0];
    const keys = limited.length > 0 ? limited : fallback === undefined ? [] : [fallback];
    return keys.map((key) => {
      const { unit, better } = metricOf(series, key) ?? { unit: '', better: 'neither' as const };
      const baseline = median(runValues(newest.document, series, key));
      const sides = {
        series: series.id,
        metric: key,
        unit,
        better,
        baseline,
        current: null,
        baselineUnit: null,
        absence: 'the whole series is missing',
      };
      return judgeMetric(sides, book.of(series, key));
    });
  });
}
