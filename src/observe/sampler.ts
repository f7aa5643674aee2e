/** One quantity that is watched beside the load, by the name that its metric has in the result document. */
export interface Gauge {
  /** Carries its unit: `service_memory_mb`, `gpu_power_watts`. */
  name: string;
  unit: string;
  better: 'lower' | 'higher' | 'neither';
}

/** Reads some quantities again and again: processes, a GPU, a metrics page. */
export interface Sampler {
  name: string;
  intervalMs: number;
  gauges: readonly Gauge[];
  /** Whether there is anything to read here. @returns null, or in one sentence why there is not */
  start(): Promise<string | null>;
  /** The values now, in the order of `gauges`; null: not known this time. Never called again before it has settled. */
  sample(nowMs: number): Promise<readonly (number | null)[]> | readonly (number | null)[];
  stop(): Promise<void> | void;
}
