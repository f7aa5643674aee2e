import type { Level } from '../../load/levels.ts';
import type { Finding } from './finding.ts';

/** A p95 under the highest load of more than this many times that under the lowest is not stable. */
const stableRatio = 2;
/** How a level ends that was driven as a whole; of an older result it is not known. */
const wholeReasons: ReadonlySet<Level['stop_reason']> = new Set(['completed', 'duration', null]);
const readyTtftMs = 2000;
const readySuccessPercent = 99;

/**
 * `results.production_readiness`: TTFT p95 of the first part, the success rate over all, and how p95 latency changes from the lowest to the highest load of
 * the part that has levels. A load that ended before its last level is not stable.
 */
export const productionReadiness: Finding = ({ parts, document }) => {
  const ttft = parts[0]?.document.results.ttft_ms?.p95 ?? null;
  const loaded = parts.find(({ document: { results } }) => Array.isArray(results['levels']));
  const levels = ((loaded?.document.results['levels'] as Level[] | undefined) ?? []).toSorted((a, b) => a.load - b.load);
  const planned = (loaded?.scenario.load['levels'] as number[] | undefined)?.length ?? null;
  const ratio = levels.length < 2 ? null : (levels.at(-1)?.p95_ratio ?? null);
  const stable =
    ratio === null
      ? null
      : ratio <= stableRatio && levels.length === planned && levels.every(({ stop_reason: reason }) => wholeReasons.has(reason ?? null));
  const success = document.results.success_rate;
  const ready = ttft === null || success === null || stable === null ? null : ttft < readyTtftMs && success > readySuccessPercent && stable;
  return {
    results: {
      production_readiness: {
        ready,
        ttft_ms_p95: ttft,
        success_rate: success,
        p95_ratio_under_load: ratio,
        stable_under_load: stable,
        stable_ratio_limit: stableRatio,
      },
    },
  };
};
