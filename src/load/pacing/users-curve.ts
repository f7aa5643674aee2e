import type { ClosedPacer } from '../executor.ts';

/** From this time on so many users are active. */
export interface UsersChange {
  atMs: number;
  users: number;
}

/**
 * Number of users over time from its changes, ascending in time, the first at 0. Changes are drawn as far as they are asked for, so that they may
 * go on for ever. Both answers come from one list, so that they cannot disagree by a rounding.
 */
export function usersCurve(changes: Iterable<UsersChange>): Pick<ClosedPacer, 'usersAt' | 'nextChangeMs'> {
  const source = changes[Symbol.iterator]();
  const known: UsersChange[] = [];
  let exhausted = false;

  /** Position of the change in force. */
  function find(elapsedMs: number): number {
    // Two changes ahead: the nearer one is settled only when a later one is known, for several may come at one time.
    while (!exhausted && (known.at(-2)?.atMs ?? Number.NEGATIVE_INFINITY) <= elapsedMs) {
      const next = source.next();
      if (next.done) exhausted = true;
      else add(next.value);
    }
    let [low, high] = [0, known.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((known[middle] as UsersChange).atMs <= elapsedMs) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Changes that change nothing are left out, and of several at one time the last stands. */
  function add(change: UsersChange): void {
    if (known.at(-1)?.atMs === change.atMs) known.pop();
    if (known.at(-1)?.users !== change.users) known.push(change);
  }

  return {
    usersAt: (elapsedMs) => known[find(elapsedMs)]?.users ?? 0,
    nextChangeMs: (elapsedMs) => known[find(elapsedMs) + 1]?.atMs ?? null,
  };
}

/** A ramp from one number of users to another, one user at a time at even distances; a user joins when the ramp reaches him and leaves when it has passed him. */
export function* rampUsers(startMs: number, durationMs: number, from: number, to: number): Generator<UsersChange, void> {
  const step = Math.sign(to - from);
  const distance = Math.abs(to - from);
  for (let moved = 1; moved <= distance; moved++) yield { atMs: startMs + (durationMs * moved) / distance, users: from + step * moved };
}
