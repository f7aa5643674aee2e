import { type Compacted, compact, keptRuns } from '../../baseline/compact.ts';
import { laterMark, type Member } from '../../baseline/member.ts';
import { refuseInadmissible } from '../../baseline/pool.ts';
import { told } from '../../baseline/source.ts';
import type { BaselineStore } from '../../baseline/store.ts';
import { readUnion } from '../../baseline/union.ts';
import { UserError } from '../../config/errors.ts';
import type { BaselineMark, ResultDocument } from '../../result/document.ts';
import { formatResult } from '../../result/write.ts';
import { reaching } from './open-baselines.ts';

/** Before the first compaction each job is a download of its own; several cohorts share these. */
const maxOpened = 150;
/** Well below what is read (64 MiB): the pool of a service with hundreds of series keeps fewer jobs. */
const maxBytes = 32 * 1024 * 1024;

export interface CompactOptions {
  /** ISO 8601. */
  now: string;
  /** Marks to set, by the job's key. */
  marks?: ReadonlyMap<string, BaselineMark>;
}

export interface CompactReport {
  /** What the compacted document can be found by; null when there was nothing to compact. */
  stored: string | null;
  jobs: number;
  dropped: number;
  /** What could not be used, and why. */
  skipped: string[];
}

/**
 * Reads the last jobs of an artifact store, compacts them and stores the outcome as an artifact again, so that they outlive the artifacts they came in.
 * Nothing is taken away: a result that comes while this runs is not in the outcome, but it is in the union of both, which is what is read.
 * @throws UserError (2) when the store does not answer or cannot be written, and for one that needs no compaction
 */
export async function compactStore(store: BaselineStore, { now, marks }: CompactOptions): Promise<CompactReport> {
  const { artifacts } = store;
  if (!artifacts) throw new UserError(`${store.describe()} need no compaction: they do not expire. \`llm-bench baseline prune\` removes old ones.`);
  const union = await reaching(() => readUnion(store, { query: { excludeRun: null }, maxOpened, enough: isEnough, check: refuseInadmissible }));
  // Half of a pool would look like the whole of it from tomorrow on.
  if (union.unavailable) throw new UserError(union.unavailable.message, { cause: union.unavailable });
  const members = union.members.map((member): Member => ({ ...member, mark: laterMark(member.mark, marks?.get(member.key) ?? null) }));
  const compacted = bounded(members, now);
  if (compacted === null) return { stored: null, jobs: 0, dropped: 0, skipped: told(union.unusable) };
  const stored = await reaching(() => artifacts.pushPool(compacted.document));
  return { stored, jobs: compacted.jobs, dropped: compacted.dropped, skipped: told([...union.unusable, ...compacted.skipped]) };
}

/** The newest job's cohort is full; the others are as full as they get within the bound. */
function isEnough(members: readonly Member[]): boolean {
  const counts = new Map<string, number>();
  for (const { cohort } of members) counts.set(cohort, (counts.get(cohort) ?? 0) + 1);
  return counts.size > 0 && [...counts.values()].every((count) => count >= keptRuns);
}

/** The oldest go first where it would be too large; what is pinned goes last. */
function bounded(members: readonly Member[], now: string): Compacted | null {
  let rest = [...members];
  for (;;) {
    const compacted = compact(rest, now);
    if (compacted === null || rest.length <= 1 || sizeOf(compacted.document) <= maxBytes) {
      return compacted === null ? null : { ...compacted, dropped: compacted.dropped + members.length - rest.length };
    }
    rest = [...rest].sort((a, b) => Number(b.mark?.pinned ?? false) - Number(a.mark?.pinned ?? false)).slice(0, Math.ceil(rest.length / 2));
  }
}

const sizeOf = (document: ResultDocument): number => Buffer.byteLength(formatResult(document));
