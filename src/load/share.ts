/** One of several that share something: machines a load, threads a machine's part of it. */
export interface Place {
  index: number;
  count: number;
}

/** The part of `total` that falls to the one at `place` of `of`; the parts add up to the total. */
export function shareOf(total: number, place: number, of: number): number {
  return Math.floor(total / of) + (place < total % of ? 1 : 0);
}

/** A thread's part of a total: its share of its machine's, however many threads the other machines have. */
export function partOf(total: number, machine: Place, thread: Place): number {
  return shareOf(shareOf(total, machine.index, machine.count), thread.index, thread.count);
}

/** A thread's arrivals of a schedule that all share: every count-th is its machine's, and of those every count-th its own. `of` and `first` as in OpenDriver's Share. */
export function ownArrivals(machine: Place, thread: Place): { first: number; of: number } {
  return { first: machine.index + machine.count * thread.index, of: machine.count * thread.count };
}
