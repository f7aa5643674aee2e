import type { DerivedMetric } from '../../config/component.ts';
import type { ResultDocument } from '../document.ts';
import { middleOf } from '../import/middle.ts';

/** Adds the metrics that are made of two others, for every run and, as the median over them, for the series. Where one of the two is not there, there is none. */
export function withDerived(document: ResultDocument, derived: Readonly<Record<string, DerivedMetric>>): ResultDocument {
  const made = structuredClone({ series: document.series, runs: document.runs });
  for (const [name, { series: id, ratio, difference, unit, better }] of Object.entries(derived)) {
    const series = made.series.find((one) => one.id === id);
    if (series === undefined || Object.hasOwn(series.metrics, name)) continue;
    const values: number[] = [];
    for (const run of made.runs) {
      const [first, second] = (ratio ?? difference ?? []).map((operand) => {
        const [of = '', key = ''] = operand.split(' ');
        return run.values[of]?.[key] ?? null;
      });
      if (typeof first !== 'number' || typeof second !== 'number' || (ratio && second === 0)) continue;
      const value = ratio ? first / second : first - second;
      values.push(value);
      run.values[id] = { ...run.values[id], [name]: value };
    }
    const value = middleOf(values);
    if (value !== null) series.metrics[name] = { unit, better, value, note: (ratio ?? difference ?? []).join(ratio ? ' / ' : ' - ') };
  }
  return { ...document, ...made };
}

/** Only the series of one component. */
export function onlyComponent(document: ResultDocument, component: string): ResultDocument {
  const series = document.series.filter(({ labels }) => labels['component'] === component);
  const ids = new Set(series.map(({ id }) => id));
  const runs = document.runs
    .map((run) => ({ ...run, values: Object.fromEntries(Object.entries(run.values).filter(([id]) => ids.has(id))) }))
    .filter(({ values }) => Object.keys(values).length > 0);
  return { ...document, series, runs };
}

/** Several repetitions in one process as one run, by the median of each value: as a round, or beside a service's run. */
export function asOneRun(document: ResultDocument): ResultDocument {
  const [first] = document.runs;
  if (first === undefined || document.runs.length === 1) return document;
  const values = Object.fromEntries(
    document.series.map(({ id }) => {
      const keys = [...new Set(document.runs.flatMap((run) => Object.keys(run.values[id] ?? {})))];
      const of = (key: string) => document.runs.map((run) => run.values[id]?.[key]).filter((value) => typeof value === 'number');
      return [id, Object.fromEntries(keys.map((key) => [key, middleOf(of(key))]))];
    }),
  );
  return { ...document, runs: [{ ...first, duration_seconds: document.results.duration_seconds, values }] };
}
