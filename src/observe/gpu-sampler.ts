import { type ChildProcess, spawn } from 'node:child_process';
import { History } from './history.ts';
import { PowerIntegral } from './power.ts';
import type { Gauge, Observed, Sampler } from './sampler.ts';

const gauges: readonly Gauge[] = [
  { name: 'gpu_utilisation_percent', unit: '%', better: 'neither' },
  { name: 'gpu_memory_mb', unit: 'MiB', better: 'lower' },
  { name: 'gpu_temperature_celsius', unit: '°C', better: 'lower' },
  { name: 'gpu_power_watts', unit: 'W', better: 'lower' },
  { name: 'gpu_sm_clock_mhz', unit: 'MHz', better: 'neither' },
];

/** The first answer takes seconds where the driver has to wake up. */
const patienceMs = 5_000;
const longestLine = 64 * 1024;

/** One reading of one GPU; null where the card does not tell (`[N/A]`). */
export interface GpuReading {
  index: number;
  values: readonly (number | null)[];
}

/** A tool that prints readings for as long as it runs. */
export interface GpuTool {
  name: string;
  command: string;
  arguments(intervalMs: number): readonly string[];
  parse(line: string): GpuReading | null;
}

/** `nvidia-smi --query-gpu ... -lms`: a line for each GPU, again and again. Fields as `nvidia-smi --help-query-gpu` names them. */
export const nvidiaSmi: GpuTool = {
  name: 'nvidia-smi',
  command: 'nvidia-smi',
  arguments: (intervalMs) => [
    '--query-gpu=index,utilization.gpu,memory.used,temperature.gpu,power.draw,clocks.sm',
    '--format=csv,noheader,nounits',
    `--loop-ms=${intervalMs}`,
  ],
  parse(line) {
    const [index, ...values] = line.split(',').map((cell) => cell.trim());
    if (index === undefined || !/^\d+$/.test(index) || values.length !== gauges.length) return null;
    return { index: Number(index), values: values.map((value) => (/^-?\d+(\.\d+)?$/.test(value) ? Number(value) : null)) };
  },
};

/**
 * `amd-smi monitor`: a line for each GPU with the columns that were asked for, in this order: power, temperature, utilisation of the engine, its clock,
 * memory in use. Units stand behind the numbers and are passed over.
 */
export const amdSmi: GpuTool = {
  name: 'amd-smi',
  command: 'amd-smi',
  arguments: (intervalMs) => [
    'monitor',
    '--csv',
    '--power-usage',
    '--temperature',
    '--gfx',
    '--vram-usage',
    '--watch',
    String(Math.max(1, Math.round(intervalMs / 1000))),
  ],
  parse(line) {
    const cells = line.split(',').map((cell) => cell.trim());
    // timestamp, gpu, power, hotspot, memory temperature, utilisation, clock, vram used, ...
    if (cells.length < 8 || !/^\d+$/.test(cells[1] ?? '')) return null;
    const number = (at: number) => {
      const found = /^-?\d+(\.\d+)?/.exec(cells[at] ?? '')?.[0];
      return found === undefined ? null : Number(found);
    };
    return { index: Number(cells[1]), values: [number(5), number(7), number(3), number(2), number(6)] };
  },
};

/**
 * How the GPUs of a machine are one: utilisation and clock by mean, memory and power added (null where one of the `cards` does not tell: the sum is not known),
 * the highest temperature.
 */
export function combineGpus(readings: readonly GpuReading[], cards: number = readings.length): (number | null)[] {
  return gauges.map((_, at) => {
    const values = readings.map(({ values }) => values[at]).filter((value) => value !== null && value !== undefined);
    if (values.length === 0) return null;
    const sum = values.reduce((total, value) => total + value, 0);
    if (at === 2) return Math.max(...values);
    if (at === 1 || at === 3) return values.length === cards ? sum : null;
    return sum / values.length;
  });
}

/** GPUs through the vendor's own tool, which runs beside the load and prints: starting it for each sample would cost a core. Energy is power over time. */
export class GpuSampler implements Sampler {
  readonly name: string;
  readonly intervalMs: number;
  readonly gauges = gauges;
  private readonly tool: GpuTool;
  private readonly env: NodeJS.ProcessEnv;
  private readonly history = new History(gauges.length);
  private readonly pauseMs: number;
  private readonly power: PowerIntegral;
  private child: ChildProcess | null = null;
  private round: GpuReading[] = [];
  private roundAtMs = 0;
  /** The GPUs that have said something, and whether they are all: known once one of them has come a second time. */
  private readonly cards = new Set<number>();
  private allKnown = false;
  /** One of the cards was missing from the last round. */
  private short = false;
  private latest: (number | null)[] = [];
  private heard: (() => void) | null = null;

  constructor(tool: GpuTool, intervalMs: number, env: NodeJS.ProcessEnv) {
    this.tool = tool;
    this.name = tool.name;
    this.intervalMs = intervalMs;
    this.env = env;
    this.pauseMs = Math.max(5_000, 3 * intervalMs);
    this.power = new PowerIntegral(this.pauseMs);
  }

  start(): Promise<string | null> {
    const { command, name } = this.tool;
    const child = spawn(command, this.tool.arguments(this.intervalMs), { stdio: ['ignore', 'pipe', 'pipe'], env: this.env });
    this.child = child;
    let said = '';
    let pending = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-500);
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (pending + text).split(/\r?\n/);
      pending = (lines.pop() ?? '').slice(-longestLine);
      for (const line of lines) {
        if (this.child === null) return;
        const reading = this.tool.parse(line);
        if (reading === null) said = (said + line).slice(-500);
        else this.hear(reading);
      }
    });
    return new Promise((resolve) => {
      const settle = (reason: string | null) => {
        clearTimeout(timer);
        this.heard = null;
        if (reason !== null) void this.stop();
        resolve(reason);
      };
      const timer = setTimeout(
        () => settle(`${name} gave no reading within ${patienceMs / 1000} s${said.trim() === '' ? '' : `: ${said.trim()}`}`),
        patienceMs,
      );
      this.heard = () => settle(null);
      child.once('error', (error: NodeJS.ErrnoException) =>
        settle(error.code === 'ENOENT' ? `there is no ${name} here` : `${name}: ${error.message}`),
      );
      child.once('exit', (code) => settle(`${name} ended with status ${code}${said.trim() === '' ? '' : `: ${said.trim()}`}`));
    });
  }

  /** @throws when the tool has fallen silent, or a card has: what that does to sums and energy is to be told */
  sample(): readonly (number | null)[] {
    const silentMs = performance.timeOrigin + performance.now() - this.roundAtMs;
    if (this.roundAtMs > 0 && silentMs > this.pauseMs)
      throw new Error(`no reading for ${Math.round(silentMs / 1000)} s: the energy of that time is not known`);
    if (this.short) throw new Error(`not all of the ${this.cards.size} GPUs told of themselves: their memory and power of that time are not known`);
    return this.latest.length === 0 ? gauges.map(() => null) : this.latest;
  }

  /** Its own readings: the tool says when it has one. */
  between(fromMs: number, toMs: number): Observed[] {
    const sampled = gauges.flatMap((gauge, at): Observed[] => {
      const summary = this.history.summary(at, fromMs, toMs);
      return summary === null ? [] : [{ ...gauge, summary }];
    });
    const joules = this.power.joules(fromMs, toMs);
    return joules === null ? sampled : [...sampled, { name: 'gpu_energy_joules', unit: 'J', better: 'lower', value: joules }];
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), 1000);
    await new Promise<void>((resolve) => {
      // Not its streams' end: what a wrapper started may hold them open, and ends when it finds nobody who reads.
      child.once('exit', () => resolve());
      if (child.pid === undefined) resolve();
    });
    clearTimeout(killer);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }

  /** A round is whole when each GPU has said something. While it is not known how many there are, and where one is missing, it ends when one comes again. */
  private hear(reading: GpuReading): void {
    if (this.round.some(({ index }) => index === reading.index)) {
      this.allKnown = true;
      this.endRound();
    }
    this.cards.add(reading.index);
    this.round.push(reading);
    this.roundAtMs = performance.timeOrigin + performance.now();
    if (this.allKnown && this.round.length === this.cards.size) this.endRound();
    this.heard?.();
  }

  private endRound(): void {
    this.latest = combineGpus(this.round, this.cards.size);
    this.short = this.round.length < this.cards.size;
    this.history.add(this.roundAtMs, this.latest);
    const watts = this.latest[3];
    if (watts !== null && watts !== undefined) this.power.add(this.roundAtMs, watts);
    this.round = [];
  }
}
