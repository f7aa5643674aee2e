import type { BaselineStore } from '../../baseline/store.ts';
import type { BaselineSource } from '../../config/bench-config.ts';
import type { Thresholds } from '../../config/thresholds/thresholds.ts';
import type { Repository } from '../../github/client.ts';
import { annotate } from '../../publish/annotations.ts';
import { appendSummary } from '../../publish/summary.ts';
import { type DriftReport, driftSentence, renderDrift } from '../../report/drift.ts';
import { terminalText } from '../../report/escape.ts';
import { listBaselines } from './baseline.ts';
import { compactStore } from './compact.ts';
import { sourcesOf } from './compact-all.ts';
import { openBaselines } from './open-baselines.ts';
import { watchDrift } from './watch-drift.ts';

export interface NightlyOptions {
  source: BaselineSource;
  /** Every artifact name that begins with the source's: each job and matrix leg has its own. */
  everyName: boolean;
  repository: Repository | null;
  root: string;
  env: NodeJS.ProcessEnv;
  thresholds: Thresholds;
  /** Compact artifacts, so that they do not expire. */
  compact: boolean;
  summaryFile: string | null;
  /** ISO 8601. */
  now: string;
  log: { info(text: string): void; warning(text: string): void };
}

const dayMs = 86_400_000;

/**
 * The nightly job of the stored results: tells where a level changed since it looked last, with the commits, and keeps the last runs of each cohort before
 * their artifacts expire. It never fails for what it finds. @throws UserError (2) when a store does not answer or cannot be written
 */
export async function nightly(options: NightlyOptions): Promise<DriftReport[]> {
  const { root, env, repository, now, log } = options;
  const reports: DriftReport[] = [];
  for (const source of await sourcesOf(options)) {
    const store = await openBaselines({ source, root, env, repository, defaultBranch: null });
    const { members, skipped } = await listBaselines(store);
    for (const line of skipped) log.info(`passed over: ${line}`);
    // Read before the compaction of this night: what the last one did not know yet is news.
    const since = (await lastCompaction(store)) ?? new Date(Date.parse(now) - dayMs).toISOString();
    const report = watchDrift(members, { store: store.describe(), since, thresholds: options.thresholds });
    reports.push(report);
    if (options.compact && store.artifacts && members.length > 0) {
      const { stored, jobs, dropped } = await compactStore(store, { now });
      log.info(`${store.describe()}: ${jobs} runs in ${stored ?? 'nothing'}${dropped > 0 ? `, ${dropped} older ones left out` : ''}`);
    }
    const warning = await appendSummary(options.summaryFile, renderDrift(report));
    if (warning) log.warning(warning);
    for (const row of report.rows) log.info(terminalText(driftSentence(row)));
    const news = report.rows.filter(({ isNew, better }) => isNew && better !== true);
    await annotate(news.slice(0, 10).map((row) => ({ kind: 'warning', title: 'llm-bench drift', message: terminalText(driftSentence(row)) })));
  }
  return reports;
}

async function lastCompaction(store: BaselineStore): Promise<string | null> {
  for await (const candidate of store.pools?.({ excludeRun: null }) ?? []) {
    if ('refused' in candidate) continue;
    const compacted = await candidate.open().then(
      ({ document }) => document.pool?.compacted,
      () => undefined,
    );
    if (typeof compacted === 'string' && !Number.isNaN(Date.parse(compacted))) return compacted;
  }
  return null;
}
