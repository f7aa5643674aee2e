import type { ResultDocument } from '../../result/document.ts';
import { runSpreads, unitOfKey } from '../../result/run-spread.ts';
import type { Escaping } from '../escape.ts';
import { metricName, shortSeriesName, unitIsInName } from '../names.ts';
import { formatCount, formatValue } from '../numbers.ts';
import type { FindingBlock } from './block.ts';

const mostRows = 40;

/** Figures over whole runs where a measurement was repeated: requests within a run depend on each other, runs do not. Paired rounds have a verdict of their own. */
export function runBlocks(result: ResultDocument, escaping: Escaping): FindingBlock[] {
  if (result['paired'] !== undefined) return [];
  const spreads = Object.entries(runSpreads(result));
  const rows = spreads.flatMap(([series, keys]) =>
    Object.entries(keys).map(([key, { runs, mean, stddev, min, max }]) => {
      const unit = unitIsInName(key) ? '' : unitOfKey(result, series, key);
      const cell = (value: number) => escaping.text(formatValue(value, unit, { like: mean }));
      return [
        escaping.text(shortSeriesName(series, result.scenario)),
        escaping.text(metricName(key)),
        formatCount(runs),
        ...[mean, stddev, min, max].map(cell),
      ];
    }),
  );
  if (rows.length === 0) return [];
  const first = spreads.length > 1 ? 0 : 1;
  const heading = ['Series', 'Metric', 'Runs', 'Mean', 'Std dev', 'Min', 'Max'];
  return [
    {
      title: 'Over the runs',
      lines: [
        'Each run is one sample; the spread is that of runs, not of requests',
        ...(rows.length > mostRows ? [`${formatCount(rows.length - mostRows)} more are in the result, under runs`] : []),
      ],
      table: {
        cells: heading.slice(first),
        align: ['l', 'l', 'r', 'r', 'r', 'r', 'r'].slice(first),
        rows: rows.slice(0, mostRows).map((row) => row.slice(first)),
      },
    },
  ];
}
