import { KeptFiles } from './kept-files.ts';
import { pageBytes } from './proc-files.ts';
import type { Gauge, Sampler } from './sampler.ts';

/** This process itself: what measuring takes of the machine. */
export class ClientSampler implements Sampler {
  readonly name = 'client';
  readonly intervalMs: number;
  readonly gauges: readonly Gauge[] = [
    { name: 'client_cpu_cores', unit: 'cores', better: 'neither' },
    { name: 'client_memory_mb', unit: 'MB', better: 'neither' },
  ];
  private readonly files = new KeptFiles();
  private before: { atMs: number; cpu: NodeJS.CpuUsage } | null = null;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  async start(): Promise<null> {
    return null;
  }

  sample(nowMs: number): (number | null)[] {
    const { before } = this;
    const cpu = process.cpuUsage();
    this.before = { atMs: nowMs, cpu };
    const cores =
      before === null || nowMs <= before.atMs ? null : (cpu.user + cpu.system - before.cpu.user - before.cpu.system) / 1000 / (nowMs - before.atMs);
    return [cores, this.residentBytes() / 1e6];
  }

  stop(): void {
    this.files.close();
  }

  /** The second number of /proc/self/statm is in pages. Node reads another file for it, which takes twice as long. */
  private residentBytes(): number {
    const pages = Number(this.files.read('/proc/self/statm')?.split(' ')[1]);
    return Number.isNaN(pages) ? process.memoryUsage.rss() : pages * pageBytes;
  }
}
