import type { Scenario } from '../config/scenario.ts';
import { type Level, levelsOf, type RunPhase } from '../load/levels.ts';
import type { SearchRules } from '../load/search-rules.ts';
import { type SearchSummary, searchSummary } from '../load/search-summary.ts';
import type { Metric, TimelineBucket } from './document.ts';
import { type Stability, stabilityOf } from './stability.ts';

/** What a load that changes, or lasts, says beside its series; members of `results`. */
export interface LoadFindings {
  levels?: Level[];
  search?: SearchSummary;
  stability?: Stability;
}

/** Levels of steps and of a search, what the search found, and the thirds of a soak. Pure. */
export function loadFindings(
  phases: readonly RunPhase[],
  { load }: Pick<Scenario, 'load'>,
  measured: { tokensKnown: boolean; timeline: readonly TimelineBucket[]; durationSeconds: number },
): LoadFindings {
  const levels = levelsOf(phases, measured.tokensKnown);
  const search = load.executor === 'search' ? searchSummary(phases, load as unknown as SearchRules) : null;
  const stability = load.executor === 'soak' ? stabilityOf(measured.timeline, Math.min(measured.durationSeconds, Number(load['duration']))) : null;
  return { ...(levels.length > 0 ? { levels } : {}), ...(search ? { search } : {}), ...(stability ? { stability } : {}) };
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
