import type { LiveMetric } from '../sample.ts';
import type { ChartPlan } from './charts.ts';

const percentiles = (metric: string, scale = 1) => ['p50', 'p95', 'p99'].map((stat) => ({ key: `${metric}.${stat}`, label: stat, scale }));

/** Charts of the load; errors get a line for each kind as it comes up. */
export const loadPlans: readonly ChartPlan[] = [
  { title: 'Requests', unit: 'per second', keys: [{ key: 'requests_per_sec', label: 'requests' }], limits: 'requests_per_sec' },
  { title: 'Output tokens', unit: 'per second', keys: [{ key: 'tokens_per_sec', label: 'tokens' }], limits: 'tokens_per_sec' },
  { title: 'Time to first token', unit: 'ms', keys: percentiles('ttft_ms'), limits: 'ttft_ms.p95' },
  { title: 'Latency', unit: 'ms', keys: percentiles('latency_s', 1000), limits: 'latency_s.p95' },
  {
    title: 'In flight',
    unit: '',
    keys: [
      { key: 'in_flight', label: 'requests' },
      { key: 'users', label: 'users' },
    ],
  },
];

/** A chart of the errors per second, a line for each kind. */
export function errorPlan(kinds: readonly string[]): ChartPlan {
  return { title: 'Errors by kind', unit: 'per second', keys: kinds.map((kind) => ({ key: `errors.${kind}`, label: kind.replaceAll('_', ' ') })) };
}

/** Groups of readings that are drawn where they are there. */
const readingGroups: readonly { title: string; unit: string; keys: readonly [string, string][] }[] = [
  {
    title: 'Processor',
    unit: 'cores',
    keys: [
      ['service_cpu_cores', 'service'],
      ['client_cpu_cores', 'client'],
    ],
  },
  {
    title: 'Memory',
    unit: 'MB',
    keys: [
      ['service_memory_mb', 'service'],
      ['client_memory_mb', 'client'],
    ],
  },
  {
    title: 'Machine',
    unit: '%',
    keys: [
      ['machine_cpu_percent', 'processor'],
      ['machine_memory_percent', 'memory'],
    ],
  },
  {
    title: 'Server queue',
    unit: 'requests',
    keys: [
      ['server_requests_running', 'running'],
      ['server_requests_waiting', 'waiting'],
    ],
  },
  {
    title: 'Server caches',
    unit: '%',
    keys: [
      ['server_kv_cache_percent', 'KV cache in use'],
      ['server_cache_hit_percent', 'prefix hits'],
    ],
  },
  { title: 'GPU', unit: '%', keys: [['gpu_utilisation_percent', 'utilisation']] },
  { title: 'GPU temperature', unit: '°C', keys: [['gpu_temperature_celsius', 'temperature']] },
  {
    title: 'Power',
    unit: 'W',
    keys: [
      ['gpu_power_watts', 'GPU'],
      ['cpu_package_power_watts', 'processor'],
    ],
  },
];

/** Charts of the readings that are there. */
export function readingPlans(known: ReadonlySet<string>): ChartPlan[] {
  return readingGroups.flatMap(({ title, unit, keys }) => {
    const there = keys.filter(([key]) => known.has(key));
    return there.length === 0 ? [] : [{ title, unit, keys: there.map(([key, label]) => ({ key, label })), limits: there[0]?.[0] as string }];
  });
}

/** Readings of samplers: what is not of requests. */
export function isReading(key: string): boolean {
  return /^(service|client|machine|server|gpu|cpu)_/.test(key);
}

/** A chart of one reading that a person picked. */
export function pickedPlan(key: string, metric: LiveMetric | undefined): ChartPlan {
  return { title: key.replaceAll('_', ' '), unit: metric?.unit ?? '', keys: [{ key, label: key }], limits: key };
}

export const trendPlans: readonly { title: string; unit: string; keys: readonly [string, string][] }[] = [
  {
    title: 'Latency of past runs',
    unit: 'ms',
    keys: [
      ['latency_p50_ms', 'p50'],
      ['latency_p95_ms', 'p95'],
    ],
  },
  {
    title: 'TTFT of past runs',
    unit: 'ms',
    keys: [
      ['ttft_p50_ms', 'p50'],
      ['ttft_p95_ms', 'p95'],
    ],
  },
  {
    title: 'Throughput of past runs',
    unit: 'per second',
    keys: [
      ['tokens_per_sec', 'tokens'],
      ['requests_per_sec', 'requests'],
    ],
  },
  { title: 'Errors of past runs', unit: '%', keys: [['error_rate', 'error rate']] },
];
