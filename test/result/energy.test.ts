import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Metric } from '../../src/result/document.ts';
import { energyMetrics } from '../../src/result/energy.ts';

const joules = (value: number): Metric => ({ unit: 'J', better: 'lower', value, observed: true });
const watched: Metric = { unit: '%', better: 'neither', value: 50, observed: true };

test('energy is of all sources together; where a GPU was watched and its energy is not known, there is none', () => {
  const told = (observed: Record<string, Metric>) => {
    const { energy_joules: metric } = energyMetrics({ metrics: {} }, observed);
    return metric === undefined || !('value' in metric) ? null : [metric.value, metric.note];
  };
  assert.deepEqual(told({ gpu_utilisation_percent: watched, gpu_energy_joules: joules(42_000), cpu_package_energy_joules: joules(3000) }), [
    45_000,
    'of gpu and cpu_package together',
  ]);
  assert.deepEqual(told({ cpu_package_energy_joules: joules(3000) }), [3000, 'of cpu_package together']);
  assert.equal(told({ gpu_utilisation_percent: watched, cpu_package_energy_joules: joules(3000) }), null);
  assert.equal(told({}), null);
});
