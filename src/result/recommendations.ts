import { isDistribution, type ResultDocument, type Series } from './document.ts';
import { mlperfLevels } from './results-block.ts';

/** What to look at, by finding. docs/optimization.md says more of each. */
export const advice = {
  tok_s:
    'Throughput: try larger batches as far as memory allows, a quantised or smaller model, and see whether the accelerator is busy or waits for memory.',
  ttft: 'TTFT: load the model before the first request, warm it up, and see whether requests queue or prompts are read in one piece.',
  spike_rate: 'Spikes: look for throttling, memory pressure, garbage collection and neighbours on the machine.',
  retrieval: 'Retrieval: fewer candidates looked at in a search, smaller components, or an index that fits into memory.',
  memory: 'Memory: a smaller or quantised model, a smaller KV cache, or shorter contexts; look for what grows over time.',
  energy: 'Energy: no sensor could be read; nvidia-smi, amd-smi or RAPL tell it.',
  error_rate: 'Errors: the service log and its limits say why requests fail; a load beyond its capacity is the usual cause.',
} as const;
/** More failed requests than this, in percent, are told of where no target says how many. */
export const tolerableErrors = 1;
/** Peak memory of the machine, in percent, beyond which it is told of where no target says how much. */
const tolerableMemory = 90;

/** What was watched over the whole run, too: a series may be over before a sampler looks. */
interface Seen {
  observed: ResultDocument['observed'] | undefined;
}

/** The highest value of something watched; null where it was not. */
export function peakOf({ series, observed }: { series: readonly Series[] } & Partial<Seen>, name: string): number | null {
  const peaks = [...series, ...(observed === undefined ? [] : [observed])].flatMap(({ metrics }) => {
    const metric = metrics[name];
    return metric !== undefined && isDistribution(metric) && metric.max !== null ? [metric.max] : [];
  });
  return peaks.length === 0 ? null : Math.max(...peaks);
}

/**
 * What to look at after a scenario that names no targets: first tokens and tokens slower than MLPerf's standard level, a search whose criterion was missed, a machine
 * short of memory, and failed requests. Pure.
 */
export function recommend(document: ResultDocument): string[] {
  const { ttft_ms: ttft, tpot_ms: tpot, error_rate: errors } = document.results;
  const { ttftP95Ms, tpotP95Ms } = mlperfLevels.standard;
  const criteria = (document.results['criteria'] ?? []) as { of: string; met: boolean | null }[];
  const found = {
    ttft: (ttft?.p95 ?? 0) > ttftP95Ms,
    tok_s: (tpot?.p95 ?? 0) > tpotP95Ms,
    retrieval: criteria.some(({ of, met }) => of.startsWith('retrieval.latency') && met === false),
    memory: (peakOf(document, 'machine_memory_percent') ?? 0) > tolerableMemory,
    error_rate: (errors ?? 0) > tolerableErrors,
  };
  return Object.entries(found).flatMap(([name, applies]) => (applies ? [advice[name as keyof typeof found]] : []));
}
