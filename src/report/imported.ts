import { isDistribution, type ResultDocument, type Summary } from '../result/document.ts';
import { metricName } from './names.ts';
import { formatValue, plural } from './numbers.ts';

/** More would be no table for people; `report --format csv` holds them all. */
const mostRows = 200;

const columns = ['p50', 'p95', 'p99', 'mean'] as const satisfies readonly (keyof Summary)[];

/** Series and metrics that another tool brought, in a table: one value, or p50, p95, p99 and mean. Null for a result of our own. */
export function importedTable(result: ResultDocument): { heading: string[]; rows: string[][]; leftOut: number } | null {
  if (result.imported === undefined) return null;
  const rows = result.series.flatMap(({ id, metrics }) =>
    Object.entries(metrics).map(([name, metric]): string[] => {
      if (!isDistribution(metric)) return [id, metricName(name), formatValue(metric.value, metric.unit), ...columns.map(() => '')];
      return [id, metricName(name), '', ...columns.map((column) => formatValue(metric[column], metric.unit))];
    }),
  );
  const used = [0, 1, 2, 3, 4, 5, 6].filter((column) => column < 2 || rows.some((row) => row[column] !== ''));
  const pick = (cells: readonly string[]) => used.map((column) => cells[column] as string);
  return {
    heading: pick(['Series', 'Metric', 'Value', 'p50', 'p95', 'p99', 'Mean']),
    rows: rows.slice(0, mostRows).map(pick),
    leftOut: Math.max(0, rows.length - mostRows),
  };
}

/** One line on where it is from. */
export function importedFrom({ imported, runs }: ResultDocument): string {
  return `${imported?.from ?? ''}, ${plural(runs.length, 'run')}`;
}
