import { readdirSync, readFileSync } from 'node:fs';
import { ticksPerSecond } from '../proc-files.ts';

/** Processor time by process and thread, microseconds; a process's first thread has its number. */
export type ThreadTimes = ReadonlyMap<number, ReadonlyMap<number, number>>;

/** What the threads of processes have spent until now; those that are gone, or not for us to see, are left out. */
export function threadTimes(pids: readonly number[]): ThreadTimes {
  return new Map(pids.map((pid) => [pid, new Map(threadsOf(pid).flatMap((thread) => timeOf(`/proc/${pid}/task/${thread}/stat`, thread)))]));
}

/** The most that one thread of a process spent between two readings, of its first thread and of the others; null where it was not read. Pure. */
export function mostSpent(pid: number, before: ThreadTimes, after: ThreadTimes): { first: number; others: number } | null {
  const now = after.get(pid);
  if (now === undefined || now.size === 0) return null;
  const spent = [...now].map(([thread, us]) => ({ thread, us: us - (before.get(pid)?.get(thread) ?? 0) }));
  const most = (of: (thread: number) => boolean) => Math.max(0, ...spent.filter(({ thread }) => of(thread)).map(({ us }) => us));
  return { first: most((thread) => thread === pid), others: most((thread) => thread !== pid) };
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

function timeOf(file: string, thread: number): [number, number][] {
  try {
    const fields = readFileSync(file, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    return [[thread, ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond]];
  } catch {
    return [];
  }
}
