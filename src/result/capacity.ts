import type { Level } from '../load/levels.ts';

/** What a level must keep within to count as stable. */
export interface LevelLimits {
  /** Percent. */
  maxErrorRate: number;
  maxP95LatencySeconds: number | null;
}

/** What the levels of steps say of the service's capacity; members of `results`. */
export interface Capacity {
  /** Loads that kept within the limits, ascending, below the first that did not. */
  stable_concurrency_levels: number[];
  max_sustainable_load: number | null;
  /** The lowest load that broke a limit; null where all held. */
  breaking_point: { load: number; rule: 'max_error_rate' | 'max_p95_latency'; value: number | null; limit: number } | null;
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

/** @param levels one at least */
export function capacityOf(levels: readonly Level[], limits: LevelLimits, replicas: number): Capacity {
  const ascending = levels.toSorted((a, b) => a.load - b.load);
  const broken = ascending.map((level) => ({ level, breach: breachOf(level, limits) })).find(({ breach }) => breach !== null);
  const stable = ascending.filter((level) => isKnown(level, limits) && (broken === undefined || level.load < broken.level.load));
  const best = stable.at(-1);
  const plateau = plateauOf(ascending);
  return {
    stable_concurrency_levels: stable.map(({ load }) => load),
    max_sustainable_load: best?.load ?? null,
    breaking_point: broken?.breach ? { load: broken.level.load, ...broken.breach } : null,
    capacity: {
      load: best?.load ?? null,
      unit: (ascending[0] as Level).unit,
      replicas,
      per_replica: best === undefined ? null : best.load / replicas,
      requests_per_sec: best?.requests_per_sec ?? null,
    },
    plateau,
    best_concurrency: plateau?.best_load ?? null,
    p95_degradation: best?.p95_ratio ?? null,
  };
}

function breachOf(level: Level, { maxErrorRate, maxP95LatencySeconds }: LevelLimits): Omit<NonNullable<Capacity['breaking_point']>, 'load'> | null {
  if (level.error_rate !== null && level.error_rate > maxErrorRate) return { rule: 'max_error_rate', value: level.error_rate, limit: maxErrorRate };
  if (maxP95LatencySeconds !== null && level.p95_latency_s !== null && level.p95_latency_s > maxP95LatencySeconds)
    return { rule: 'max_p95_latency', value: level.p95_latency_s, limit: maxP95LatencySeconds };
  return null;
}

/** What was not measured has not held. */
function isKnown({ requests, error_rate, p95_latency_s }: Level, { maxP95LatencySeconds }: LevelLimits): boolean {
  return requests > 0 && error_rate !== null && (maxP95LatencySeconds === null || p95_latency_s !== null);
}

function plateauOf(ascending: readonly Level[]): Capacity['plateau'] {
  const inTokens = ascending.every(({ tokens_per_sec }) => tokens_per_sec !== null);
  const known = ascending.flatMap((level) => {
    const throughput = inTokens ? level.tokens_per_sec : answeredPerSecond(level);
    return throughput === null ? [] : [{ load: level.load, throughput }];
  });
  if (known.length < 2) return null;
  const best = known.reduce((most, one) => (one.throughput > most.throughput ? one : most));
  const begins = known.find(({ throughput }) => throughput >= plateauPart * best.throughput) ?? best;
  return { load: begins.load, best_load: best.load, best_throughput: best.throughput, unit: inTokens ? 'tokens/s' : 'req/s' };
}

/** Refusals are quick, and no throughput. */
function answeredPerSecond({ requests, requests_per_sec, dropped, error_rate }: Level): number | null {
  if (requests_per_sec === null || requests === 0 || error_rate === null) return requests_per_sec;
  // Dropped arrivals count into the error rate, and not into the requests.
  return (requests_per_sec * (requests + dropped) * (1 - error_rate / 100)) / requests;
}
