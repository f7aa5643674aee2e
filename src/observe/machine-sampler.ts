import { KeptFiles } from './kept-files.ts';
import type { ReadText } from './proc-files.ts';
import type { Gauge, Sampler } from './sampler.ts';

/** Processor use of the whole machine, from /proc: for services that were not started here, and to see what else goes on. */
export class MachineSampler implements Sampler {
  readonly name = 'machine';
  readonly intervalMs: number;
  readonly gauges: readonly Gauge[] = [{ name: 'machine_cpu_percent', unit: '%', better: 'lower' }];
  private readonly files = new KeptFiles();
  private readonly read: ReadText;
  private cpu: { busy: number; total: number } | null = null;

  constructor(intervalMs: number, read?: ReadText) {
    this.intervalMs = intervalMs;
    this.read = read ?? this.files.read;
  }

  async start(): Promise<string | null> {
    return this.read('/proc/stat') === null ? 'the machine is read from /proc, which this system does not have' : null;
  }

  sample(): (number | null)[] {
    const before = this.cpu;
    this.cpu = cpuOf(this.read('/proc/stat') ?? '');
    const spent = before && this.cpu ? this.cpu.total - before.total : 0;
    return [before && this.cpu && spent > 0 ? (100 * (this.cpu.busy - before.busy)) / spent : null];
  }

  stop(): void {
    this.files.close();
  }
}

/** The first line of /proc/stat: user nice system idle iowait irq softirq steal. Idle and waiting for a disk is not busy. */
function cpuOf(stat: string): { busy: number; total: number } | null {
  const fields = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').slice(0, 8).map(Number);
  if (fields === undefined || fields.length < 5 || fields.some((field) => !Number.isFinite(field))) return null;
  const total = fields.reduce((sum, field) => sum + field, 0);
  return { busy: total - (fields[3] ?? 0) - (fields[4] ?? 0), total };
}
