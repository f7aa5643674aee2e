import { answeredPerSecond, type Level } from '../load/levels.ts';
import { type Breach, isCutOff, type LevelRules, sustained } from '../load/search-rules.ts';

/** What the levels of steps say of the service's capacity; members of `results`. */
export interface Capacity {
  /** Loads that kept within the limits, ascending, below the first that did not. */
  stable_concurrency_levels: number[];
  max_sustainable_load: number | null;
  /** The lowest load that broke a limit; null where none did. */
  breaking_point: ({ load: number } & Breach) | null;
  /** The highest load within the limits, and what each replica takes of it. */
  capacity: { load: number | null; unit: Level['unit']; replicas: number; per_replica: number | null; requests_per_sec: number | null };
  /** Where more load stops to bring more throughput; null for one level. */
  plateau: { load: number; best_load: number; best_throughput: number; unit: 'tokens/s' | 'req/s' } | null;
  /** The load with the highest throughput. */
  best_concurrency: number | null;
  /** p95 of the highest stable load relative to the lowest load's. */
  p95_degradation: number | null;
}

/** The lowest load with this part of the best throughput is where the plateau begins. */
const plateauPart = 0.95;

/** @param levels one at least; those that were cut off say nothing of what the service takes */
export function capacityOf(levels: readonly Level[], rules: LevelRules, replicas: number): Capacity {
  const { held: stable, broken } = sustained(levels, rules);
  const best = stable.at(-1);
  const plateau = plateauOf(levels.filter((level) => !isCutOff(level)).toSorted((a, b) => a.load - b.load));
  return {
    stable_concurrency_levels: stable.map(({ load }) => load),
    max_sustainable_load: best?.load ?? null,
    breaking_point: broken,
    capacity: {
      load: best?.load ?? null,
      unit: (levels[0] as Level).unit,
      replicas,
      per_replica: best === undefined ? null : best.load / replicas,
      requests_per_sec: best?.requests_per_sec ?? null,
    },
    plateau,
    best_concurrency: plateau?.best_load ?? null,
    p95_degradation: best?.p95_ratio ?? null,
  };
}

function plateauOf(ascending: readonly Level[]): Capacity['plateau'] {
  const inTokens = ascending.every(({ tokens_per_sec }) => tokens_per_sec !== null);
  const known = ascending.flatMap((level) => {
    const throughput = inTokens ? level.tokens_per_sec : answeredPerSecond(level);
    return throughput === null ? [] : [{ load: level.load, throughput }];
  });
  if (known.length < 2) return null;
  const best = known.reduce((most, one) => (one.throughput > most.throughput ? one : most));
  // Where nothing was answered there is no throughput to be the best.
  if (best.throughput === 0) return null;
  const begins = known.find(({ throughput }) => throughput >= plateauPart * best.throughput) ?? best;
  return { load: begins.load, best_load: best.load, best_throughput: best.throughput, unit: inTokens ? 'tokens/s' : 'req/s' };
}
