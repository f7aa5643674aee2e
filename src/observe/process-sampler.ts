import { readdirSync } from 'node:fs';
import { coresAllowed } from './cpu-limit.ts';
import { Rates, type ReadText, readText, ticksPerSecond } from './proc-files.ts';
import type { Gauge, Sampler } from './sampler.ts';

const pageBytes = 4096;
const mb = 1e6;
/** What is costly to read (the process table, open files, shared memory) is read this often. */
const slowMs = 1000;

/** What the processes of a service are, found anew now and then. */
export type FindMembers = () => Promise<number[]>;

const fast: readonly Gauge[] = [
  { name: 'service_cpu_cores', unit: 'cores', better: 'lower' },
  { name: 'service_cpu_percent', unit: '%', better: 'lower' },
  { name: 'service_memory_mb', unit: 'MB', better: 'lower' },
  { name: 'service_threads', unit: 'count', better: 'lower' },
  { name: 'service_processes', unit: 'count', better: 'neither' },
];
const slow: readonly Gauge[] = [
  { name: 'service_memory_pss_mb', unit: 'MB', better: 'lower' },
  { name: 'service_open_files', unit: 'count', better: 'lower' },
  { name: 'service_disk_read_mb_per_sec', unit: 'MB/s', better: 'lower' },
  { name: 'service_disk_write_mb_per_sec', unit: 'MB/s', better: 'lower' },
  { name: 'service_context_switches_per_sec', unit: '1/s', better: 'lower' },
];

/**
 * Some processes and all their children, from /proc. Memory is what is resident (RSS, of which shared pages count once for each process) and, more slowly
 * read, PSS, of which they count in shares. A percent of CPU is of all cores that the processes may use.
 */
export class ProcessSampler implements Sampler {
  readonly name = 'service_processes';
  readonly intervalMs: number;
  readonly gauges: readonly Gauge[] = [...fast, ...slow];
  private readonly find: FindMembers;
  private readonly read: ReadText;
  private members: readonly number[] = [];
  private cores = 1;
  private refreshing: Promise<void> | null = null;
  private slowAtMs = Number.NEGATIVE_INFINITY;
  private lastMs: number | null = null;
  /** Processor time of each process at the last sample: one that ends takes nothing back. */
  private ticks = new Map<number, number>();
  private readonly rates = new Rates();

  constructor(find: FindMembers, intervalMs: number, read: ReadText = readText) {
    this.find = find;
    this.intervalMs = intervalMs;
    this.read = read;
  }

  async start(): Promise<string | null> {
    if (process.platform !== 'linux') return 'processes are read from /proc, which this system does not have';
    await this.refresh();
    return this.members.length === 0 ? 'no process of the service was found' : null;
  }

  sample(nowMs: number): (number | null)[] {
    const values = this.fastValues(nowMs);
    if (nowMs - this.slowAtMs < slowMs) return [...values, ...slow.map(() => null)];
    this.slowAtMs = nowMs;
    void this.refresh();
    return [...values, ...this.slowValues(nowMs)];
  }

  async stop(): Promise<void> {
    await this.refreshing;
  }

  private fastValues(nowMs: number): (number | null)[] {
    const elapsedSeconds = this.lastMs === null ? 0 : (nowMs - this.lastMs) / 1000;
    this.lastMs = nowMs;
    let [ticks, memory, threads] = [0, 0, 0];
    const seen = new Map<number, number>();
    for (const pid of this.members) {
      const stat = statOf(pid, this.read);
      if (stat === null) continue;
      const before = this.ticks.get(pid);
      if (before !== undefined) ticks += Math.max(0, stat.ticks - before);
      seen.set(pid, stat.ticks);
      memory += stat.residentBytes;
      threads += stat.threads;
    }
    const known = this.ticks.size > 0 && elapsedSeconds > 0;
    this.ticks = seen;
    if (seen.size === 0) return fast.map(() => null);
    const cores = known ? ticks / ticksPerSecond / elapsedSeconds : null;
    return [cores, cores === null ? null : (100 * cores) / this.cores, memory / mb, threads, seen.size];
  }

  private slowValues(nowMs: number): (number | null)[] {
    const alive = this.members.filter((pid) => this.ticks.has(pid));
    const total = (of: (pid: number) => number | null): number | null => {
      const values = alive.map(of).filter((value) => value !== null);
      return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
    };
    const field = (pid: number, file: string, pattern: RegExp) => {
      const found = pattern.exec(this.read(`/proc/${pid}/${file}`) ?? '')?.[1];
      return found === undefined ? null : Number(found);
    };
    const pssKb = total((pid) => field(pid, 'smaps_rollup', /^Pss:\s+(\d+) kB/m));
    const [reads = null, writes = null, switches = null] = this.rates.next(nowMs, [
      total((pid) => field(pid, 'io', /^read_bytes: (\d+)/m)),
      total((pid) => field(pid, 'io', /^write_bytes: (\d+)/m)),
      total((pid) => {
        const status = this.read(`/proc/${pid}/status`) ?? '';
        const counts = [...status.matchAll(/^(?:non)?voluntary_ctxt_switches:\s+(\d+)/gm)].map(([, count]) => Number(count));
        return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
      }),
    ]);
    return [pssKb === null ? null : (pssKb * 1024) / mb, total(openFiles), scaled(reads, 1 / mb), scaled(writes, 1 / mb), switches];
  }

  private refresh(): Promise<void> {
    this.refreshing ??= this.find()
      .then((members) => {
        this.members = members;
        const [first] = members;
        if (first !== undefined) this.cores = coresAllowed(first, this.read);
      })
      .finally(() => {
        this.refreshing = null;
      });
    return this.refreshing;
  }
}

const scaled = (value: number | null, factor: number): number | null => (value === null ? null : value * factor);

/** Fields 14 and 15 (utime, stime), 20 (num_threads) and 24 (rss in pages) of /proc/PID/stat, counted behind the name, which may hold spaces. */
function statOf(pid: number, read: ReadText): { ticks: number; threads: number; residentBytes: number } | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { ticks: Number(fields[11]) + Number(fields[12]), threads: Number(fields[17]), residentBytes: Number(fields[21]) * pageBytes };
}

function openFiles(pid: number): number | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null;
  }
}
