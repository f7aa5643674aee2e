import type { Scenario } from '../config/scenario/scenario.ts';
import { type Level, levelsOf, type RunPhase } from '../load/levels.ts';
import type { SearchRules } from '../load/search-rules.ts';
import { type SearchSummary, searchSummary } from '../load/search-summary.ts';
import { type Capacity, capacityOf, type LevelLimits } from './capacity.ts';
import type { Metric, TimelineBucket } from './document.ts';
import { type Stability, stabilityOf } from './stability.ts';

/** What a load that changes, or lasts, says beside its series; members of `results`. */
export interface LoadFindings extends Partial<Capacity> {
  levels?: Level[];
  search?: SearchSummary;
  stability?: Stability;
}

/** A level with more failed requests than this is not stable, where the scenario's `stop` says nothing else. Percent. */
const stableErrorRate = 1;

/** The limits that levels of a scenario's steps are held to: those at which it stops. */
export function levelLimits({ stop }: Pick<Scenario, 'stop'>): LevelLimits {
  return { maxErrorRate: stop?.max_error_rate ?? stableErrorRate, maxP95LatencySeconds: stop?.max_p95_latency ?? null };
}

/** Levels of steps and of a search, what the search found, what the steps say of capacity, and the thirds of a soak. Pure. */
export function loadFindings(
  phases: readonly RunPhase[],
  scenario: Pick<Scenario, 'load' | 'stop'>,
  measured: { tokensKnown: boolean; timeline: readonly TimelineBucket[]; durationSeconds: number; replicas?: number; crashed?: boolean },
): LoadFindings {
  const { load } = scenario;
  const levels = levelsOf(phases, measured.tokensKnown);
  const search = load.executor === 'search' ? searchSummary(phases, load as unknown as SearchRules) : null;
  const stability =
    load.executor === 'soak'
      ? stabilityOf(measured.timeline, Math.min(measured.durationSeconds, Number(load['duration'] ?? Number.POSITIVE_INFINITY)), measured.crashed)
      : null;
  const capacity = levels.length > 0 && search === null ? capacityOf(levels, levelLimits(scenario), measured.replicas ?? 1) : null;
  return {
    ...(levels.length > 0 ? { levels } : {}),
    ...capacity,
    ...(search ? searchCapacity(search, measured.replicas ?? 1) : {}),
    ...(stability ? { stability } : {}),
  };
}

/** A search says under the names of the steps, too, what the service takes. */
function searchCapacity(
  search: SearchSummary,
  replicas: number,
): Pick<LoadFindings, 'search' | 'stable_concurrency_levels' | 'max_sustainable_load' | 'capacity'> {
  const { max_sustainable_load: load, stable_levels, unit } = search;
  return {
    search,
    stable_concurrency_levels: stable_levels,
    max_sustainable_load: load,
    capacity: { load, unit, replicas, per_replica: load === null ? null : load / replicas, requests_per_sec: null },
  };
}

/** What a search found, as metrics that two results can be compared by: its levels differ from run to run, as the search chooses them. */
export function searchMetrics({ unit: counted, max_sustainable_load, breaking_point, knee }: SearchSummary): Record<string, Metric> {
  const unit = counted === 'users' ? 'users' : 'req/s';
  const metric = (value: number | null): Metric => ({ unit, better: 'higher', value });
  return {
    max_sustainable_load: metric(max_sustainable_load),
    breaking_load: metric(breaking_point?.load ?? null),
    knee_load: metric(knee?.load ?? null),
  };
}
