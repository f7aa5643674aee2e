import type { ClosedPacer, OpenPacer } from '../executor.ts';
import { type UsersChange, usersCurve } from './users-curve.ts';

/** @param thinkSeconds pause of a user between an answer and its next request */
export function closedPacer(changes: Iterable<UsersChange>, maxUsers: number, thinkSeconds = 0): ClosedPacer {
  return { kind: 'closed', ...usersCurve(changes), maxUsers, thinkMs: thinkSeconds * 1000 };
}

/** As many users from beginning to end. @param thinkSeconds as for `closedPacer` */
export function steadyUsers(users: number, thinkSeconds = 0): ClosedPacer {
  return { kind: 'closed', usersAt: () => users, nextChangeMs: () => null, maxUsers: users, thinkMs: thinkSeconds * 1000 };
}

/** @param arrivals ms from the phase's start, in order */
export function openPacer(arrivals: Iterator<number, unknown>, maxInFlight: number): OpenPacer {
  return {
    kind: 'open',
    maxInFlight,
    next() {
      const next = arrivals.next();
      return next.done ? null : next.value;
    },
  };
}

/** Connections to open ahead of an open schedule: one second's arrivals; it opens more as it needs them. */
export function aheadOf(rate: number, maxInFlight: number): number {
  return Math.max(1, Math.min(maxInFlight, Math.ceil(rate)));
}

/** Of an option in seconds; null where it is left out. */
export const milliseconds = (seconds: number | undefined): number | null => (seconds === undefined ? null : seconds * 1000);
