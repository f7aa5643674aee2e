import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { findTree, type ProcessTree } from '../service/tree.ts';
import type { Gauge, Sampler } from './sampler.ts';

/** Linux counts processor time in these, whatever the kernel's own tick is (USER_HZ, proc_pid_stat(5)). */
const ticksPerSecond = 100;
const pageBytes = 4096;
const mb = 1e6;
/** Members of the tree are looked for this often: that reads the whole process table. */
const refreshMs = 1000;

interface ProcessReading {
  cpuTicks: number;
  threads: number;
  memoryBytes: number;
}

/** The processes of a started service and all their children, from /proc: processor time, memory, threads and open files. */
export class ProcessSampler implements Sampler {
  readonly name = 'service_processes';
  readonly intervalMs: number;
  readonly gauges: readonly Gauge[] = [
    { name: 'service_cpu_cores', unit: 'cores', better: 'lower' },
    { name: 'service_cpu_percent', unit: '%', better: 'lower' },
    { name: 'service_memory_mb', unit: 'MB', better: 'lower' },
    { name: 'service_threads', unit: 'count', better: 'lower' },
    { name: 'service_open_files', unit: 'count', better: 'lower' },
    { name: 'service_processes', unit: 'count', better: 'neither' },
  ];
  private readonly tree: ProcessTree;
  private members: number[] = [];
  private refreshing: Promise<void> | null = null;
  private refreshedMs = 0;
  /** Ticks of each process at the last sample: a process that ends takes nothing back. */
  private ticks = new Map<number, number>();
  private lastMs: number | null = null;

  constructor(tree: ProcessTree, intervalMs: number) {
    this.tree = tree;
    this.intervalMs = intervalMs;
  }

  async start(): Promise<string | null> {
    if (process.platform !== 'linux') return 'processes are read from /proc, which this system does not have';
    await this.refresh();
    return this.members.length === 0 ? 'no process of the service was found' : null;
  }

  sample(nowMs: number): (number | null)[] {
    if (nowMs - this.refreshedMs > refreshMs) void this.refresh();
    const elapsedSeconds = this.lastMs === null ? null : (nowMs - this.lastMs) / 1000;
    this.lastMs = nowMs;
    let [ticks, memory, threads, files, alive] = [0, 0, 0, 0, 0];
    const seen = new Map<number, number>();
    for (const pid of this.members) {
      const reading = readProcess(pid);
      if (reading === null) continue;
      alive++;
      const before = this.ticks.get(pid);
      if (before !== undefined) ticks += Math.max(0, reading.cpuTicks - before);
      seen.set(pid, reading.cpuTicks);
      memory += reading.memoryBytes;
      threads += reading.threads;
      files += openFiles(pid);
    }
    const known = this.ticks.size > 0;
    this.ticks = seen;
    if (alive === 0) return this.gauges.map(() => null);
    const cores = !known || elapsedSeconds === null || elapsedSeconds <= 0 ? null : ticks / ticksPerSecond / elapsedSeconds;
    return [cores, cores === null ? null : (100 * cores) / availableParallelism(), memory / mb, threads, files, alive];
  }

  async stop(): Promise<void> {
    await this.refreshing;
  }

  private refresh(): Promise<void> {
    this.refreshing ??= findTree(this.tree)
      .then((rows) => {
        this.members = rows.map((row) => row.pid);
        this.refreshedMs = performance.timeOrigin + performance.now();
      })
      .finally(() => {
        this.refreshing = null;
      });
    return this.refreshing;
  }
}

/** Fields 14 and 15 (utime, stime), 20 (num_threads) and 24 (rss in pages) of /proc/PID/stat, counted behind the name, which may hold spaces. */
function readProcess(pid: number): ProcessReading | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { cpuTicks: Number(fields[11]) + Number(fields[12]), threads: Number(fields[17]), memoryBytes: Number(fields[21]) * pageBytes };
  } catch {
    return null;
  }
}

function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}
