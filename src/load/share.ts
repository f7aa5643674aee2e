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

/**
 * A machine's part of the requests of a closed load. Users take turns in the order of indices, and every count-th user is the machine's, as `shareOf` has
 * it: so a machine with more users sends more, one without any none, and together they send each index once.
 */
export class ClosedShare {
  private readonly machine: Place;
  private readonly users: number;
  private readonly own: number;

  /** @param users of all machines together */
  constructor(machine: Place, users: number) {
    this.machine = machine;
    this.users = Math.max(1, users);
    this.own = shareOf(this.users, machine.index, machine.count);
  }

  /** How many of a number of requests are the machine's. */
  of(requests: number): number {
    const { machine, users, own } = this;
    const rest = requests % users;
    return Math.floor(requests / users) * own + shareOf(rest, machine.index, machine.count);
  }

  /** The index of the machine's n-th request, from 0; of a machine without users there is none. */
  nth(n: number): number {
    const { machine, users, own } = this;
    return Math.floor(n / own) * users + machine.index + (n % own) * machine.count;
  }
}

/** A thread's arrivals of a schedule that all share: every count-th is its machine's, and of those every count-th its own. `of` and `first` as in OpenDriver's Share. */
export function ownArrivals(machine: Place, thread: Place): { first: number; of: number } {
  return { first: machine.index + machine.count * thread.index, of: machine.count * thread.count };
}
