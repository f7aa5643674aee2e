import { readdirSync } from 'node:fs';
import { type ReadText, readText } from './proc-files.ts';
import type { Gauge, Observed, Sampler } from './sampler.ts';

const root = '/sys/class/powercap';

interface Zone {
  file: string;
  /** The counter begins anew at this, microjoules. */
  rangeUj: number;
}

/** Energy of the processor packages, from the counters of RAPL: exact between two readings, whatever the power did meanwhile. Source: Documentation/power/powercap. */
export class RaplSampler implements Sampler {
  readonly name = 'RAPL';
  readonly intervalMs: number;
  readonly gauges: readonly Gauge[] = [{ name: 'cpu_package_power_watts', unit: 'W', better: 'lower' }];
  private readonly read: ReadText;
  private readonly list: (folder: string) => string[];
  private zones: Zone[] = [];
  private readonly readings: { atMs: number; uj: readonly number[] }[] = [];

  constructor(intervalMs: number, read: ReadText = readText, list: (folder: string) => string[] = namesIn) {
    this.intervalMs = intervalMs;
    this.read = read;
    this.list = list;
  }

  async start(): Promise<string | null> {
    const packages = this.list(root).filter((name) => (this.read(`${root}/${name}/name`) ?? '').startsWith('package'));
    if (packages.length === 0) return `this machine shows no processor energy (${root} has no package)`;
    this.zones = packages.map((name) => ({
      file: `${root}/${name}/energy_uj`,
      rangeUj: Number(this.read(`${root}/${name}/max_energy_range_uj`) ?? '0'),
    }));
    return this.zones.some(({ file }) => this.read(file) === null) ? `${this.zones[0]?.file} cannot be read: it is root's` : null;
  }

  sample(nowMs: number): (number | null)[] {
    const uj = this.zones.map(({ file }) => Number(this.read(file) ?? 'NaN'));
    if (uj.some((value) => !Number.isFinite(value))) return [null];
    const before = this.readings.at(-1);
    this.readings.push({ atMs: nowMs, uj });
    if (this.readings.length > 20_000) this.readings.splice(0, 10_000);
    if (before === undefined || nowMs <= before.atMs) return [null];
    return [this.joules([before, { atMs: nowMs, uj }]) / ((nowMs - before.atMs) / 1000)];
  }

  between(fromMs: number, toMs: number): Observed[] {
    const first = this.readings.findLastIndex(({ atMs }) => atMs <= fromMs);
    const last = this.readings.findIndex(({ atMs }) => atMs >= toMs);
    const within = this.readings.slice(Math.max(0, first), last === -1 ? undefined : last + 1);
    const [one, other] = [within[0], within.at(-1)];
    if (one === undefined || other === undefined || other.atMs <= one.atMs) return [];
    const joules = this.joules(within);
    const watts = joules / ((other.atMs - one.atMs) / 1000);
    return [
      { name: 'cpu_package_power_watts', unit: 'W', better: 'lower', value: watts },
      // The readings lie around the window: its share of what they span.
      {
        name: 'cpu_package_energy_joules',
        unit: 'J',
        better: 'lower',
        value: (watts * (Math.min(toMs, other.atMs) - Math.max(fromMs, one.atMs))) / 1000,
      },
    ];
  }

  stop(): void {}

  /** The counters wrap around at their range. */
  private joules(readings: readonly { uj: readonly number[] }[]): number {
    let sum = 0;
    for (let at = 1; at < readings.length; at++) {
      for (const [zone, { rangeUj }] of this.zones.entries()) {
        const grown = readings[at]!.uj[zone]! - readings[at - 1]!.uj[zone]!;
        sum += grown >= 0 ? grown : grown + rangeUj;
      }
    }
    return sum / 1e6;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
