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

/** Memory is counted in pages of so many bytes: 4096, but for some ARM machines. By what this very process uses, told both ways. */
export const pageBytes = pageSize();

function pageSize(): number {
  const pages = Number(readText('/proc/self/statm')?.split(' ')[1]);
  return pages > 0 ? 2 ** Math.round(Math.log2(process.memoryUsage.rss() / pages)) : 4096;
}

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
