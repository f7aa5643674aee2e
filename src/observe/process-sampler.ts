import { KeptFiles } from './kept-files.ts';
import { pageBytes, type ReadText, ticksPerSecond } from './proc-files.ts';
import type { Gauge, Sampler } from './sampler.ts';
import type { ServiceProcesses } from './service-processes.ts';

const mb = 1e6;

/**
 * Processor time, memory and threads of a service's processes, from /proc. Memory is what is resident (RSS, of which shared pages count once for each
 * process). A percent of CPU is of all cores that the process with the most work may use.
 */
export class ProcessSampler implements Sampler {
  readonly name = 'service_processes';
  readonly intervalMs: number;
  readonly gauges: readonly Gauge[] = [
    { name: 'service_cpu_cores', unit: 'cores', better: 'lower' },
    { name: 'service_cpu_percent', unit: '%', better: 'lower' },
    { name: 'service_memory_mb', unit: 'MB', better: 'lower' },
    { name: 'service_threads', unit: 'count', better: 'lower' },
    { name: 'service_processes', unit: 'count', better: 'neither' },
  ];
  private readonly processes: ServiceProcesses;
  private readonly files = new KeptFiles();
  private readonly read: ReadText;
  private lastMs: number | null = null;
  /** Processor time of each process at the last sample: one that ends takes nothing back. */
  private ticks = new Map<number, number>();

  constructor(processes: ServiceProcesses, intervalMs: number, read?: ReadText) {
    this.processes = processes;
    this.intervalMs = intervalMs;
    this.read = read ?? this.files.read;
  }

  start(): Promise<string | null> {
    return this.processes.first();
  }

  sample(nowMs: number): (number | null)[] {
    const elapsedSeconds = this.lastMs === null ? 0 : (nowMs - this.lastMs) / 1000;
    this.lastMs = nowMs;
    let [ticks, memory, threads] = [0, 0, 0];
    const seen = new Map<number, number>();
    let busiest = { pid: 0, ticks: -1 };
    for (const pid of this.processes.pids) {
      const stat = statOf(pid, this.read);
      if (stat === null) continue;
      const before = this.ticks.get(pid);
      if (before !== undefined) ticks += Math.max(0, stat.ticks - before);
      seen.set(pid, stat.ticks);
      if (stat.ticks > busiest.ticks) busiest = { pid, ticks: stat.ticks };
      memory += stat.residentBytes;
      threads += stat.threads;
    }
    const known = this.ticks.size > 0 && elapsedSeconds > 0;
    this.ticks = seen;
    if (seen.size === 0) return this.gauges.map(() => null);
    const cores = known ? ticks / ticksPerSecond / elapsedSeconds : null;
    return [cores, cores === null ? null : (100 * cores) / this.processes.coresOf(busiest.pid), memory / mb, threads, seen.size];
  }

  stop(): void {
    this.files.close();
  }
}

/**
 * Fields 14 and 15 (utime, stime), 20 (num_threads) and 24 (rss in pages) of /proc/PID/stat, counted behind the name, which may hold spaces; null of a process
 * that is gone but for its entry.
 */
function statOf(pid: number, read: ReadText): { ticks: number; threads: number; residentBytes: number } | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  return { ticks: Number(fields[11]) + Number(fields[12]), threads: Number(fields[17]), residentBytes: Number(fields[21]) * pageBytes };
}
