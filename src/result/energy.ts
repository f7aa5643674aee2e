import { isDistribution, type Metric, type Series } from './document.ts';

const sources = ['gpu_energy_joules', 'cpu_package_energy_joules'] as const;

/** Energy of all that was measured together, and for each output token and request that succeeded; none where nothing tells the energy. */
export function energyMetrics({ metrics }: Pick<Series, 'metrics'>, observed: Readonly<Record<string, Metric>>): Record<string, Metric> {
  const known = sources.flatMap((name) => {
    const metric = observed[name];
    return metric !== undefined && !isDistribution(metric) && metric.value !== null ? [{ name, joules: metric.value }] : [];
  });
  // A GPU that was watched and whose energy is not known (a pause, a card that does not tell): what is left would be taken for all of it.
  const gpuUnknown = observed['gpu_utilisation_percent'] !== undefined && observed['gpu_energy_joules'] === undefined;
  if (known.length === 0 || gpuUnknown) return {};
  const joules = known.reduce((sum, one) => sum + one.joules, 0);
  const note = `of ${known.map(({ name }) => name.replace('_energy_joules', '')).join(' and ')} together`;
  const metric = (unit: string, value: number): Metric => ({ unit, better: 'lower', value, note, observed: true });
  const [tokens, requests] = [metrics['output_tokens'], metrics['latency_s']];
  const count = requests !== undefined && isDistribution(requests) ? requests.count : 0;
  const output = tokens !== undefined && isDistribution(tokens) ? (tokens.sum ?? 0) : 0;
  return {
    energy_joules: metric('J', joules),
    ...(output > 0 ? { energy_joules_per_token: metric('J/token', joules / output) } : {}),
    ...(count > 0 ? { energy_joules_per_request: metric('J/request', joules / count) } : {}),
  };
}
