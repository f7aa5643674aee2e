import assert from 'node:assert/strict';
import { test } from 'node:test';
import { observedRows } from '../../src/report/observed.ts';
import type { Metric, ResultDocument, Series } from '../../src/result/document.ts';
import { sampleResult } from './sample.ts';

const energy = (unit: string, value: number): Metric => ({ unit, better: 'lower', value, observed: true });

/** A result of a GPU that was watched, of so many series. */
function watched(count: number): ResultDocument {
  const sample = sampleResult();
  const one = sample.series[0]!;
  const series = Array.from(
    { length: count },
    (_, at): Series => ({ ...one, id: `part-${at}`, metrics: { ...one.metrics, energy_joules_per_token: energy('J/token', 0.62) } }),
  );
  return { ...sample, series, observed: { metrics: { gpu_energy_joules: energy('J', 4839) }, absent: [], cost_percent_of_a_core: 0.5 } };
}

test('the energy of a token stands beside that of the GPU; of several series each has its own, and the summary none', () => {
  assert.deepEqual(
    observedRows(watched(1)).map(({ name, mean }) => [name, mean]),
    [
      ['GPU energy', '4,839 J'],
      ['Energy of a token', '0.620 J/token'],
    ],
  );
  const detailed = watched(2);
  assert.equal(observedRows({ ...detailed, series: detailed.series.map((one, at) => (at === 0 ? one : { ...one, detail: true })) }).length, 2);
  assert.deepEqual(
    observedRows(watched(2)).map(({ name }) => name),
    ['GPU energy'],
  );
});
