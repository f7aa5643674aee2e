import type { PresetTargets } from '../../config/target/preset-targets.ts';

/** What a target asks of its figure: at least, at most, both, or nothing but that it is known. */
export interface TargetRange {
  min?: number;
  max?: number;
}

/** A target of a scenario, and the figure that it is about. */
export interface AskedFigure {
  name: 'tok_s' | 'ttft' | 'spike_rate' | 'retrieval' | 'memory' | 'energy' | 'error_rate';
  title: string;
  /** Of `range`, for people. */
  unit: string;
  range: TargetRange;
  /** The key that metrics and live figures know the figure by. */
  key: string;
  /** What a figure of that key is multiplied by to be in `unit`. */
  scale: number;
}

/** The targets that are asked for, in the order that they are told in. */
export function askedFigures(targets: PresetTargets): AskedFigure[] {
  const { tokens_per_sec: tokens, ttft_ms: ttft, spike_rate_range: spikes, retrieval_ms: retrieval, memory_percent: memory } = targets;
  const { energy_monitored: energy, error_rate: errors } = targets;
  const most = (max: number | undefined) => (max === undefined ? null : { max });
  const of = (name: AskedFigure['name'], title: string, range: TargetRange | null, [key, unit, scale = 1]: [string, string, number?]) =>
    range === null ? [] : [{ name, title, unit, range, key, scale }];
  return [
    ...of('tok_s', 'Output tokens/s', tokens === undefined ? null : { min: tokens }, ['tokens_per_sec', 'tokens/s']),
    ...of('ttft', 'TTFT p50', most(ttft), ['ttft_ms.p50', 'ms']),
    ...of('spike_rate', 'Spike rate', spikes === undefined ? null : { min: spikes[0], max: spikes[1] }, ['spike_rate_percent', '%']),
    ...of('retrieval', 'Retrieval p95', most(retrieval), ['latency_s.p95', 'ms', 1000]),
    ...of('memory', 'Machine memory, peak', most(memory), ['machine_memory_percent', '%']),
    ...of('energy', 'Energy monitored', energy === true ? {} : null, ['energy_joules', 'J']),
    ...of('error_rate', 'Error rate', most(errors), ['error_rate', '%']),
  ];
}

/** The side of a range that a value lies beyond; null within it. */
export function beyond(value: number, { min, max }: TargetRange): 'min' | 'max' | null {
  if (min !== undefined && value < min) return 'min';
  return max !== undefined && value > max ? 'max' : null;
}
