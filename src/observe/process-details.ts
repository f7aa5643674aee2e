import { readdirSync } from 'node:fs';
import { KeptFiles } from './kept-files.ts';
import { networkBytes } from './machine-details.ts';
import { Rates, type ReadText } from './proc-files.ts';
import type { Gauge, Sampler } from './sampler.ts';
import type { ServiceProcesses } from './service-processes.ts';

const mb = 1e6;

/**
 * What is costly to read of a service's processes, less often: their open files, what they read and wrote, and their memory with shared pages
 * in shares (PSS), for which the kernel walks through all of it.
 */
export class ProcessDetails implements Sampler {
  readonly name = 'service_details';
  readonly intervalMs = 1000;
  readonly gauges: readonly Gauge[] = [
    { name: 'service_memory_pss_mb', unit: 'MB', better: 'lower' },
    { name: 'service_open_files', unit: 'count', better: 'lower' },
    { name: 'service_disk_read_mb_per_sec', unit: 'MB/s', better: 'lower' },
    { name: 'service_disk_write_mb_per_sec', unit: 'MB/s', better: 'lower' },
    { name: 'service_context_switches_per_sec', unit: '1/s', better: 'lower' },
    { name: 'service_network_in_mb_per_sec', unit: 'MB/s', better: 'neither' },
    { name: 'service_network_out_mb_per_sec', unit: 'MB/s', better: 'neither' },
  ];
  private readonly processes: ServiceProcesses;
  private readonly ownNetwork: boolean;
  private readonly files = new KeptFiles();
  private readonly read: ReadText;
  private readonly rates = new Rates();

  /** @param ownNetwork they are alone in their network, as those of a container are: Linux counts traffic by network, not by process */
  constructor(processes: ServiceProcesses, ownNetwork: boolean, read?: ReadText) {
    this.processes = processes;
    this.ownNetwork = ownNetwork;
    this.read = read ?? this.files.read;
  }

  start(): Promise<string | null> {
    return this.processes.first();
  }

  sample(nowMs: number): (number | null)[] {
    const { pids } = this.processes;
    const total = (of: (pid: number) => number | null): number | null => {
      const values = pids.map(of).filter((value) => value !== null);
      return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
    };
    const field = (pid: number, file: string, pattern: RegExp) => {
      const found = pattern.exec(this.read(`/proc/${pid}/${file}`) ?? '')?.[1];
      return found === undefined ? null : Number(found);
    };
    const pssKb = total((pid) => field(pid, 'smaps_rollup', /^Pss:\s+(\d+) kB/m));
    const [first] = pids;
    const network = this.ownNetwork && first !== undefined ? networkBytes(this.read(`/proc/${first}/net/dev`) ?? '') : null;
    const [reads = null, writes = null, switches = null, netIn = null, netOut = null] = this.rates.next(nowMs, [
      total((pid) => field(pid, 'io', /^read_bytes: (\d+)/m)),
      total((pid) => field(pid, 'io', /^write_bytes: (\d+)/m)),
      total((pid) => {
        const status = this.read(`/proc/${pid}/status`) ?? '';
        const counts = [...status.matchAll(/^(?:non)?voluntary_ctxt_switches:\s+(\d+)/gm)].map(([, count]) => Number(count));
        return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
      }),
      network?.[0] ?? null,
      network?.[1] ?? null,
    ]);
    const pss = pssKb === null ? null : (pssKb * 1024) / mb;
    return [pss, total(openFiles), ...[reads, writes].map(inMb), switches, ...[netIn, netOut].map(inMb)];
  }

  stop(): void {
    this.files.close();
  }
}

const inMb = (bytes: number | null): number | null => (bytes === null ? null : bytes / mb);

function openFiles(pid: number): number | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null;
  }
}
