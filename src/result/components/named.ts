import type { SeriesName } from '../../config/component.ts';
import { isDistribution, type Metric, type ResultDocument, type Series, type Statistic, statistics } from '../document.ts';

/**
 * A benchmark's result by the names that thresholds know: its series get the paths of `names` (`classification/batch_size_10`), with the component and the
 * benchmark's own name as labels, and its own units `p95-ms` and `hit-rate` become `latency_s.p95` and `hit_rate`. What no pattern matches keeps its name.
 */
export function namedComponents(document: ResultDocument, names: readonly SeriesName[]): ResultDocument {
  const ids = new Map<string, string>();
  const notes: string[] = [];
  for (const { id } of document.series) {
    const path = pathOf(id, names);
    const taken = [...ids].find(([, other]) => other === path)?.[0];
    if (taken !== undefined) notes.push(`${id} keeps its name: ${path} is ${taken} already`);
    ids.set(id, taken === undefined ? path : id);
  }
  const series = document.series.map((one): Series => {
    const path = ids.get(one.id) as string;
    const labels = { ...one.labels, component: path.split('/')[0] as string, benchmark: one.id };
    return { ...one, id: path, labels, metrics: knownMetrics(one.metrics) };
  });
  const runs = document.runs.map((run) => ({
    ...run,
    values: Object.fromEntries(Object.entries(run.values).map(([id, values]) => [ids.get(id) ?? id, knownValues(values)])),
  }));
  const imported = document.imported && { ...document.imported, notes: [...document.imported.notes, ...notes] };
  return { ...document, series, runs, ...(imported ? { imported } : {}) };
}

/** The path that a benchmark's name stands for: of the first pattern that matches it whole; else the name itself. */
export function pathOf(name: string, names: readonly SeriesName[]): string {
  for (const { pattern, path } of names) {
    const found = new RegExp(`^(?:${pattern})$`).exec(name);
    if (found === null) continue;
    const filled = path.replaceAll(/\$(\d)/g, (_, group: string) => snakeCase(found[Number(group)] ?? ''));
    return filled.replaceAll(/\/+/g, '/').replace(/^\/|\/$/g, '');
  }
  return name;
}

/** `SingleDomain` -> `single_domain`, `PII` -> `pii`. */
function snakeCase(text: string): string {
  return text
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .replaceAll(/^_+|_+$/g, '')
    .toLowerCase();
}

/** `p95-ms` -> the statistic p95 in seconds; null where the unit is no percentile of a latency. */
function percentileOf(name: string): { statistic: Statistic; toSeconds: number } | null {
  const [, word, unit] = /^(mean|p50|p90|p95|p99|p999|max)[-_](ns|us|ms|s)$/.exec(name) ?? [];
  const statistic = statistics.find((one) => one === word);
  const divisor = { ns: 1e9, us: 1e6, ms: 1e3, s: 1 }[unit ?? ''];
  return statistic === undefined || divisor === undefined ? null : { statistic, toSeconds: 1 / divisor };
}

function knownMetrics(metrics: Series['metrics']): Series['metrics'] {
  const known: Record<string, Metric> = {};
  const latency: Partial<Record<Statistic, number | null>> = {};
  for (const [name, metric] of Object.entries(metrics)) {
    const percentile = percentileOf(name);
    if (percentile !== null && !isDistribution(metric)) latency[percentile.statistic] = inSeconds(metric.value, percentile.toSeconds);
    else if (name === 'hit-rate') known['hit_rate'] = { ...metric, unit: '', better: 'higher' };
    // Without an allocation per operation the bytes are what set-up and runtime took, divided by the iterations: no property of the code.
    else if (name === 'B/op' && plainValue(metrics['allocs/op']) === 0)
      known[name] = { ...metric, better: 'neither', note: 'no allocation per operation' };
    else known[name] = metric;
  }
  if (Object.keys(latency).length === 0) return known;
  const summary = Object.fromEntries(statistics.map((statistic) => [statistic, latency[statistic] ?? null])) as Record<Statistic, number | null>;
  return { ...known, latency_s: { unit: 's', better: 'lower', count: 0, sum: null, ...summary, note: "the benchmark's own percentiles" } };
}

function knownValues(values: Record<string, number | null>): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      const percentile = percentileOf(key);
      if (percentile !== null) return [`latency_s.${percentile.statistic}`, inSeconds(value, percentile.toSeconds)];
      return [key === 'hit-rate' ? 'hit_rate' : key, value];
    }),
  );
}

const plainValue = (metric: Metric | undefined): number | null => (metric === undefined || isDistribution(metric) ? null : metric.value);
const inSeconds = (value: number | null, factor: number): number | null => (value === null ? null : Number((value * factor).toPrecision(12)));
