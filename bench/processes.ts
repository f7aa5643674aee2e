import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Truth } from '../src/mock/known-truth.ts';

/** Ticks of /proc/PID/stat per second: USER_HZ, which Linux fixes at 100 for everything that asks. */
const ticksPerSecond = 100;

export const canPin = spawnSync('taskset', ['-V']).status === 0 && availableParallelism() > 1;

/** The command line that runs `command` on one core, where that can be had. */
export function pinned(core: number, command: readonly string[]): string[] {
  return canPin ? ['taskset', '-c', String(core), ...command] : [...command];
}

export function onPath(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}

/** CPU seconds that a process and those it started have used, ended threads included. */
export function cpuSeconds(pid: number): number {
  const children = new Map<number, number[]>();
  const ticks = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readStat(name);
    if (stat === null) continue;
    ticks.set(stat.pid, stat.ticks);
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), stat.pid]);
  }
  const add = (one: number): number => (ticks.get(one) ?? 0) + (children.get(one) ?? []).reduce((sum, child) => sum + add(child), 0);
  return add(pid) / ticksPerSecond;
}

function readStat(name: string): { pid: number; parent: number; ticks: number } | null {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8');
    // The name in parentheses may hold spaces.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return { pid: Number(name), parent: fields[1] ?? 0, ticks: (fields[11] ?? 0) + (fields[12] ?? 0) };
  } catch {
    return null;
  }
}

/** Resident memory of a process in MB, peak and now; from outside, so that the process is as it always is. */
export function residentMb(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? Number.NaN) / 1024;
}

const root = fileURLToPath(new URL('..', import.meta.url));
export const cliFromSource = `${root}src/cli/index.ts`;

/** The server of known timings on a core of its own. */
export class KnownServer implements AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  private readonly child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.child = child;
    this.pid = child.pid ?? 0;
  }

  static async start(core: number, flags: readonly string[] = []): Promise<KnownServer> {
    const [command = '', ...args] = pinned(core, [process.execPath, cliFromSource, 'known-schedule', ...flags]);
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [message] = (await once(child, 'message')) as [{ url: string }];
    return new KnownServer(message.url, child);
  }

  async truth(): Promise<Truth> {
    return (await (await fetch(`${this.url}/truth`)).json()) as Truth;
  }

  async reset(): Promise<void> {
    await (await fetch(`${this.url}/truth/reset`, { method: 'POST' })).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.disconnect();
    await once(this.child, 'exit');
  }
}

/** Starts a command on a core and gathers what it prints. */
export function startPinned(core: number, command: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const [file = '', ...args] = pinned(core, command);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const done = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, pid: child.pid ?? 0, done };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
