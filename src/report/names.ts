import { oneLine } from './escape.ts';

/** What people call the metrics of the result document. A metric that is not listed is named after its key. */
const metricNames: Record<string, string> = {
  ttft_ms: 'TTFT',
  tpot_ms: 'TPOT',
  itl_ms: 'ITL',
  latency_ms: 'Latency',
  latency_s: 'Latency',
  tokens_per_sec: 'Output tokens/s',
  total_tokens_per_sec: 'Total tokens/s',
  requests_per_sec: 'Requests/s',
  successful_requests_per_sec: 'Successful requests/s',
  mean_request_tokens_per_sec: 'Tokens/s of one request',
  error_rate: 'Error rate',
  success_rate: 'Success rate',
  spike_rate_percent: 'Spike rate',
  input_tokens: 'Input tokens',
  output_tokens: 'Output tokens',
  input_output_token_ratio: 'Input/output tokens',
  duration_seconds: 'Duration',
  generation_tokens_per_sec: 'Generation tokens/s',
  connect_ms: 'Connect',
  tls_ms: 'TLS handshake',
  headers_ms: 'Time to headers',
  send_lateness_ms: 'Send lateness',
  cached_tokens: 'Cached tokens',
  recall_at_k: 'Recall@k',
  hit_rate_percent: 'Hit rate',
  hit_accuracy_percent: 'Hits and misses right',
  response_bytes: 'Response size',
  startup_ready_s: 'Start until ready',
  startup_first_token_s: 'Start until first token',
  startup_model_init_s: 'Model initialisation',
  service_cpu_cores: 'Service CPU',
  service_cpu_percent: 'Service CPU of its cores',
  service_memory_mb: 'Service memory',
  service_memory_pss_mb: 'Service memory (PSS)',
  machine_cpu_percent: 'Machine CPU',
  machine_memory_percent: 'Machine memory in use',
  client_cpu_cores: 'Client CPU',
  gpu_power_watts: 'GPU power',
  gpu_temperature_celsius: 'GPU temperature',
  gpu_sm_clock_mhz: 'GPU clock',
  gpu_energy_joules: 'GPU energy',
  cpu_package_power_watts: 'CPU package power',
  cpu_package_energy_joules: 'CPU package energy',
  energy_joules: 'Energy',
  energy_joules_per_token: 'Energy of a token',
  energy_joules_per_request: 'Energy of a request',
};

const statisticNames: Record<string, string> = { mean: 'mean', min: 'min', p999: 'p99.9', max: 'max', stddev: 'std dev' };

const acronyms = new Set(['ttft', 'tpot', 'itl', 'cpu', 'gpu', 'kv', 'rss', 'slo', 'http', 'tls', 'dns', 'e2e']);
const unitSuffix = /_(ms|s|us|ns|seconds|percent|bytes|mb|gb|pct)$/;

/**
 * `ttft_ms.p95` -> `TTFT p95`, `tokens_per_sec` -> `Output tokens/s`, `kv_cache_percent` -> `KV cache`. The key may come from another tool:
 * the name is one line, but not escaped.
 */
export function metricName(key: string): string {
  const dot = key.lastIndexOf('.');
  const metric = dot > 0 ? key.slice(0, dot) : key;
  const statistic = dot > 0 ? key.slice(dot + 1) : null;
  const name = Object.hasOwn(metricNames, metric) ? metricNames[metric]! : nameFromKey(metric);
  if (statistic === null) return name;
  return `${name} ${Object.hasOwn(statisticNames, statistic) ? statisticNames[statistic] : oneLine(statistic, 40)}`;
}

function nameFromKey(key: string): string {
  const words = oneLine(key, 80)
    .replace(unitSuffix, '')
    .replace(/_per_sec(ond)?$/, '/s')
    .split('_')
    .filter((word) => word !== '');
  const spelled = words.map((word) => (acronyms.has(word) ? word.toUpperCase() : word)).join(' ');
  return spelled === '' ? oneLine(key, 80) || '(unnamed)' : spelled.charAt(0).toUpperCase() + spelled.slice(1);
}

/** True where the name of the metric already carries the unit of its values. */
export function unitIsInName(key: string): boolean {
  return metricName(key).includes('/s');
}

/** The series' name with what it shares with the others (the scenario, at the front) left out: `latency/prompt_tokens=128` -> `prompt_tokens=128`. */
export function shortSeriesName(series: string, scenario: string): string {
  return series.startsWith(`${scenario}/`) ? series.slice(scenario.length + 1) : series;
}
