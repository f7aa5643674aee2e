import type { Scenario } from '../config/scenario/scenario.ts';
import { type Level, levelsOf, type RunPhase } from '../load/levels.ts';
import type { LevelRules } from '../load/search-rules.ts';
import { type SearchSummary, searchSummary } from '../load/search-summary.ts';
import { type Capacity, capacityOf } from './capacity.ts';
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

/** What a scenario's levels are held to: a search's own rules; of steps the limits at which it stops. */
function levelRules({ load, stop }: Pick<Scenario, 'load' | 'stop'>): LevelRules {
  if (load.executor === 'search') return load as unknown as LevelRules;
  return { max_error_rate: stop?.max_error_rate ?? stableErrorRate, max_p95_latency: stop?.max_p95_latency };
}

/** The levels, and what they say of the service: what a search found, or what steps say of its capacity. Nothing where there are none. */
export function levelFindings(levels: readonly Level[], scenario: Pick<Scenario, 'load' | 'stop'>, replicas: number): LoadFindings {
  if (levels.length === 0) return {};
  // Of records the limits are not known: which loads were within them cannot be said.
  if (scenario.load.executor === 'recorded') return { levels: [...levels] };
  const rules = levelRules(scenario);
  const search = scenario.load.executor === 'search' ? searchSummary(levels, rules) : null;
  return { levels: [...levels], ...(search === null ? capacityOf(levels, rules, replicas) : searchCapacity(search, replicas)) };
}

/** Levels of steps and of a search, what the search found, what the steps say of capacity, and the thirds of a soak. Pure. */
export function loadFindings(
  phases: readonly RunPhase[],
  scenario: Pick<Scenario, 'load' | 'stop'>,
  measured: { tokensKnown: boolean; timeline: readonly TimelineBucket[]; durationSeconds: number; replicas?: number; stopReason?: string },
): LoadFindings {
  const { load } = scenario;
  const stability =
    load.executor === 'soak'
      ? stabilityOf(measured.timeline, Math.min(measured.durationSeconds, Number(load['duration'] ?? Number.POSITIVE_INFINITY)), measured.stopReason)
      : null;
  return {
    ...levelFindings(levelsOf(phases, measured.tokensKnown), scenario, measured.replicas ?? 1),
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
