import type { AcceptedChange } from '../result/document.ts';
import { type CurrentCohort, type OtherCohort, splitByCohort } from './cohort.ts';
import { becauseOf, checkFitness } from './fitness.ts';
import type { Member } from './member.ts';
import { openStore } from './open-store.ts';
import { type CommitOrder, placeOf } from './order.ts';
import { type BaselineOptions, told } from './source.ts';
import { type BaselineStore, Refused, StoreUnavailable } from './store.ts';
import { readUnion, type Union } from './union.ts';

export interface PoolOptions extends BaselineOptions {
  /** The result that will be compared with the pool: only jobs of its cohort enter. Null: not measured yet; the pool holds all cohorts (see narrowPool). */
  current: CurrentCohort | null;
}

/** Earlier jobs that a new result may be held against by statistics; the job is the unit of evidence. */
export interface Pool {
  /** Nearest to the base first where the order of commits is known, else newest first; at most as many as wanted. All of the current result's cohort. */
  members: Member[];
  /** Fit, but of other cohorts: compared with by nothing, and told. */
  others: OtherCohort[];
  /** The last slow-down that was accepted: what was measured before it is left out. */
  accepted: AcceptedChange | null;
  /** True where each member is known to come before the base. */
  ordered: boolean;
  /** What a reader must know of the pool, a sentence each. */
  notes: string[];
  /** What was passed over, and why. */
  skipped: string[];
  /** Why there is no member at all, a sentence for the report; null where there is one. */
  reason: string | null;
  /** True where something stands in the way and should be looked at. */
  warning: boolean;
}

/** The most that a screen uses (the last 20 admissible runs). */
export const wantedForPool = 20;
/** Enough for 20 of one kind of machine among several, before compaction has run. */
const maxOpened = 60;

/**
 * The pool for a screen: the union of what compaction kept and of the newest results, each job once, by (run id, attempt). Only admissible results of the
 * same scenario enter; with an order, none that is after the base or beside it. Never throws for what is stored: a corrupt member is skipped and named.
 */
export async function findPool(options: PoolOptions): Promise<Pool> {
  if (options.source.kind === 'none') return empty('No baseline is asked for (baseline: none): there is no pool.', false, []);
  const { current, order = null, want = wantedForPool } = options;
  let store: BaselineStore;
  let union: Union;
  try {
    store = await openStore(options);
    union = await readUnion(store, {
      query: { excludeRun: options.context?.runId ?? null },
      maxOpened,
      enough: (members) =>
        members.filter((member) => isBefore(order, member) && (current === null || member.cohort === current.cohort)).length >= want,
      check: (member) => void checkFitness(member.document, { name: member.name, named: false }, options.scenarios),
    });
  } catch (error) {
    if (error instanceof StoreUnavailable) return empty(`The pool could not be read: ${error.message}`, true, []);
    throw error;
  }
  if (union.unavailable && union.members.length === 0) return empty(`The pool could not be read: ${union.unavailable.message}`, true, union.skipped);
  const pool = assemble(union.members, { order, skipped: union.skipped });
  if (union.unavailable) pool.notes.push(`Older results could not be read: ${union.unavailable.message}`);
  if (pool.members.length === 0 && pool.reason === null) {
    pool.warning = union.unusable.length > 0;
    const more = union.unusable.length > 1 ? ` and ${union.unusable.length - 1} more` : '';
    pool.reason = pool.warning ? `No usable result among ${store.describe()}. Passed over: ${union.unusable[0]}${more}.` : store.whenEmpty();
  }
  return current === null ? pool : narrowPool(pool, current, want);
}

/** Keeps the jobs of the current result's cohort, the nearest `want` of them, and tells of the others. Pure. */
export function narrowPool(pool: Pool, current: CurrentCohort, want = wantedForPool): Pool {
  const { same, others } = splitByCohort(pool.members, current);
  const members = same.slice(0, want);
  const notes = [...pool.notes];
  for (const other of others) {
    const jobs = other.members.length === 1 ? 'One earlier run is' : `${other.members.length} earlier runs are`;
    notes.push(`${jobs} of another cohort and not compared with: ${other.differences.join('; ')}.`);
  }
  const reason =
    members.length > 0 || pool.reason !== null
      ? pool.reason
      : `No earlier run is of this cohort: ${others[0]?.differences.join('; ') ?? 'none is left'}.`;
  return { ...pool, members, others, notes, reason };
}

function assemble(all: readonly Member[], { order, skipped }: { order: CommitOrder | null; skipped: string[] }): Pool {
  const notes: string[] = [];
  let members = [...all];
  if (order !== null) {
    const places = new Map(all.map((member) => [member, placeOf(order, member.sha, member.timestamp)]));
    members = all
      .filter((member) => places.get(member)?.kind !== 'elsewhere')
      .map((member) => {
        const place = places.get(member);
        return place?.kind === 'ancestor' ? { ...member, distance: place.distance } : member;
      });
    const beyond = all.length - members.length;
    if (beyond > 0) {
      const jobs = beyond === 1 ? 'One stored run is' : `${beyond} stored runs are`;
      notes.push(`${jobs} of commits that do not come before the base ${order.base.sha.slice(0, 12)} and left out.`);
    }
    // Those whose place is not known stand behind, the newest first as they are.
    members.sort((a, b) => (a.distance ?? Number.MAX_SAFE_INTEGER) - (b.distance ?? Number.MAX_SAFE_INTEGER));
  }
  const last = members.findIndex((member) => member.accepted !== null);
  const accepted = members[last]?.accepted ?? null;
  if (accepted !== null && last + 1 < members.length) {
    // Re-runs of the accepted commit itself are of the new level as well.
    const { sha } = members[last] as Member;
    const kept = members.filter((member, index) => index <= last || (sha !== null && member.sha === sha));
    notes.push(
      `${members.length - kept.length} earlier runs are left out: ${accepted.by} accepted a slow-down with ${(sha ?? accepted.sha).slice(0, 12)}, and what was measured before it is no measure any more.`,
    );
    members = kept;
  }
  const reason =
    members.length === 0 && all.length > 0 && order !== null
      ? `No stored run is of a commit before the base ${order.base.sha.slice(0, 12)} (${order.base.how}).`
      : null;
  const ordered = order !== null && members.length > 0 && members.every((member) => member.distance !== null);
  return { members, others: [], accepted, ordered, notes, skipped: told(skipped), reason, warning: false };
}

const isBefore = (order: CommitOrder | null, member: Member): boolean =>
  order === null || placeOf(order, member.sha, member.timestamp).kind !== 'elsewhere';

function empty(reason: string, warning: boolean, skipped: string[]): Pool {
  return { members: [], others: [], accepted: null, ordered: false, notes: [], skipped: told(skipped), reason, warning };
}

/** What of a member may not enter any pool, whatever is asked. @throws Refused */
export function refuseInadmissible(member: Member): void {
  const { document } = member;
  if (document.partial) throw new Refused(`is of an interrupted run (${document.stop_reason})`);
  if (!document.admissible || !document.validity.valid) throw new Refused(`is not fit to be a baseline${becauseOf(document)}`);
}
