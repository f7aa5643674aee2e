import type { BaselineFound } from '../baseline/source.ts';
import type { BenchConfig } from '../config/bench-config.ts';

/** What must not be overlooked where files are named as baselines: one that is not there may be a slip of the pen, and would let everything pass. Sentences; none where all is well. */
export function baselineWarnings(found: BaselineFound | null, { baseline }: Pick<BenchConfig, 'baseline'>): string[] {
  if (found === null || baseline.kind !== 'file') return [];
  return found.found ? found.skipped.map((line) => `baseline passed over: ${line}`) : [found.reason];
}
