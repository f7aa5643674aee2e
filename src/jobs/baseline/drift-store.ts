import type { BaselineStore } from '../../baseline/store.ts';
import type { Thresholds } from '../../config/thresholds/thresholds.ts';
import { renderDriftText } from '../../report/drift.ts';
import type { DriftOptions } from '../../verdict/drift.ts';
import { listBaselines } from './baseline.ts';
import { watchDrift } from './watch-drift.ts';

export interface DriftStoreJob {
  store: BaselineStore;
  /** By which the distance from an anchor is judged. */
  thresholds: Thresholds;
  options: DriftOptions;
  json: boolean;
  warn(sentence: string): void;
}

/**
 * `llm-bench drift --store`: where the level of a metric changed for good in the stored runs, each cohort by itself, and how far the newest ones are from the
 * pinned anchors.
 * @returns what to print
 * @throws UserError (exit 2) when the store does not answer
 */
export async function driftOfStore({ store, thresholds, options, json, warn }: DriftStoreJob): Promise<string> {
  const { members, skipped } = await listBaselines(store);
  for (const line of skipped) warn(`passed over: ${line}`);
  if (members.length === 0) warn(store.whenEmpty());
  const report = watchDrift(members, { store: store.describe(), since: '', thresholds, drift: options });
  if (!json) return renderDriftText(report);
  for (const note of report.notes) warn(note);
  // Nobody has looked before: all of it is news.
  return `${JSON.stringify(
    report.rows.map(({ isNew: _, ...row }) => row),
    null,
    2,
  )}\n`;
}
