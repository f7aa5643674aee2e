import { cpus } from 'node:os';
import type { ReadText } from './proc-files.ts';

/**
 * How many cores a process may use: those of the machine, of which it may be bound to some (cpuset, taskset), or what its control group allows, if that is
 * less (cpu.max of version 2, cpu.cfs_quota_us of version 1; the groups above it count too).
 */
export function coresAllowed(pid: number, read: ReadText, machine = cpus().length): number {
  const quotas = groupsOf(pid, read).flatMap((folder) => quotaOf(folder, read) ?? []);
  return Math.min(machine, boundTo(read(`/proc/${pid}/status`) ?? '') ?? machine, ...quotas);
}

/** The processors of a list such as `0-3,8`; null where there is none. */
function boundTo(status: string): number | null {
  const ranges = /^Cpus_allowed_list:\s+([\d,-]+)$/m.exec(status)?.[1]?.split(',') ?? [];
  const counts = ranges.map((range) => range.split('-').map(Number)).map(([first = 0, last = first]) => last - first + 1);
  return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
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
