import { KeptFiles } from './kept-files.ts';
import { Rates, type ReadText } from './proc-files.ts';
import type { Gauge, Sampler } from './sampler.ts';

const mb = 1e6;
/** A sector of /proc/diskstats, whatever the disk's own is (Documentation/admin-guide/iostats.rst). */
const sectorBytes = 512;

/** What changes slowly of the whole machine, or is costly to read, less often: its memory, load, network, disks and context switches. */
export class MachineDetails implements Sampler {
  readonly name = 'machine_details';
  readonly intervalMs = 1000;
  readonly gauges: readonly Gauge[] = [
    { name: 'machine_memory_used_mb', unit: 'MB', better: 'lower' },
    { name: 'machine_memory_percent', unit: '%', better: 'lower' },
    { name: 'machine_load', unit: 'count', better: 'lower' },
    { name: 'machine_context_switches_per_sec', unit: '1/s', better: 'neither' },
    { name: 'machine_network_in_mb_per_sec', unit: 'MB/s', better: 'neither' },
    { name: 'machine_network_out_mb_per_sec', unit: 'MB/s', better: 'neither' },
    { name: 'machine_disk_read_mb_per_sec', unit: 'MB/s', better: 'neither' },
    { name: 'machine_disk_write_mb_per_sec', unit: 'MB/s', better: 'neither' },
  ];
  private readonly files = new KeptFiles();
  private readonly read: ReadText;
  private readonly rates = new Rates();

  constructor(read?: ReadText) {
    this.read = read ?? this.files.read;
  }

  /** That there is no machine to read is told by the other one. */
  async start(): Promise<null> {
    return null;
  }

  sample(nowMs: number): (number | null)[] {
    const memory = memoryOf(this.read('/proc/meminfo') ?? '');
    const network = networkBytes(this.read('/proc/net/dev') ?? '');
    // Whole disks alone: their partitions are in them.
    const disks = sumLines(
      this.read('/proc/diskstats') ?? '',
      /^\s*\d+\s+\d+\s+(?:sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)\s+\d+\s+\d+\s+(\d+)\s+\d+\s+\d+\s+\d+\s+(\d+)/gm,
    );
    const [switches = null, netIn = null, netOut = null, reads = null, writes = null] = this.rates.next(nowMs, [
      numberIn(this.read('/proc/stat') ?? '', /^ctxt (\d+)/m),
      network?.[0] ?? null,
      network?.[1] ?? null,
      disks?.[0] ?? null,
      disks?.[1] ?? null,
    ]);
    const scaled = (value: number | null, factor: number) => (value === null ? null : value * factor);
    return [
      memory === null ? null : memory.usedBytes / mb,
      memory === null ? null : (100 * memory.usedBytes) / memory.totalBytes,
      numberIn(this.read('/proc/loadavg') ?? '', /^([\d.]+)/),
      switches,
      scaled(netIn, 1 / mb),
      scaled(netOut, 1 / mb),
      scaled(reads, sectorBytes / mb),
      scaled(writes, sectorBytes / mb),
    ];
  }

  stop(): void {
    this.files.close();
  }
}

function memoryOf(meminfo: string): { usedBytes: number; totalBytes: number } | null {
  const total = numberIn(meminfo, /^MemTotal:\s+(\d+)/m);
  const available = numberIn(meminfo, /^MemAvailable:\s+(\d+)/m);
  return total === null || available === null ? null : { usedBytes: (total - available) * 1024, totalBytes: total * 1024 };
}

function numberIn(text: string, pattern: RegExp): number | null {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

/** Bytes received and sent by all interfaces of a `net/dev` but the loopback; null where it has none. */
export function networkBytes(text: string): [number, number] | null {
  return sumLines(text, /^\s*(?!lo:)\S+:\s*(\d+)(?:\s+\d+){7}\s+(\d+)/gm);
}

/** The two numbers that a pattern finds in a line, added over all lines; null where it finds none. */
function sumLines(text: string, pattern: RegExp): [number, number] | null {
  const rows = [...text.matchAll(pattern)];
  return rows.length === 0 ? null : rows.reduce<[number, number]>(([a, b], row) => [a + Number(row[1]), b + Number(row[2])], [0, 0]);
}
