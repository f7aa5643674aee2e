import type { Level } from '../../load/levels.ts';
import { isCutOff } from '../../load/search-rules.ts';
import type { Metric } from '../document.ts';
import type { Finding } from './finding.ts';
import { levelsIn } from './levels-in.ts';

/** One batch size, or number of connections, beside what the smallest would give that many times over. */
export interface BatchSize {
  size: number;
  tokens_per_sec: number | null;
  requests_per_sec: number | null;
  /** Throughput relative to size times that at the smallest size: 1 is a service that batches without loss. Of tokens where they are known, else of requests. */
  efficiency: number | null;
}

/** `results.batch_sizes`, and `batch_efficiency` of each level's series and (the largest size's) of the whole. */
export const batchEfficiency: Finding = ({ name, parts }) => {
  const found = parts
    .flatMap(levelsIn)
    .filter(({ level }) => !isCutOff(level))
    .toSorted((a, b) => a.level.load - b.level.load);
  const sizes = batchSizes(found.map(({ level }) => level));
  const metric = (value: number | null): Metric => ({ unit: 'ratio', better: 'higher', value });
  const metrics = Object.fromEntries(found.map(({ series }, index) => [series, { batch_efficiency: metric(sizes[index]?.efficiency ?? null) }]));
  return {
    results: { batch_sizes: sizes, batch_efficiency: sizes.at(-1)?.efficiency ?? null },
    metrics: { ...metrics, [name]: { batch_efficiency: metric(sizes.at(-1)?.efficiency ?? null) } },
  };
};

function batchSizes(levels: readonly Pick<Level, 'load' | 'tokens_per_sec' | 'requests_per_sec'>[]): BatchSize[] {
  const [first] = levels;
  return levels.map(({ load, tokens_per_sec, requests_per_sec }) => {
    const of = (now: number | null, least: number | null | undefined) =>
      now === null || least == null || least === 0 || first === undefined ? null : now / ((load / first.load) * least);
    return {
      size: load,
      tokens_per_sec,
      requests_per_sec,
      efficiency: of(tokens_per_sec, first?.tokens_per_sec) ?? of(requests_per_sec, first?.requests_per_sec),
    };
  });
}
