import { UserError } from '../../config/errors.ts';
import { distributionDefinitions } from '../../measure/metrics.ts';
import type { Better, Statistic } from '../document.ts';
import { canonicalUnit, describeMetric, isKnownRate } from '../metric-names.ts';
import { splitKey } from '../metric-values.ts';
import { directionBy } from './direction.ts';
import type { Measure, Reading, RunReading, Source } from './format.ts';
import { factorBetween } from './own-unit.ts';
import { cellNumber, headerOf, readTable, type TableRow } from './table.ts';

const columns = ['series', 'run', 'metric', 'value', 'unit'] as const;
const distributions: ReadonlySet<string> = new Set(distributionDefinitions.map(({ name }) => name));

/** A table with a column `value`, and one of `series` and `metric` at least; or, in a file named .csv, our five columns without a header. */
export function isTable({ text, name }: Source): boolean {
  const header = headerOf(text);
  if (header.includes('value')) return header.includes('series') || header.includes('metric');
  return isBare(header, name);
}

function isBare(header: readonly string[], name: string): boolean {
  const value = header[3];
  return (
    /\.csv$/i.test(name) && header.length >= 4 && header.length <= 5 && value !== undefined && value !== '' && Number.isFinite(cellNumber(value))
  );
}

/**
 * The rows of a table, those of one `run` together, runs in the order in which they first appear. Without that column the n-th row of a metric is of the n-th run.
 * `ttft_ms.p95`, or a column `stat`, names a statistic; a column `better` (lower, higher, neither) says which way is good.
 */
export function readRuns({ text, name }: Source, direction: Better | null): Reading {
  const rows = readTable(text, name, isBare(headerOf(text), name) ? columns : undefined);
  const notes: string[] = [];
  const runs = new Map<string, Map<string, Measure>>();
  const repeated = new Map<string, number>();
  for (const row of rows) {
    const { series, key, metric, statistic } = names(row, name);
    const stated = cellNumber(row.cells['value']);
    if (stated === null) {
      notes.push(`${name}:${row.line}: ${key} of ${series} left out: no value`);
      continue;
    }
    const { factor, ...way } = unitAndWay(row, metric, direction, name);
    const value = stated * factor;
    const nth = JSON.stringify([series, key]);
    const count = repeated.get(nth) ?? 0;
    repeated.set(nth, count + 1);
    const run = row.cells['run'] ?? '';
    const ofRun = runs.get(run === '' ? `#${count}` : run) ?? new Map<string, Measure>();
    runs.set(run === '' ? `#${count}` : run, ofRun);
    const id = JSON.stringify([series, metric]);
    const known = ofRun.get(id);
    const measure = known ?? {
      series,
      metric,
      ...way,
      value: statistic === null ? value : {},
      where: `:${row.line}`,
    };
    ofRun.set(id, measure);
    const holds = typeof measure.value === 'object' && measure.value !== null ? measure.value : null;
    const twice = known !== undefined && (holds === null || statistic === null || holds[statistic] !== undefined);
    if (twice) notes.push(`${name}:${row.line}: ${key} of ${series} left out: run ${run} has it already`);
    else if (holds !== null && statistic !== null) holds[statistic] = value;
  }
  const readings = [...runs.values()].map((measures): RunReading => ({ measures: [...measures.values()] }));
  return { runs: readings, sessions: readings.length, notes };
}

function names({ cells, line }: TableRow, file: string): { series: string; key: string; metric: string; statistic: Statistic | null } {
  const series = cells['series'] || 'all';
  const named = cells['metric'] || 'value';
  const stat = cells['stat'];
  const key = stat ? `${named}.${stat}` : named;
  const { metric, statistic } = splitKey(key);
  if (stat && statistic === null)
    throw new UserError(`${file}:${line}: expected a statistic such as p95 in the column stat, found ${JSON.stringify(stat)}`);
  // A single figure under the name of one of our distributions is the run's typical value.
  return { series, key, metric, statistic: statistic ?? (distributions.has(metric) ? 'p50' : null) };
}

/** @returns also by what the row's value is multiplied: what is named as one of our metrics gets its unit */
function unitAndWay(
  { cells, line }: TableRow,
  metric: string,
  direction: Better | null,
  file: string,
): { unit: string; better: Better; factor: number } {
  const described = describeMetric(metric);
  const own = described.unit !== '' && (distributions.has(metric) || isKnownRate(metric));
  const factor = own && cells['unit'] ? factorBetween(cells['unit'], described.unit) : 1;
  if (factor === null)
    throw new UserError(`${file}:${line}: ${metric} is in ${described.unit}, found the unit ${JSON.stringify(cells['unit'])}`, {
      hint: `State a unit that can be converted to ${described.unit}, or name the metric otherwise.`,
    });
  const unit = own ? described.unit : canonicalUnit(cells['unit'] || described.unit);
  const stated = cells['better'];
  if (stated && stated !== 'lower' && stated !== 'higher' && stated !== 'neither')
    throw new UserError(`${file}:${line}: expected lower, higher or neither in the column better, found ${JSON.stringify(stated)}`);
  if (stated) return { unit, factor, better: stated as Better };
  return { unit, factor, better: direction ?? (described.better === 'neither' ? directionBy(unit, metric) : described.better) };
}
