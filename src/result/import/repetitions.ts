import type { Measure, RunReading } from './format.ts';

/** Figures of which each may come several times: the n-th of each belong to the n-th run. */
export function runsByRepetition(measures: readonly Measure[]): RunReading[] {
  const seen = new Map<string, number>();
  const runs: RunReading[] = [];
  for (const measure of measures) {
    const key = JSON.stringify([measure.series, measure.metric]);
    const index = seen.get(key) ?? 0;
    seen.set(key, index + 1);
    const run = runs[index] ?? { measures: [] };
    runs[index] = run;
    run.measures.push(measure);
  }
  return runs;
}
