import type { Statistic } from '../document.ts';
import type { ImportFormat } from './format.ts';
import { errorRate, llmMeasures } from './llm.ts';
import { cellNumber, headerOf, readTable } from './table.ts';

const columns: Partial<Record<Statistic, string>> = {
  mean: 'average response time',
  min: 'min response time',
  max: 'max response time',
  p50: '50%',
  p90: '90%',
  p95: '95%',
  p99: '99%',
  p999: '99.9%',
};

/** Locust's ..._stats.csv: a series for each endpoint, and one for all of them. */
export const locust: ImportFormat = {
  name: 'locust',
  title: "Locust's ..._stats.csv (`locust --csv PREFIX`)",
  matches: ({ text }) => {
    const header = headerOf(text);
    return header.includes('request count') && header.includes('failure count') && header.includes('requests/s');
  },
  read: ({ text, name }) => {
    const rows = readTable(text, name);
    const number = (cells: Record<string, string>, column: string) => cellNumber(cells[column]);
    const whole = rows.find(({ cells }) => cells['name'] === 'Aggregated');
    const measures = rows.flatMap(({ line, cells }) => {
      const endpoint = [cells['type'], cells['name']].filter(Boolean).join(' ');
      const series = cells['name'] === 'Aggregated' ? 'locust' : `locust/${endpoint}`;
      const requests = number(cells, 'request count');
      if (requests === null || requests === 0) return [];
      const failed = number(cells, 'failure count') ?? 0;
      const latency: Partial<Record<Statistic, number>> = {};
      for (const [statistic, column] of Object.entries(columns)) {
        const ms = number(cells, column);
        if (ms !== null) latency[statistic as Statistic] = ms / 1000;
      }
      const values = { latency_s: latency, requests_per_sec: number(cells, 'requests/s'), error_rate: errorRate(failed, requests - failed) };
      return llmMeasures(series, {}, requests - failed, values).map((measure) => ({ ...measure, where: `:${line}` }));
    });
    const requests = whole ? number(whole.cells, 'request count') : null;
    return { runs: [{ requests, failed: whole ? number(whole.cells, 'failure count') : null, measures }] };
  },
};
