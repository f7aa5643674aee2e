import type { RetrievalConfig } from '../config/scenario/retrieval.ts';
import type { Found } from '../protocol/protocol.ts';
import type { Neighbours } from '../workload/exact-neighbours.ts';

/** A best match this near to the threshold may be a hit or not: an index that keeps its vectors in eight bits is off by as much. */
const undecided = 0.01;

/** What came of holding one answer against the exact search; null where that was not made for its query, or the answer does not say. */
export interface CheckedRetrieval {
  /** Share of the nearest entries that are among those found, 0 to 1. */
  recall: number | null;
  /** The best match reached the threshold, by what the server says. */
  hit: boolean | null;
  /** It should have. */
  hitExpected: boolean | null;
}

/** @param neighbours of the first queries; null: none were looked for. Pure. */
export function checkRetrieval(
  { queries, threshold, top_k }: Pick<RetrievalConfig, 'queries' | 'threshold' | 'top_k'>,
  neighbours: Neighbours | null,
  index: number,
  found: Found,
): CheckedRetrieval {
  const number = index % queries;
  const hit = found.hit ?? (threshold === undefined || found.best === null ? null : found.best >= threshold);
  if (neighbours === null || (number + 1) * neighbours.count > neighbours.entries.length)
    return { recall: null, hit: threshold === undefined ? null : hit, hitExpected: null };
  const { entries, cosines, count } = neighbours;
  const first = number * count;
  const expected = new Set(entries.subarray(first, first + count));
  // More than were asked for would find anything; the same one twice is found once.
  const among = new Set(
    found.ids
      ?.slice(0, top_k)
      .map(Number)
      .filter((id) => expected.has(id)),
  );
  const best = cosines[first] as number;
  return {
    recall: found.ids === null ? null : among.size / count,
    hit: threshold === undefined ? null : hit,
    hitExpected: threshold === undefined || Math.abs(best - threshold) < undecided ? null : best >= threshold,
  };
}
