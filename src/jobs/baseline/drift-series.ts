import { UserError } from '../../config/errors.ts';
import type { Better, ResultDocument } from '../../result/document.ts';
import { headerOf, readTable } from '../../result/import/table.ts';
import { metricOf } from '../../result/metric-values.ts';
import { readResult, readResultText } from '../../result/read.ts';
import { shownKeys } from '../../verdict/limited-keys.ts';
import { runValues } from '../../verdict/values.ts';

/** One metric of one series over time, oldest first. */
export interface DriftSeries {
  series: string;
  metric: string;
  unit: string;
  better: Better;
  /** Null where a run did not measure it. */
  values: (number | null)[];
  /** The commit of each value's run, where known. */
  commits: (string | null)[];
}

/**
 * Reads series of runs from result files and CSV tables (series,run,metric,value,unit), in the order given.
 * @param onWarning told of every value that was left out and every unit that changed
 * @throws UserError (exit 2) for a file that cannot be read or holds nothing
 */
export async function readDriftSeries(files: readonly string[], onWarning: (sentence: string) => void): Promise<DriftSeries[]> {
  const found = new Map<string, DriftSeries>();
  let run = 0;
  for (const file of files) {
    if (file.toLowerCase().endsWith('.csv')) run += addCsv(found, await readCsv(file), run, file, onWarning);
    else run += addResult(found, await readResult(file), run, file, onWarning);
  }
  const series = [...found.values()].filter(({ values }) => values.some((value) => value !== null));
  if (series.length === 0) throw new UserError(`nothing to look at: ${files.join(', ')} hold${files.length === 1 ? 's' : ''} no values`);
  return series;
}

/** As `readDriftSeries`, of results already read, oldest first. Pure but for the warnings. */
export function seriesOfResults(documents: readonly ResultDocument[], onWarning: (sentence: string) => void): DriftSeries[] {
  const found = new Map<string, DriftSeries>();
  let run = 0;
  for (const document of documents) run += addResult(found, document, run, document.timestamp || 'a result', onWarning);
  return [...found.values()].filter(({ values }) => values.some((value) => value !== null));
}

function seriesOf(found: Map<string, DriftSeries>, series: string, metric: string, unit: string, better: Better): DriftSeries {
  const key = JSON.stringify([series, metric]);
  const known = found.get(key) ?? { series, metric, unit, better, values: [], commits: [] };
  found.set(key, known);
  return known;
}

/** Adds every run of a result; runs of earlier files that lacked the metric stand as not measured, so that an index counts runs. */
function addResult(
  found: Map<string, DriftSeries>,
  document: ResultDocument,
  before: number,
  file: string,
  onWarning: (sentence: string) => void,
): number {
  const runs = Math.max(1, document.runs.length);
  for (const series of document.series) {
    if (series.detail) continue;
    for (const key of shownKeys(series)) {
      const metric = metricOf(series, key);
      if (metric === null) continue;
      const values =
        document.runs.length > 0 ? document.runs.map((run) => run.values[series.id]?.[key] ?? null) : [runValues(document, series, key)[0] ?? null];
      const target = seriesOf(found, series.id, key, metric.unit, metric.better);
      while (target.values.length < before) push(target, null, null);
      const alike = metric.unit === target.unit;
      if (!alike) onWarning(`${file}: ${key} of ${series.id} is in ${metric.unit || 'no unit'}, not ${target.unit || 'none'} as before: left out`);
      for (const value of values) push(target, alike && Number.isFinite(value) ? value : null, document.git.sha);
    }
  }
  return runs;
}

function push(target: DriftSeries, value: number | null, commit: string | null): void {
  target.values.push(value);
  target.commits.push(commit);
}

interface CsvRow {
  line: number;
  series: string;
  run: string;
  metric: string;
  value: string;
  unit: string;
}

/** Adds a table; runs that lack a metric stand as not measured, so that an index counts the runs of the table. Returns how many it has. */
function addCsv(
  found: Map<string, DriftSeries>,
  rows: readonly CsvRow[],
  before: number,
  file: string,
  onWarning: (sentence: string) => void,
): number {
  const places = placesOf(rows);
  for (const [at, { line, series, metric, value, unit }] of rows.entries()) {
    const target = seriesOf(found, series, metric, unit, 'neither');
    while (target.values.length < before + (places[at] as number)) push(target, null, null);
    const number = value.trim() === '' ? Number.NaN : Number(value);
    const fault = !Number.isFinite(number)
      ? `${JSON.stringify(value)} is no finite number`
      : unit !== target.unit
        ? `the unit is ${unit || 'none'}, not ${target.unit || 'none'}`
        : null;
    if (fault !== null) onWarning(`${file}:${line}: ${metric} of ${series} left out: ${fault}`);
    push(target, fault === null ? number : null, null);
  }
  return places.reduce((count, place) => Math.max(count, place + 1), 0);
}

/**
 * Of each row, which run of the table it is of, from 0: by the column `run`, in the order of its numbers or else as runs first appear. Where that is not the
 * order of the rows of every metric, or a metric has a run twice, the n-th row of a metric is of the n-th run.
 */
function placesOf(rows: readonly CsvRow[]): number[] {
  const keys = rows.map(({ series, metric }) => JSON.stringify([series, metric]));
  const seen = [...new Set(rows.map(({ run }) => run))];
  const orders = seen.every((run) => run !== '' && Number.isFinite(Number(run))) ? [[...seen].sort((a, b) => Number(a) - Number(b)), seen] : [seen];
  for (const order of orders) {
    const index = new Map(order.map((run, at) => [run, at]));
    const places = rows.map(({ run }) => index.get(run) as number);
    const last = new Map<string, number>();
    const rises = places.every((place, at) => {
      const key = keys[at] as string;
      const follows = place > (last.get(key) ?? -1);
      last.set(key, place);
      return follows;
    });
    if (rises) return places;
  }
  const counts = new Map<string, number>();
  return keys.map((key) => {
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return count;
  });
}

const columns = ['series', 'run', 'metric', 'value', 'unit'] as const;

async function readCsv(file: string): Promise<CsvRow[]> {
  const text = await readResultText(file);
  const header = headerOf(text);
  const named = header.includes('series') && header.includes('value');
  const missing = ['series', 'metric', 'value'].filter((name) => named && !header.includes(name));
  if (text.trim() === '' || missing.length > 0) {
    throw new UserError(
      `${file}: expected a table with the columns ${columns.join(',')}, found ${missing.length === 0 ? 'nothing' : `no ${missing.join(', ')}`}`,
    );
  }
  return readTable(text, file, named ? undefined : columns).map(({ line, cells }) => {
    const count = Object.keys(cells).length;
    if (!named && count < 4) throw new UserError(`${file}:${line}: expected ${columns.join(',')}, found ${count} column${count === 1 ? '' : 's'}`);
    const cell = (name: (typeof columns)[number]) => cells[name] ?? '';
    return { line, series: cell('series'), run: cell('run'), metric: cell('metric'), value: cell('value'), unit: cell('unit') };
  });
}
