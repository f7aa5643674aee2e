import { availableParallelism } from 'node:os';
import type { ReadText } from './proc-files.ts';

/**
 * How many cores a process may use: those of the machine that are open to us, or what its control group allows, if that is less (cpu.max of version 2,
 * cpu.cfs_quota_us of version 1; the groups above it count too).
 */
export function coresAllowed(pid: number, read: ReadText, machine = availableParallelism()): number {
  const quotas = groupsOf(pid, read).flatMap((folder) => quotaOf(folder, read) ?? []);
  return Math.min(machine, ...quotas);
}

/** The folders of a process's control group, itself first, then those above it. */
export function groupsOf(pid: number, read: ReadText): string[] {
  for (const line of (read(`/proc/${pid}/cgroup`) ?? '').split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === '' || (controllers !== '' && !controllers.split(',').includes('cpu'))) continue;
    const root = controllers === '' ? '/sys/fs/cgroup' : `/sys/fs/cgroup/${controllers}`;
    const steps = path.split('/').filter((step) => step !== '');
    return [...steps.keys(), steps.length].map((count) => [root, ...steps.slice(0, count)].join('/')).toReversed();
  }
  return [];
}

function quotaOf(folder: string, read: ReadText): number | null {
  const second = /^(\d+) (\d+)/.exec(read(`${folder}/cpu.max`) ?? '');
  if (second !== null) return Number(second[1]) / Number(second[2]);
  const quota = Number(read(`${folder}/cpu.cfs_quota_us`) ?? '-1');
  const period = Number(read(`${folder}/cpu.cfs_period_us`) ?? '0');
  return quota > 0 && period > 0 ? quota / period : null;
}
