import type { Limits } from '../config/thresholds/limits.ts';
import type { Thresholds } from '../config/thresholds/thresholds.ts';
import { median } from '../measure/median.ts';
import type { Better, ResultDocument, Series } from '../result/document.ts';
import { metricOf } from '../result/metric-values.ts';
import type { Decision } from './decide.ts';
import { type PairedBaseline, vanishedRows, whyAbsent, whyUnanswered } from './evaluate.ts';
import { judgeMetric } from './judge-metric.ts';
import { limitBook, shownKeys } from './limited-keys.ts';
import { judgeValue, shownLimit } from './limits.ts';
import { type Direction, directionOf, limitOnLogScale, rawInterval, rawPercent } from './log-scale.ts';
import { worse } from './overall.ts';
import { isTail, type Role, roleOf, tailFactor } from './role.ts';
import { toPercent } from './sample.ts';
import { runValues } from './values.ts';
import type { MetricVerdict, SeriesVerdict } from './verdict.ts';

/** Where the limits on a change come from that thresholds do not state. */
export interface LimitOptions {
  /** In percent, for gating metrics; tails get three times as much. */
  limitPercent: number;
  /** The limit holds for gating metrics whatever thresholds state (`ab --limit`). */
  override: boolean;
}

/** A metric that statistics have to judge. */
export interface Question {
  series: Series;
  key: string;
  unit: string;
  better: Better;
  /** Null where neither direction is better. */
  direction: Direction | null;
  role: Role;
  limits: Limits | null;
  limitPercent: number;
  /** `limitPercent` is a default and was not stated. */
  isDefault: boolean;
  /** Baselines that measured it in the same unit, newest first, each with its series. */
  baselines: { document: ResultDocument; series: Series }[];
}

/** In the order to be shown: rows that need no statistics, and questions. */
export type RowOrQuestion = { row: MetricVerdict } | { question: Question };

/** What a statistical method found of one question. Log scale, worse positive. */
export interface Answer {
  decision: Decision;
  /** In the metric's unit; null where no value stands for the side. */
  baseline: number | null;
  current: number | null;
  change: number | null;
  noise: number | null;
  interval: [number, number] | null;
  detectable: number | null;
  /** The limit in points of percentage that it was held against instead of the question's; left out or null where there was none. */
  limitPoints?: number | null;
  /** What decided, a phrase. */
  because: string;
}

/** Every row of a comparison: those that rules and limits settle by themselves (missing, new, units that differ), and questions for the rest. */
export function rowsAndQuestions(
  current: ResultDocument,
  baselines: readonly PairedBaseline[],
  thresholds: Thresholds,
  options: LimitOptions,
  notes: string[],
): RowOrQuestion[] {
  const book = limitBook(thresholds);
  const rows = current.series.flatMap((series): RowOrQuestion[] => {
    const matches = baselines.flatMap(({ document, pairing }) => {
      const match = pairing.matched.get(series.id);
      return match ? [{ document, series: match }] : [];
    });
    const shown = new Set([...shownKeys(series), ...(matches[0] ? shownKeys(matches[0].series) : [])]);
    const keys = [...new Set([...shown, ...book.limited(series)])];
    if (series.detail && matches.length === 0 && baselines.length > 0 && !keys.some((key) => book.of(series, key))) return [];
    return keys.flatMap((key): RowOrQuestion[] => {
      const gate = book.gates(series, key);
      const limits = book.of(series, key) ?? (gate === null ? null : { gate });
      const metric = metricOf(series, key);
      const values = runValues(current, series, key);
      const measured = matches.filter((match) => runValues(match.document, match.series, key).length > 0);
      const before = measured[0] ? metricOf(measured[0].series, key) : null;
      const lacking = values.length === 0 && measured.length === 0 ? whyUnanswered(series, key, limits) : null;
      if (values.length === 0 && measured.length === 0 && lacking === null && !book.names(series, key)) return [];
      const unit = metric?.unit ?? before?.unit ?? '';
      const better = metric?.better ?? before?.better ?? 'neither';
      const alike = measured.filter((match) => metricOf(match.series, key)?.unit === unit);
      if (values.length > 0 && alike.length > 0) {
        if (alike.length < measured.length) notes.push(`${key} of ${series.id}: ${measured.length - alike.length} baselines have another unit`);
        return [{ question: question({ series, key, unit, better, limits, baselines: alike }, options) }];
      }
      const absence = values.length === 0 ? (lacking ?? whyAbsent(series, key)) : null;
      if (absence !== null && limits === null) {
        notes.push(`${key} of ${series.id} was not compared: ${absence}`);
        return [];
      }
      const baselineUnit = metric !== null && before !== null && metric.unit !== before.unit ? before.unit : null;
      const baseline = median(measured.flatMap((match) => runValues(match.document, match.series, key)));
      return [
        { row: judgeMetric({ series: series.id, metric: key, unit, better, baseline, current: median(values), baselineUnit, absence }, limits) },
      ];
    });
  });
  return [...rows, ...vanishedRows(baselines[0], book).map((row) => ({ row }))];
}

function question(
  asked: Pick<Question, 'series' | 'key' | 'unit' | 'better' | 'limits' | 'baselines'>,
  { limitPercent, override }: LimitOptions,
): Question {
  const { series, key, better, limits } = asked;
  const role = roleOf(series, key, better, limits);
  const stated = override && role === 'gating' ? undefined : limits?.max_regression_percent;
  const fallback = isTail(key) ? tailFactor * limitPercent : limitPercent;
  return { ...asked, direction: directionOf(better), role, limitPercent: stated ?? fallback, isDefault: stated === undefined };
}

/** The limit of a question on the log scale, towards the worse. */
export function limitOf({ direction, limitPercent }: Question): number {
  return limitOnLogScale(limitPercent, direction ?? 1);
}

/** The row that answers a question: the statistics' decision and the limits on the value itself, the worse of both. */
export function answered(asked: Question, answer: Answer): MetricVerdict {
  const { series, key, unit, better, limits, role } = asked;
  const direction = asked.direction ?? 1;
  const value = limits && answer.current !== null ? judgeValue(answer.current, limits) : null;
  const change = byStatistics(asked, answer);
  const decided = value !== null && worse(change.verdict, value.verdict) !== change.verdict ? value : change;
  const capped =
    decided.verdict === 'regressed' && limits?.gate === false ? { verdict: 'warn' as const, rule: `${decided.rule} (advises only)` } : decided;
  return {
    series: series.id,
    metric: key,
    ...capped,
    baseline: answer.baseline,
    current: answer.current,
    unit,
    better,
    change_percent: answer.change === null ? null : rawPercent(answer.change, direction),
    interval_percent: answer.interval && rawInterval(...answer.interval, direction),
    noise_percent: answer.noise === null ? null : toPercent(answer.noise),
    detectable_percent: answer.detectable === null ? null : toPercent(answer.detectable),
    limit_percent: role === 'shown' || typeof answer.limitPoints === 'number' ? null : asked.limitPercent,
    limit: limits ? shownLimit(limits, capped.rule) : null,
  };
}

function byStatistics(
  asked: Question,
  { decision, change, interval, because, limitPoints }: Answer,
): { verdict: SeriesVerdict; rule: string | null } {
  const { role, limits, limitPercent, isDefault, better } = asked;
  const why = [isDefault ? 'default' : '', because].filter(Boolean).join('; ');
  const limit = typeof limitPoints === 'number' ? `max_rise_points ${limitPoints}` : `max_regression_percent ${limitPercent}`;
  const rule = `${limit} (${why})`;
  if (decision === 'regressed' && role === 'gating') return { verdict: 'regressed', rule };
  if (decision === 'inconclusive' && role === 'gating') return { verdict: 'inconclusive', rule };
  if (decision === 'regressed' && role === 'advising') return { verdict: 'warn', rule: `${rule} (advises only)` };
  const warning = change === null ? null : warningOf(change, interval, limits, better);
  if (warning !== null) return { verdict: 'warn', rule: warning };
  if (role === 'shown') return { verdict: 'ok', rule: null };
  if (decision === 'improved') return { verdict: 'improved', rule: `${limit} (better)` };
  return { verdict: 'ok', rule: decision === 'inconclusive' ? `${rule} (advises only)` : rule };
}

/** Warning limits count only where the data refute that nothing changed. */
function warningOf(change: number, interval: [number, number] | null, limits: Limits | null, better: Better): string | null {
  if (interval === null || (interval[0] <= 0 && interval[1] >= 0)) return null;
  const direction = directionOf(better);
  const { warn_regression_percent: fall, warn_change_percent: either } = limits ?? {};
  if (fall !== undefined && direction !== null && change > limitOnLogScale(fall, direction)) return `warn_regression_percent ${fall}`;
  if (either === undefined || Math.abs(rawPercent(change, direction ?? 1)) <= either) return null;
  const word = direction === null ? (change > 0 ? 'up' : 'down') : change > 0 ? 'worse' : 'better';
  return `warn_change_percent ${either} (${word})`;
}
