import type { SampleSummary } from './history.ts';

/** One quantity that is watched beside the load, by the name that its metric has in the result document. */
export interface Gauge {
  /** Carries its unit: `service_memory_mb`, `gpu_power_watts`. */
  name: string;
  unit: string;
  better: 'lower' | 'higher' | 'neither';
}

/** What a quantity came to within a stretch of time: a distribution of samples, or one value for all of it. */
export type Observed = Gauge & ({ summary: SampleSummary } | { value: number });

/** Reads some quantities again and again: processes, a GPU, a metrics page. */
export interface Sampler {
  name: string;
  intervalMs: number;
  gauges: readonly Gauge[];
  /** Whether there is anything to read here. @returns null, or in one sentence why there is not */
  start(): Promise<string | null>;
  /** The values now, in the order of `gauges`; null: not known this time. Never called again before it has settled. */
  sample(nowMs: number): Promise<readonly (number | null)[]> | readonly (number | null)[];
  /** Where samples alone do not tell it: what the quantities came to between two times (epoch ms). */
  between?(fromMs: number, toMs: number): Observed[];
  /** Requests that each replica answered between two times, where this sampler can tell. */
  tally?(fromMs: number, toMs: number): Record<string, number>;
  /** Time in ms of all that was done after waiting, since the start: `sample` itself is timed by whoever calls it until it waits. */
  readonly laterMs?: number;
  stop(): Promise<void> | void;
}
