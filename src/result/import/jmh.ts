import { directionBy } from './direction.ts';
import { has, listOf, membersOf, numberOf, textOf } from './fields.ts';
import type { ImportFormat, Measure } from './format.ts';
import { runsByRepetition } from './repetitions.ts';

/** JMH's -rf json: each fork is a JVM of its own, and so a run; its value is the mean of its iterations. */
export const jmh: ImportFormat = {
  name: 'jmh',
  title: 'the JSON of JMH (`-rf json`)',
  matches: ({ json }) => listOf(json).some((one) => has(one, 'benchmark', 'mode', 'primaryMetric')),
  read: ({ json }) => {
    const measures = listOf(json).flatMap((one, index): Measure[] => {
      const result = membersOf(one);
      const name = textOf(result['benchmark']);
      if (name === null) return [];
      const params = Object.entries(membersOf(result['params'])).map(([key, value]) => `${key}=${value}`);
      const series = [name.split('.').slice(-2).join('.'), ...params].join('/');
      const where = `[${index}]`;
      const primary = metricValues(membersOf(result['primaryMetric']));
      const mode = textOf(result['mode']) ?? 'score';
      const metrics = primary.values.map(
        (value): Measure => ({ series, metric: mode, unit: primary.unit, better: better(primary.unit, mode), value, where }),
      );
      const secondary = Object.entries(membersOf(result['secondaryMetrics'])).flatMap(([metric, of]) => {
        const { unit, values } = metricValues(membersOf(of));
        return values.map(
          (value): Measure => ({ series, metric: metric.replace(/^[^A-Za-z]+/, ''), unit, better: directionBy(unit, metric), value, where }),
        );
      });
      return [...metrics, ...secondary];
    });
    return { runs: runsByRepetition(measures), toolVersion: textOf(membersOf(listOf(json)[0])['jmhVersion']) };
  },
};

/** Throughput is operations per time, whatever its unit (`ops/us`); every other mode is a time. */
const better = (unit: string, mode: string) => (mode === 'thrpt' || unit.startsWith('ops/') ? 'higher' : 'lower');

function metricValues(metric: Record<string, unknown>): { unit: string; values: number[] } {
  const forks = listOf(metric['rawData']).flatMap((iterations) => {
    const values = listOf(iterations)
      .map(numberOf)
      .filter((value) => value !== null);
    return values.length === 0 ? [] : [values.reduce((sum, value) => sum + value, 0) / values.length];
  });
  const score = numberOf(metric['score']);
  return { unit: textOf(metric['scoreUnit']) ?? '', values: forks.length > 0 ? forks : score === null ? [] : [score] };
}
