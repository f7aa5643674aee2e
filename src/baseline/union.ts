import { laterMark, type Member, membersOf } from './member.ts';
import { type BaselineCandidate, type BaselineQuery, type BaselineStore, Refused, StoreUnavailable } from './store.ts';

/** Everything that a store holds, or the newest part of it, each job once. */
export interface Union {
  /** Newest first. */
  members: Member[];
  /** What was passed over, and why, a line each. */
  skipped: string[];
  /** Of those, what was meant as a baseline and could not be used. */
  unusable: string[];
  /** Why the store could not be read to its end; null when it was. */
  unavailable: StoreUnavailable | null;
}

export interface UnionOptions {
  query: BaselineQuery;
  /** Documents opened one by one at most: each artifact costs three calls of the API and a download. */
  maxOpened: number;
  /** True once there are enough; asked with what was read until then. */
  enough(members: readonly Member[]): boolean;
  /** @throws Refused for a member that does not belong here */
  check(member: Member): void;
}

/** Two nightly jobs may compact at once, and one may fail half-way: the newest few hold all. */
export const maxPools = 3;
/** A slow run may upload long after a later one was compacted; one that comes behind so many of those is not looked for. */
const lookBack = 20;
/** Downloads under way at a time. */
const together = 5;

/**
 * The union of a store's compacted documents and of the results beside them, by job: which of two copies of a job is taken does not matter, as both are
 * of the same upload; the later mark counts. A result that is not yet in a compacted document, because it came while that was written, is read itself.
 */
export async function readUnion(store: BaselineStore, options: UnionOptions): Promise<Union> {
  const { query } = options;
  const byKey = new Map<string, Member>();
  const inPools = new Set<number>();
  const union: Union = { members: [], skipped: [], unusable: [], unavailable: null };

  function add(candidate: BaselineCandidate, found: readonly Member[]): void {
    for (const member of found) {
      if (member.artifact !== null && member.compacted) inPools.add(member.artifact);
      try {
        if (query.excludeRun !== null && member.document.ci?.run_id === String(query.excludeRun))
          throw new Refused('is of this very run', { ineligible: true });
        options.check(member);
      } catch (error) {
        refuse(found.length === 1 ? candidate.name : member.name, error);
        continue;
      }
      const known = byKey.get(member.key);
      if (known === undefined) byKey.set(member.key, member);
      // The whole document says more than what compaction kept of it.
      else
        byKey.set(member.key, {
          ...(known.compacted ? member : known),
          mark: laterMark(known.mark, member.mark),
          accepted: known.accepted ?? member.accepted,
        });
    }
  }

  function refuse(name: string, error: unknown): void {
    if (!(error instanceof Refused)) throw error;
    const line = lineOf(name, error.message);
    if (union.skipped.includes(line)) return;
    union.skipped.push(line);
    if (!error.ineligible) union.unusable.push(line);
  }

  async function open(candidates: readonly BaselineCandidate[]): Promise<void> {
    const opened = await Promise.allSettled(candidates.map((candidate) => candidate.open()));
    const failed: unknown[] = [];
    for (const [index, outcome] of opened.entries()) {
      const candidate = candidates[index] as BaselineCandidate;
      const { name, known, runId } = candidate;
      if (outcome.status === 'fulfilled') {
        const { document, sha } = outcome.value;
        const provenance = { name, description: candidate.description(), sha, artifact: known.artifact, runId };
        add(
          candidate,
          membersOf(document, provenance, (reason) => refuse(name, new Refused(reason))),
        );
      } else if (outcome.reason instanceof Refused) refuse(name, outcome.reason);
      else failed.push(outcome.reason);
    }
    // What was read beside the one that failed is kept.
    if (failed.length > 0) throw failed[0];
  }

  try {
    let pools = 0;
    for await (const candidate of store.pools?.(query) ?? []) {
      if ('refused' in candidate) refuse(candidate.name, candidate.refused);
      else {
        await open([candidate]);
        if (++pools === maxPools) break;
      }
    }
    let count = 0;
    let compacted = 0;
    let waiting: BaselineCandidate[] = [];
    const flush = async () => {
      await open(waiting);
      waiting = [];
      return options.enough([...byKey.values()]);
    };
    for await (const candidate of store.newest(query)) {
      if ('refused' in candidate) {
        refuse(candidate.name, candidate.refused);
        continue;
      }
      if (candidate.known.artifact !== null && inPools.has(candidate.known.artifact)) {
        if (++compacted === lookBack && (await flush())) break;
        continue;
      }
      if (count++ === options.maxOpened) {
        union.skipped.push(`${options.maxOpened} results were read; those before them were not`);
        break;
      }
      waiting.push(candidate);
      if (waiting.length === together && (await flush())) break;
    }
    await flush();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    union.unavailable = error;
  }
  union.members = [...byKey.values()].sort((a, b) => b.timestamp.localeCompare(a.timestamp));
  return union;
}

/** One line, naming what it is about once. */
export function lineOf(name: string, reason: string): string {
  const line = reason.replace(/\s*\n\s*/g, ' ');
  return line.startsWith(name) ? line : `${name}: ${line}`;
}
