import { availableParallelism, loadavg } from 'node:os';
import type { NoiseFigures } from '../measure/validity-input.ts';
import { type ReadText, readText } from './proc-files.ts';

/** Watches what others do on this machine, from now on. */
export interface NoiseWatch {
  /** What was going on since the watch began; may be asked again. */
  figures(): Omit<NoiseFigures, 'otherRun'>;
}

/** The load of the minute past, per core that this process may use; to be asked before anything of ours runs. Null where the system has none. */
export function loadPerCoreNow(): number | null {
  const [minute = 0] = loadavg();
  return process.platform === 'win32' ? null : minute / availableParallelism();
}

/** @param loadPerCore as it was before anything of ours ran */
export function watchNoise(loadPerCore: number | null, read: ReadText = readText, now: () => number = () => performance.now()): NoiseWatch {
  const started = { ms: now(), cpu: cpuTimes(read('/proc/stat')), throttledMs: throttledMs(read) };
  return {
    figures() {
      const cpu = cpuTimes(read('/proc/stat'));
      const throttled = throttledMs(read);
      const wallMs = now() - started.ms;
      const total = cpu && started.cpu ? cpu.total - started.cpu.total : 0;
      return {
        loadPerCore,
        stealShare: cpu && started.cpu && total > 0 ? (cpu.steal - started.cpu.steal) / total : null,
        throttledShare:
          throttled === null || started.throttledMs === null || wallMs <= 0 ? null : Math.min(1, (throttled - started.throttledMs) / wallMs),
      };
    },
  };
}

/** Ticks over all cores since boot: the first line of /proc/stat (user nice system idle iowait irq softirq steal; guest time is within user). */
export function cpuTimes(stat: string | null): { total: number; steal: number } | null {
  const line = stat?.split('\n').find((one) => one.startsWith('cpu '));
  if (line === undefined) return null;
  const fields = line.trim().split(/\s+/).slice(1, 9).map(Number);
  if (fields.length < 8 || fields.some((field) => !Number.isFinite(field))) return null;
  return { total: fields.reduce((sum, field) => sum + field, 0), steal: fields[7] ?? 0 };
}

/** How long the CPU limit of our control group has held it up, ms; null where there is none. Version 2 counts microseconds, version 1 nanoseconds. */
export function throttledMs(read: ReadText): number | null {
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const isSecond = controllers === '';
    if (path === '' || (!isSecond && !controllers.split(',').includes('cpu'))) continue;
    // Within a container the path may be the host's, while the group's own files lie at the top.
    const roots = isSecond ? ['/sys/fs/cgroup'] : [`/sys/fs/cgroup/${controllers}`, '/sys/fs/cgroup/cpu'];
    for (const file of roots.flatMap((root) => [`${root}${path === '/' ? '' : path}/cpu.stat`, `${root}/cpu.stat`])) {
      const text = read(file);
      const micros = /^throttled_usec (\d+)$/m.exec(text ?? '')?.[1];
      if (micros !== undefined) return Number(micros) / 1e3;
      const nanos = /^throttled_time (\d+)$/m.exec(text ?? '')?.[1];
      if (nanos !== undefined) return Number(nanos) / 1e6;
    }
  }
  return null;
}
