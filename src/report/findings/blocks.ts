import { isObject } from '../../config/is-object.ts';
import { answeredPerSecond, type Level } from '../../load/levels.ts';
import { isCutOff } from '../../load/search-rules.ts';
import type { SearchSummary } from '../../load/search-summary.ts';
import type { ResultDocument } from '../../result/document.ts';
import type { Stability } from '../../result/stability.ts';
import type { Escaping } from '../escape.ts';
import { formatChange, formatCount, formatNumber, formatPercent, formatValue, plural } from '../numbers.ts';
import { answerBlocks, schemaBlocks } from './answer-blocks.ts';
import { badgeBlocks } from './badges.ts';
import type { FindingBlock } from './block.ts';
import { concurrencyLines } from './expected.ts';
import { type FoundIn, figure, foundIn, listOf } from './read.ts';
import { retrievalBlock } from './retrieval.ts';
import { routingBlocks } from './routing-blocks.ts';
import { runBlocks } from './runs.ts';
import { serviceBlocks } from './service-blocks.ts';

/** What a run says beside its figures: steps of load, what a search found, stability, what its scenario finds, badges and criteria, retries, what the target expects. */
export function findingBlocks(result: ResultDocument, escaping: Escaping): FindingBlock[] {
  const found = foundIn(result);
  return [
    ...runBlocks(result, escaping),
    ...found.flatMap((one) => block(titled(one, escaping)('Not measured'), skippedLines(one, escaping))),
    ...found.flatMap((one) => badgeBlocks(one, titled(one, escaping), escaping)),
    ...found.flatMap((one) => [
      ...levelBlock(one, titled(one, escaping)),
      ...searchBlock(one, titled(one, escaping), escaping),
      ...stabilityBlock(one, titled(one, escaping), escaping),
      ...serviceBlocks(one, titled(one, escaping), escaping),
      ...routingBlocks(one.results, titled(one, escaping), escaping),
      ...answerBlocks(one.results, titled(one, escaping), escaping),
      ...retrievalBlock(one, titled(one, escaping)),
    ]),
    ...schemaBlocks(result, escaping),
    ...block('Retries', retryLines(result)),
    ...block('Concurrency', concurrencyLines(result)),
    ...found.flatMap((one) => block(titled(one, escaping)('Recommendations'), recommendations(one, escaping))),
  ];
}

function skippedLines({ results }: FoundIn, escaping: Escaping): string[] {
  return listOf(results['skipped'])
    .filter(isObject)
    .map((part) => escaping.text(`${part['series']}: ${part['reason']}`));
}

function recommendations({ results }: FoundIn, escaping: Escaping): string[] {
  const overall = results['overall_assessment'];
  const advice = listOf(isObject(overall) ? overall['recommendations'] : results['recommendations']).filter((text) => typeof text === 'string');
  return advice.length === 0 ? [] : [...advice.map((text) => escaping.text(text)), `More: ${escaping.text('docs/optimization.md')}`];
}

type Titled = (title: string) => string;

const titled =
  ({ name }: FoundIn, escaping: Escaping): Titled =>
  (title) =>
    name === '' ? title : `${title} of ${escaping.text(name)}`;

const block = (title: string, lines: string[], table: FindingBlock['table'] = null): FindingBlock[] =>
  lines.length === 0 && table === null ? [] : [{ title, lines, table }];

const exact = (load: number): string => formatValue(load, '', { exact: true });
const loadText = (load: number, unit: Level['unit']): string => `${exact(load)} ${unit === 'users' ? (load === 1 ? 'user' : 'users') : 'requests/s'}`;

/** Steps of load with their degradation: p95 relative to that of the lowest load. */
function levelBlock({ levels }: FoundIn, title: Titled): FindingBlock[] {
  const [first] = levels;
  if (first === undefined) return [];
  const shown: { name: string; cell(level: Level): string; when?: (level: Level) => boolean }[] = [
    { name: first.unit === 'users' ? 'Users' : 'Requests/s asked', cell: ({ load }) => exact(load) },
    { name: 'Requests', cell: ({ requests }) => formatCount(requests) },
    { name: 'Requests/s', cell: ({ requests_per_sec: rate }) => formatValue(rate, '') },
    { name: 'Tokens/s', cell: ({ tokens_per_sec: rate }) => formatValue(rate, ''), when: ({ tokens_per_sec: rate }) => rate !== null },
    { name: 'Latency p50', cell: ({ p50_latency_s: p50 }) => formatValue(p50, 's') },
    { name: 'Latency p95', cell: ({ p95_latency_s: p95 }) => formatValue(p95, 's') },
    { name: 'p95 against lowest load', cell: ({ p95_ratio: ratio }) => (ratio === null ? '—' : `× ${formatNumber(ratio)}`) },
    { name: 'Errors', cell: ({ error_rate: rate }) => formatPercent(rate) },
    { name: 'Dropped', cell: ({ dropped }) => formatCount(dropped), when: ({ dropped }) => dropped > 0 },
    { name: 'Goodput', cell: ({ goodput }) => formatPercent(goodput), when: ({ goodput }) => goodput !== null },
  ];
  const columns = shown.filter(({ when }) => when === undefined || levels.some(when));
  const rows = levels.map((level) => columns.map(({ cell }) => cell(level)));
  return block(title('Load steps'), [plateau(levels.filter((level) => !isCutOff(level))), ...cutOffLines(levels), tooFew(levels)].filter(Boolean), {
    cells: columns.map(({ name }) => name),
    align: columns.map(() => 'r'),
    rows,
  });
}

/** Of a step with fewer requests than users nobody knows what so many users would have met. */
function tooFew(levels: readonly Level[]): string {
  const short = levels.filter(({ unit, load, requests }) => unit === 'users' && requests > 0 && requests < load);
  if (short.length === 0) return '';
  return `Fewer requests than users at ${short.map(({ load }) => exact(load)).join(', ')}: so many were never under way at once; send more requests`;
}

const cutOffBy = {
  interrupted: 'interrupted',
  service_crashed: 'the service ended',
  budget: 'the budget was used up',
  ended: 'its end was asked for',
};

/** Loads that were ended from outside, each with the reason: whoever reads the table is to take nothing from them. */
function cutOffLines(levels: readonly Level[]): string[] {
  return levels
    .filter(isCutOff)
    .map(
      ({ load, unit, stop_reason: reason }) =>
        `Cut off at ${loadText(load, unit)} (${cutOffBy[reason as keyof typeof cutOffBy]}): this load neither held nor broke`,
    );
}

/** The load with the most throughput, where one step is no step at all. */
function plateau(levels: readonly Level[]): string {
  const rate = (level: Level) => level.tokens_per_sec ?? answeredPerSecond(level);
  const best = levels.reduce<Level | null>(
    (most, level) => (rate(level) !== null && (most === null || (rate(level) ?? 0) > (rate(most) ?? 0)) ? level : most),
    null,
  );
  if (best === null || !rate(best) || levels.length < 2) return '';
  const unit = best.tokens_per_sec === null ? 'requests/s' : 'tokens/s';
  return `Most throughput: ${formatNumber(rate(best) as number)} ${unit} at ${loadText(best.load, best.unit)}`;
}

/** What a search found, in sentences. */
function searchBlock({ search }: FoundIn, title: Titled, escaping: Escaping): FindingBlock[] {
  if (search === null) return [];
  const { unit, max_sustainable_load: most, breaking_point: breaking, knee, stable_levels: stable } = search;
  const cutOff = search.cut_off_levels.length > 0;
  const lines = [
    most === null
      ? `Maximum sustainable load: ${breaking === null ? 'not known; no load was measured to its end' : 'none; even the lowest load tried broke a rule'}`
      : `Maximum sustainable load: ${loadText(most, unit)}${cutOff ? ' at least' : ''}`,
    breaking === null
      ? `Breaking point: none; ${cutOff ? 'the search was cut off before it found one' : 'every load tried held'}`
      : `Breaking point: ${loadText(breaking.load, unit)} (${escaping.text(breachText(breaking))})`,
  ];
  if (knee !== null) {
    const at = [
      Number.isFinite(knee.requests_per_sec) ? `${formatNumber(knee.requests_per_sec)} requests/s` : '',
      Number.isFinite(knee.p95_latency_s) ? `p95 ${formatValue(knee.p95_latency_s, 's')}` : '',
    ].filter(Boolean);
    lines.push(
      `Knee: ${loadText(knee.load, unit)}${at.length === 0 ? '' : `, ${at.join(' at ')}`}; more load costs more latency than it gains throughput`,
    );
  }
  if (stable.length > 0) lines.push(`Stable ${unit === 'users' ? 'concurrency levels' : 'rates'}: ${stable.map(exact).join(', ')}`);
  return block(title('Capacity'), lines);
}

function breachText({ rule, value, limit }: NonNullable<SearchSummary['breaking_point']>): string {
  const unit = /latency/.test(rule) ? 's' : '%';
  const side = rule === 'min_goodput' ? 'below' : 'above';
  const measured = value === null ? '' : ` ${formatValue(value, unit)}`;
  return `${rule.replace(/^(stop\.)?(max|min)_/, '').replaceAll('_', ' ')}${measured}${limit === null ? '' : `, ${side} ${formatValue(limit, unit, { exact: true })}`}`;
}

/** The thirds of a constant load, and what changed from the first to the last. */
function stabilityBlock({ stability }: FoundIn, title: Titled, escaping: Escaping): FindingBlock[] {
  if (stability === null) return [];
  const { thirds, drift } = stability;
  const assessed = assessmentLine(stability.assessment, escaping);
  const run = figure(stability.run);
  // The thirds of each run are told as its own.
  if (run !== null) return block(title('Stability'), [`The worst run was run ${formatCount(run)}`, ...assessed]);
  const rows: [string, (third: Stability['thirds'][number]) => string, string][] = [
    ['Requests/s', (third) => formatValue(figure(third.requests_per_sec), ''), formatChange(figure(drift.requests_per_sec_percent))],
    ['Output tokens/s', (third) => formatValue(figure(third.tokens_per_sec), ''), formatChange(figure(drift.tokens_per_sec_percent))],
    ['TTFT p50', (third) => formatValue(figure(third.ttft_ms_p50), 'ms'), formatChange(figure(drift.ttft_ms_p50_percent))],
    ['Latency p95', (third) => formatValue(figure(third.latency_ms_p95), 'ms'), formatChange(figure(drift.latency_ms_p95_percent))],
    ['Error rate', (third) => formatPercent(figure(third.error_rate)), pointsText(figure(drift.error_rate_points))],
    ['Service memory', (third) => formatValue(figure(third.memory_mb), 'MB'), formatChange(figure(drift.memory_percent))],
  ];
  const unwatched = figure(drift.memory_percent) === null ? ['The memory of the service was not watched: whether it grew is not known.'] : [];
  return block(title('Stability'), [...assessed, ...unwatched], {
    cells: ['', 'First third', 'Middle', 'Last third', 'Drift'],
    align: ['l', 'r', 'r', 'r', 'r'],
    rows: rows.map(([name, cell, change]) => [name, ...thirds.map(cell), change]),
  });
}

function assessmentLine(assessment: unknown, escaping: Escaping): string[] {
  if (!isObject(assessment)) return [];
  if (assessment['stable'] === true) return ['Stable'];
  if (assessment['stable'] === null) return ['Whether it was stable is not known: it was cut off'];
  return [
    `Not stable: ${listOf(assessment['reasons'])
      .map((reason) => escaping.text(String(reason)))
      .join('; ')}`,
  ];
}

const pointsText = (points: number | null): string => (points === null ? '—' : `${formatChange(points).replace(/ %$/, '')} points`);

function retryLines({ retries }: ResultDocument): string[] {
  if (retries === null || retries.total === 0) return [];
  const { total, mean_attempts: mean, max_attempts: most } = retries;
  const attempts = [mean === null ? '' : `${formatNumber(mean)} attempts in the mean`, most === null ? '' : `${formatCount(most)} at most`].filter(
    Boolean,
  );
  return [`${plural(total, 'retry', 'retries')}${attempts.length === 0 ? '' : `; ${attempts.join(', ')}`}`];
}
