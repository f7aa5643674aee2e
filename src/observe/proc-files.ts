import { readFileSync } from 'node:fs';

/** Reads a file of the kernel; null where there is none, or it is not for us. */
export type ReadText = (path: string) => string | null;

export const readText: ReadText = (path) => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
};

/** Linux counts processor time in these, whatever the kernel's own tick is (USER_HZ, proc_pid_stat(5)). */
export const ticksPerSecond = 100;

/** Turns the readings of counters into rates per second: null at first, and where a counter fell. */
export class Rates {
  private before: { atMs: number; counts: readonly (number | null)[] } | null = null;

  /** @param counts the same counters in the same order each time; null where one cannot be read */
  next(atMs: number, counts: readonly (number | null)[]): (number | null)[] {
    const { before } = this;
    this.before = { atMs, counts };
    return counts.map((count, index) => {
      const last = before?.counts[index];
      if (before === null || count === null || last === null || last === undefined || atMs <= before.atMs || count < last) return null;
      return (count - last) / ((atMs - before.atMs) / 1000);
    });
  }
}
