import { isDistribution, type Metric, type ResultDocument } from '../result/document.ts';
import { metricName } from './names.ts';
import { formatValue } from './numbers.ts';

/** One quantity that was watched beside the load, ready to be shown. */
export interface ObservedRow {
  name: string;
  mean: string;
  max: string;
}

/** What a summary shows of all that was watched; the document and the page hold the rest. */
const main: readonly string[] = [
  'startup_ready_s',
  'startup_first_token_s',
  'startup_model_init_s',
  'service_cpu_cores',
  'service_cpu_percent',
  'service_memory_mb',
  'service_memory_pss_mb',
  'machine_cpu_percent',
  'machine_memory_percent',
  'client_cpu_cores',
  'gpu_utilisation_percent',
  'gpu_memory_mb',
  'gpu_power_watts',
  'gpu_temperature_celsius',
  'gpu_energy_joules',
  'cpu_package_energy_joules',
  'energy_joules_per_token',
  'energy_joules_per_request',
  'server_ttft_ms',
  'server_queue_ms',
  'server_prefill_ms',
  'server_inference_ms',
  'server_requests_running',
  'server_requests_waiting',
  'server_kv_cache_percent',
  'server_cache_hit_percent',
  'server_speculative_acceptance_percent',
];

/** What was seen of the service and its machine; none where nothing was watched. @param all false: the main figures, and those that the configuration named itself */
export function observedRows({ observed, series }: ResultDocument, all = false): ObservedRow[] {
  // What follows from the answers too (energy of a token) is known of a series; where there are several, each has its own.
  const [own, ...others] = series.filter(({ detail }) => !detail);
  const ofSeries = Object.entries(others.length === 0 ? (own?.metrics ?? {}) : {}).filter(([key]) => key.startsWith('energy_joules'));
  const entries = Object.entries({ ...Object.fromEntries(ofSeries), ...observed?.metrics }).filter(
    ([key]) => all || main.includes(key) || !/^(startup|service|machine|client|gpu|server|cpu|energy)_/.test(key),
  );
  return entries.toSorted(([a], [b]) => place(a) - place(b)).map(([key, metric]) => ({ name: metricName(key), ...figures(metric) }));
}

const place = (key: string): number => (main.includes(key) ? main.indexOf(key) : main.length);

function figures(metric: Metric): { mean: string; max: string } {
  if (!isDistribution(metric)) return { mean: formatValue(metric.value, metric.unit), max: '' };
  return { mean: formatValue(metric.mean, metric.unit), max: formatValue(metric.max, metric.unit) };
}
