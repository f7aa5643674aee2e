import { type Metric, type ResultDocument, type Series, statistics } from '../../result/document.ts';
import { type ExposedValue, exposedName, type Family } from './exposition.ts';

const times: readonly [suffix: string, factor: number][] = [
  ['_ms', 0.001],
  ['_s', 1],
];

/** Every metric of a result as a gauge of its own, a series for each statistic; times are in seconds there, as Prometheus has it. Null is left out. Pure. */
export function resultFamilies(document: ResultDocument): Family[] {
  const families = new Map<string, Family & { values: ExposedValue[] }>();
  for (const series of document.series) {
    for (const [metric, found] of Object.entries(series.metrics)) {
      const { name, factor, inSeconds } = nameOf(metric);
      const values = valuesOf(found).map(([stat, value]) => ({
        labels: { ...labelsOf(series), ...(stat === null ? {} : { stat }) },
        value: value * factor,
      }));
      const known = families.get(name);
      if (known) known.values.push(...values);
      else
        families.set(name, {
          name,
          type: 'gauge',
          help: `${metric} of the result${found.unit === '' ? '' : `, measured in ${found.unit}`}; better: ${found.better}`,
          ...(inSeconds ? { unit: 'seconds' as const } : {}),
          values,
        });
    }
  }
  const info: Family = {
    name: 'llm_bench_result_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the measurement began, seconds since 1970',
    values: [Date.parse(document.timestamp) / 1000]
      .filter((seconds) => Number.isFinite(seconds))
      .map((value) => ({ labels: textLabels({ scenario: document.scenario, target: document.target, sha: document.git?.sha ?? null }), value })),
  };
  const valid: Family = {
    name: 'llm_bench_result_valid',
    type: 'gauge',
    help: '1 where the measurement is valid, 0 where it is not',
    values: [{ labels: {}, value: document.validity.valid ? 1 : 0 }],
  };
  return [info, valid, ...families.values()];
}

function nameOf(metric: string): { name: string; factor: number; inSeconds: boolean } {
  const time = times.find(([suffix]) => metric.endsWith(suffix));
  const base = time === undefined ? metric : `${metric.slice(0, -time[0].length)}_seconds`;
  return { name: `llm_bench_result_${exposedName(base)}`, factor: time?.[1] ?? 1, inSeconds: time !== undefined };
}

function valuesOf(metric: Metric): [stat: string | null, value: number][] {
  if (!('count' in metric)) return typeof metric.value === 'number' ? [[null, metric.value]] : [];
  return statistics.flatMap((stat): [string, number][] => {
    const value = metric[stat];
    return typeof value === 'number' ? [[stat, value]] : [];
  });
}

/** The labels are the series' own; its id tells those apart that would look the same. */
function labelsOf({ id, labels }: Series): Record<string, string> {
  return { series: id, ...textLabels(labels) };
}

function textLabels(labels: Readonly<Record<string, string | number | null>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels)
      .filter(([key, value]) => value !== null && key !== 'series' && key !== 'stat')
      .map(([key, value]) => [exposedName(key), String(value)]),
  );
}
