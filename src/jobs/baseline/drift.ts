import { stripVTControlCharacters } from 'node:util';
import { type DriftOptions, drift, fewestRuns } from '../../verdict/drift.ts';
import { changePercent } from '../../verdict/rules.ts';
import { type DriftSeries, readDriftSeries } from './drift-series.ts';

/** A change of level, as `drift --json` prints it. */
export interface DriftPoint {
  series: string;
  metric: string;
  /** The first run of the new level, from 0. */
  index: number;
  /** Mean before and after, in the metric's unit. */
  before: number;
  after: number;
  /** Null from a level of zero. */
  change_percent: number | null;
  p: number;
  /** The last commit of the old level and the first of the new one; left out where the files name none. */
  commits?: [string | null, string | null];
}

export interface DriftJob {
  files: readonly string[];
  options: DriftOptions;
  json: boolean;
  warn(sentence: string): void;
}

/**
 * `llm-bench drift`: where the level of a metric changed for good, in result files in order of time or in CSV tables.
 * @returns what to print
 * @throws UserError (exit 2) for files that cannot be read
 */
export async function findDrift({ files, options, json, warn }: DriftJob): Promise<string> {
  const series = await readDriftSeries(files, warn);
  const points = series.flatMap((one) => pointsOf(one, options));
  for (const sentence of tooShort(series, options)) warn(sentence);
  return json ? `${JSON.stringify(points, null, 2)}\n` : inWords(series, points, options);
}

const measuredRuns = ({ values }: DriftSeries): number => values.filter((value) => value !== null).length;

const isTooShort = (series: DriftSeries, { method }: DriftOptions): boolean => method === 'confirmed' && measuredRuns(series) < fewestRuns;

/** A sentence for each series of too few runs to tell a change of level. Otava's own method has no such bound. */
export function tooShort(series: readonly DriftSeries[], options: DriftOptions): string[] {
  return series
    .filter((one) => isTooShort(one, options))
    .map((one) => {
      const runs = measuredRuns(one);
      return `${one.metric} of ${one.series}: ${runs} run${runs === 1 ? ' is' : 's are'} fewer than the ${fewestRuns} that a change of level can be told from`;
    });
}

/** The changes of level of one series. Pure. */
export function pointsOf({ series, metric, values, commits }: DriftSeries, options: DriftOptions): DriftPoint[] {
  // Runs that did not measure it take no part; the index still counts them.
  const measured = values.flatMap((value, index) => (value === null ? [] : [{ value, index }]));
  return drift(
    measured.map(({ value }) => value),
    options,
  ).map(({ index: at, before, after, p }) => {
    const index = measured[at]?.index ?? at;
    const known: [string | null, string | null] = [commits[measured[at - 1]?.index ?? -1] ?? null, commits[index] ?? null];
    const range = known.some((commit) => commit !== null) ? { commits: known } : {};
    return { series, metric, index, before, after, change_percent: changePercent(before, after), p, ...range };
  });
}

function inWords(series: readonly DriftSeries[], points: readonly DriftPoint[], options: DriftOptions): string {
  const { window, maxP, minMagnitude, method } = options;
  const looked = `${series.length} series of up to ${Math.max(...series.map(({ values }) => values.length))} runs (window ${window}, p ${maxP}, magnitude ${100 * minMagnitude}%${method === 'otava' ? ', exactly as Otava' : ''})`;
  const short = series.filter((one) => isTooShort(one, options)).length;
  if (short === series.length) return `A change of level cannot be told: fewer than ${fewestRuns} runs in ${looked}.\n`;
  const untold =
    short === 0
      ? ''
      : `${short} of the series ${short === 1 ? 'has' : 'have'} fewer than ${fewestRuns} runs: nothing can be told of ${short === 1 ? 'it' : 'them'}.\n`;
  if (points.length === 0) return `No change of level in ${looked}.\n${untold}`;
  const header = ['series', 'metric', 'run', 'before', 'after', 'change', 'p', ''];
  const rows = points.map((point) => {
    const of = series.find((one) => one.series === point.series && one.metric === point.metric);
    const change = point.change_percent === null ? '' : `${point.change_percent > 0 ? '+' : ''}${figure(point.change_percent)}%`;
    const unit = of?.unit ? ` ${of.unit}` : '';
    const good = of === undefined || of.better === 'neither' ? '' : point.after < point.before === (of.better === 'lower') ? 'better' : 'worse';
    const [from, to] = point.commits ?? [];
    const commits = from || to ? `${from?.slice(0, 12) ?? '?'}..${to?.slice(0, 12) ?? '?'}` : '';
    const cells = [point.series, point.metric, String(point.index), figure(point.before) + unit, figure(point.after) + unit, change, figure(point.p)];
    return [...cells, [good, commits].filter(Boolean).join(' ')].map((cell) => stripVTControlCharacters(cell).replaceAll(/\p{Cc}/gu, ' '));
  });
  const table = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => (column < 2 || column === 7 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n${points.length} change${points.length === 1 ? '' : 's'} of level in ${looked}; run counts from 0, the first of the new level.\n${untold}`;
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}
