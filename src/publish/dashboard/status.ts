import type { Limits } from '../../config/thresholds/limits.ts';
import { limitedMetrics, limitsFor } from '../../config/thresholds/limits-for.ts';
import type { Thresholds } from '../../config/thresholds/thresholds.ts';
import type { ResultDocument, Series } from '../../result/document.ts';
import { splitKey, valueAt } from '../../result/metric-values.ts';
import { judgeMetric } from '../../verdict/judge-metric.ts';
import type { SeriesVerdict } from '../../verdict/verdict.ts';
import type { LiveMetric, LiveSample } from './sample.ts';
import { type LiveTargets, missedTarget } from './targets.ts';

/** A line to draw over a metric: a limit on its value, a target, the baseline, or as far as it may get from the baseline. */
export interface LimitLine {
  kind: 'max' | 'min' | 'warn' | 'target' | 'baseline' | 'regression';
  value: number;
}

/** One metric as it stands. */
export interface StatusRow {
  key: string;
  unit: string;
  value: number | null;
  baseline: number | null;
  change_percent: number | null;
  /** Null where nothing judges it, or too little was seen. */
  verdict: SeriesVerdict | null;
  light: 'green' | 'yellow' | 'red' | 'none';
  /** The rule that decided: `max 500`, `target min 30`. */
  rule: string | null;
  lines: LimitLine[];
}

/** What live figures are held against. */
export interface Yardstick {
  thresholds: Thresholds;
  /** The series that thresholds know the load by. */
  series: string;
  baseline: ResultDocument | null;
  /** What the scenario would like to see: missed, it is a warning, and no verdict. */
  targets: LiveTargets;
}

/** Always shown, in this order. */
const shown = ['requests_per_sec', 'tokens_per_sec', 'ttft_ms.p50', 'ttft_ms.p95', 'latency_s.p50', 'latency_s.p95', 'latency_s.p99', 'error_rate'];
const rates: ReadonlySet<string> = new Set(['requests_per_sec', 'tokens_per_sec']);

/**
 * Judges a sample by the rules that a result is judged by. Rates are judged only under a whole window of our own load, or starting and waiting would look
 * like a slow service.
 * @param steady whether the whole window was under load
 */
export function statusOf(sample: LiveSample, metrics: Readonly<Record<string, LiveMetric>>, yardstick: Yardstick, steady: boolean): StatusRow[] {
  const before = baselineSeries(yardstick);
  return keysOf(sample, yardstick).map(({ key, read }) => {
    const limits = limitsFor(yardstick.thresholds, yardstick.series, key);
    const baseline = before === null ? null : valueAt(before, key);
    const current = sample.values[read] ?? null;
    const { unit, better } = metrics[read] ?? metrics[key] ?? { unit: '', better: 'neither' as const };
    const isJudged = steady || !rates.has(key);
    const row =
      current === null || !isJudged || (limits === null && baseline === null)
        ? null
        : judgeMetric({ series: yardstick.series, metric: key, unit, better, baseline, current, baselineUnit: null, absence: null }, limits);
    const light = lightOf(row?.verdict ?? null, row?.rule ?? null);
    const target = yardstick.targets[key];
    const missed = target === undefined || current === null || !isJudged ? null : missedTarget(current, target);
    const byTarget = target !== undefined && current !== null && isJudged && light !== 'red' && light !== 'yellow';
    return {
      key,
      unit,
      value: current,
      baseline,
      change_percent: row?.change_percent ?? null,
      verdict: row?.verdict ?? null,
      light: !byTarget ? light : missed === null ? 'green' : 'yellow',
      rule: byTarget && missed !== null ? missed : (row?.rule ?? null),
      lines: [...linesOf(limits, baseline, better), ...targetLines(target)],
    };
  });
}

/** The latency beyond which the baseline's own spread makes a request a spike, ms; null without one. */
export function spikeLimitMs(baseline: ResultDocument | null): number | null {
  const latency = baseline?.results.latency_s;
  return latency?.mean == null || latency.stddev == null ? null : 1000 * (latency.mean + 3 * latency.stddev);
}

/** The series of a baseline that the load is compared with: of the same name, its first level, else (but for one of several parts) the first whole one. */
function baselineSeries({ baseline, series }: Yardstick): Series | null {
  const whole = baseline?.series.filter(({ detail }) => !detail) ?? [];
  const ofItsName = whole.find(({ id }) => id === series) ?? whole.find(({ id }) => id.startsWith(`${series}/`));
  return ofItsName ?? (series.includes('/') ? null : (whole[0] ?? null));
}

/** What is shown, and whatever thresholds name that is seen live: a limit on a statistic of a reading is held against the reading itself. */
function keysOf(sample: LiveSample, { thresholds, series, targets }: Yardstick): { key: string; read: string }[] {
  const keys = new Set([...shown, ...Object.keys(targets), ...limitedMetrics(thresholds, series)]);
  return [...keys].flatMap((key) => {
    if (Object.hasOwn(sample.values, key)) return [{ key, read: key }];
    const { metric } = splitKey(key);
    return Object.hasOwn(sample.values, metric) ? [{ key, read: metric }] : [];
  });
}

function lightOf(verdict: SeriesVerdict | null, rule: string | null): StatusRow['light'] {
  if (verdict === 'regressed') return 'red';
  if (verdict === 'warn') return 'yellow';
  return (verdict === 'ok' && rule !== null) || verdict === 'improved' ? 'green' : 'none';
}

function linesOf(limits: Limits | null, baseline: number | null, better: LiveMetric['better']): LimitLine[] {
  const { max, min, warn_max, warn_min, max_regression_percent: percent } = limits ?? {};
  const line = (kind: LimitLine['kind'], value: number | undefined): LimitLine[] => (value === undefined ? [] : [{ kind, value }]);
  const factor = percent === undefined || better === 'neither' ? null : better === 'lower' ? 1 + percent / 100 : 1 - percent / 100;
  return [
    ...line('max', max),
    ...line('min', min),
    ...line('warn', warn_max ?? warn_min),
    ...(baseline === null ? [] : line('baseline', baseline)),
    ...(baseline === null || factor === null ? [] : line('regression', baseline * factor)),
  ];
}

const targetLines = ({ min, max }: LiveTargets[string] = {}): LimitLine[] =>
  [min, max].filter((value) => value !== undefined).map((value) => ({ kind: 'target', value }));
