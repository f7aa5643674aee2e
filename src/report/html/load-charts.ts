import type { Level } from '../../load/levels.ts';
import type { ResultDocument } from '../../result/document.ts';
import { foundIn } from '../findings/read.ts';
import type { EarlierResult } from '../history.ts';
import { formatCount, formatValue } from '../numbers.ts';
import type { Chart } from './svg.ts';

/** Throughput and latency by load, for every load that changed in steps. */
export function loadCharts(result: ResultDocument): Chart[] {
  return foundIn(result).flatMap(({ name, levels }) => {
    if (levels.length < 2) return [];
    const ascending = levels.toSorted((a, b) => a.load - b.load);
    const users = ascending[0]?.unit === 'users';
    const by = `by ${users ? 'concurrency' : 'rate asked'}${name === '' ? '' : `, ${name}`}`;
    const ticks = ascending.map(({ load }) => ({ x: load, label: formatValue(load, '', { exact: true }) }));
    const chart = (title: string, yUnit: string, lines: [string, (level: Level) => number | null][]): Chart => ({
      title: `${title} ${by}`,
      yUnit,
      ticks,
      xName: users ? 'users' : 'requests/s asked',
      scale: 'load',
      lines: lines.map(([line, of]) => ({ name: line, points: ascending.map((level) => ({ x: level.load, y: of(level) })) })),
    });
    const charts = [chart('Requests/s', 'requests/s', [['requests/s', (level) => level.requests_per_sec]])];
    if (ascending.some((level) => level.tokens_per_sec !== null))
      charts.push(chart('Output tokens/s', 'tokens/s', [['tokens/s', (level) => level.tokens_per_sec]]));
    charts.push(
      chart('Latency', 's', [
        ['p50', (level) => level.p50_latency_s],
        ['p95', (level) => level.p95_latency_s],
      ]),
    );
    return charts;
  });
}

const trends: readonly { title: string; yUnit: string; lines: [string, keyof EarlierResult['figures']][] }[] = [
  {
    title: 'Latency',
    yUnit: 'ms',
    lines: [
      ['p50', 'latency_p50_ms'],
      ['p95', 'latency_p95_ms'],
    ],
  },
  {
    title: 'TTFT',
    yUnit: 'ms',
    lines: [
      ['p50', 'ttft_p50_ms'],
      ['p95', 'ttft_p95_ms'],
    ],
  },
  { title: 'Output tokens/s', yUnit: 'tokens/s', lines: [['tokens/s', 'tokens_per_sec']] },
  { title: 'Error rate', yUnit: '%', lines: [['errors', 'error_rate']] },
];

/** Figures over earlier results of the same scenario and target, the present one last. */
export function trendCharts(history: readonly EarlierResult[]): Chart[] {
  if (history.length < 2) return [];
  return trends.flatMap(({ title, yUnit, lines }) => {
    if (!history.some(({ figures }) => lines.some(([, key]) => figures[key] !== null))) return [];
    const ticks = [1, history.length].map((x) => ({ x, label: x === history.length ? 'this run' : formatCount(x) }));
    return [
      {
        title,
        yUnit,
        ticks,
        xName: 'result',
        scale: 'load' as const,
        lines: lines.map(([name, key]) => ({ name, points: history.map(({ figures }, index) => ({ x: index + 1, y: figures[key] })) })),
      },
    ];
  });
}
