import type { ResultDocument } from '../result/document.ts';
import { timeOfZero } from '../verdict/judge-metric.ts';
import { isUnjudged } from '../verdict/unjudged.ts';
import type { MetricVerdict, OverallVerdict, Verdict } from '../verdict/verdict.ts';
import { type Escaping, oneLine } from './escape.ts';
import { metricName, shortSeriesName, unitIsInName } from './names.ts';
import { formatChange, formatLimitPercent, formatPercent, formatValue, percentInWords, plural } from './numbers.ts';
import { hasManySeries, isBetter, reasonOf, whyUncompared, worstFirst } from './rows.ts';

export type Headline = { emoji: string; sentence: string };

const emojis: Record<OverallVerdict, string> = {
  invalid: '⛔',
  regressed: '❌',
  inconclusive: '❔',
  warn: '⚠️',
  missing: '⚠️',
  ok: '✅',
  improved: '✅',
  new: '🆕',
};

/**
 * The verdict in one sentence: the worst metric with its change and its limit, and how many more there are. Not capitalised, no full stop.
 */
export function headline(verdict: Verdict, current: ResultDocument, escaping: Escaping): Headline {
  const emoji = emojiOf(verdict);
  const accepted = verdict.accepted ? `; accepted by ${escaping.text(verdict.accepted.by)}` : '';
  return { emoji, sentence: sentenceOf(verdict, current, escaping) + accepted };
}

function emojiOf(verdict: Verdict): string {
  if (isFirstRun(verdict)) return emojis.new;
  if (verdict.accepted) return emojis.warn;
  const judged = verdict.verdict !== 'ok' || verdict.series.length === 0 || verdict.series.some((row) => !isUnjudged(row));
  return judged ? emojis[verdict.verdict] : emojis.inconclusive;
}

/** No baseline, and nothing else to complain of. */
export function isFirstRun(verdict: Verdict): boolean {
  return verdict.baseline === null && (verdict.verdict === 'ok' || verdict.verdict === 'new' || verdict.verdict === 'improved');
}

function sentenceOf(verdict: Verdict, current: ResultDocument, escaping: Escaping): string {
  if (verdict.verdict === 'invalid') return `the measurement is not valid${invalidBecause(verdict, escaping)}`;
  if (isFirstRun(verdict)) {
    const limits = verdict.series.filter((row) => row.limit !== null).length;
    return `first measurement, nothing to compare with yet${limits > 0 ? `; ${plural(limits, 'limit')} held` : ''}`;
  }
  if (verdict.series.length === 0) return 'nothing was measured that could be judged';
  const worst = worstFirst(verdict.series.filter((row) => row.verdict === verdict.verdict));
  const [first] = worst;
  const count = plural(verdict.series.length, 'metric');
  if (verdict.verdict === 'new') return `${count} measured for the first time, nothing to compare with yet`;
  if (first === undefined || verdict.verdict === 'ok') return noRegression(verdict.series);
  const more = worst.length > 1 ? `, and ${worst.length - 1} more` : '';
  const said = describe(first, verdict, current, escaping) + more;
  if (verdict.verdict === 'inconclusive') return `inconclusive: ${said}`;
  return verdict.verdict === 'improved' ? `no regression; ${said}` : said;
}

/** Nothing is claimed of metrics that could not be judged. */
function noRegression(rows: readonly MetricVerdict[]): string {
  const unjudged = rows.filter(isUnjudged).length;
  const why = 'for it is not known which way is better';
  if (unjudged === 0) return `no regression in ${plural(rows.length, 'metric')}`;
  if (unjudged === rows.length) return `nothing could be judged in ${plural(unjudged, 'metric')}, ${why}`;
  return `no regression in ${plural(rows.length - unjudged, 'metric')}; ${unjudged} not judged, ${why}`;
}

function invalidBecause({ invalid_because: faults = [] }: Verdict, escaping: Escaping): string {
  const [first] = faults;
  if (first === undefined) return '';
  return `: ${escaping.text(oneLine(first.detail || first.check, 160))}${faults.length > 1 ? `, and ${faults.length - 1} more` : ''}`;
}

/** One row as a clause: `TTFT p95 regressed by 31% (limit 20%)`, `Error rate is 2.10 %, above its limit of 1 %`. */
export function describe(row: MetricVerdict, verdict: Verdict, current: ResultDocument, escaping: Escaping): string {
  const series = hasManySeries(verdict.series) ? ` of ${escaping.code(shortSeriesName(row.series, current.scenario))}` : '';
  const name = `${escaping.text(metricName(row.metric))}${series}`;
  const options = { namedUnit: unitIsInName(row.metric) };
  const value = escaping.text(formatValue(row.current, row.unit, options));
  if (row.verdict === 'missing')
    return row.baseline === null
      ? `${name} has a limit and was not measured${missingBecause(row, escaping)}`
      : `${name} was measured in the baseline and is missing now${missingBecause(row, escaping)}`;
  if (row.verdict === 'new') return `${name} is new: ${value}`;
  const reason = reasonOf(row);
  if ((row.verdict === 'regressed' || row.verdict === 'warn') && reason.kind === 'value') {
    const limit = escaping.text(formatValue(reason.limit, row.unit, { ...options, like: row.current, exact: true }));
    const bound = row.verdict === 'warn' ? 'warning limit' : 'limit';
    return row.current === null
      ? `${name} has a ${bound} of ${limit} and was not measured`
      : `${name} is ${value}, ${reason.side} its ${bound} of ${limit}`;
  }
  if (reason.kind === 'rise' && row.verdict === 'regressed')
    return `${name} ${changeInWords(row, null, escaping)} (limit +${plural(reason.points, 'point')})`;
  return `${name} ${changeInWords(row, reason.kind === 'change' ? reason.limitPercent : null, escaping)}`;
}

/** What the row knows of why it has no value, beside that it has none. */
function missingBecause({ rule }: MetricVerdict, escaping: Escaping): string {
  return rule !== null && /^too few samples/.test(rule) ? `: ${escaping.text(oneLine(rule, 160))}` : '';
}

function changeInWords(row: MetricVerdict, limit: number | null, escaping: Escaping): string {
  const options = { namedUnit: unitIsInName(row.metric), like: Math.max(Math.abs(row.baseline ?? 0), Math.abs(row.current ?? 0)) };
  const fromTo = () =>
    `went from ${escaping.text(formatValue(row.baseline, row.baseline_unit ?? row.unit, options))} to ${escaping.text(formatValue(row.current, row.unit, options))}`;
  const change = row.change_percent;
  const said = whyUncompared(row);
  const why = said === null ? null : escaping.text(oneLine(said, 160));
  if (row.verdict === 'inconclusive') {
    const moved =
      change === null ? (row.baseline === null || row.current === null ? 'could not be compared' : fromTo()) : `moved by ${formatChange(change)}`;
    if (row.detectable_percent === null) return why === null ? moved : `${moved} (${why})`;
    return `${moved}; this comparison cannot tell less than ${formatPercent(row.detectable_percent)} from noise`;
  }
  const bound = limit === null ? '' : ` (${row.verdict === 'warn' ? 'warns beyond' : 'limit'} ${formatLimitPercent(limit).replace(' ', '')})`;
  if (change === null || said === timeOfZero) return `${fromTo()}${row.verdict === 'improved' ? '' : why === null ? bound : ` (${why})`}`;
  const percent = percentInWords(change, row.verdict === 'improved' ? null : limit);
  if (row.verdict === 'regressed') return `regressed by ${percent}${bound}`;
  if (row.verdict === 'improved') return `improved by ${percent}`;
  const better = isBetter(row);
  return `${better === null ? `changed by ${formatChange(change)}` : `is ${percent} ${better ? 'better' : 'worse'}`}${bound}`;
}
