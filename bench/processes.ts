import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Truth } from '../src/mock/known-truth.ts';

export const canPin = spawnSync('taskset', ['-V']).status === 0 && availableParallelism() > 1;

/** Where clients run, and the server of known timings beside them. */
export const clientCore = 0;
export const serverCore = Math.max(1, availableParallelism() - 1);

/** The command line that runs `command` on a core, or on those of a list such as `0-3`, where that can be had. */
export function pinned(cores: number | string, command: readonly string[]): string[] {
  return canPin ? ['taskset', '-c', String(cores), ...command] : [...command];
}

export function onPath(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}

/** CPU seconds that the threads of a process and of those it started have used, to the nanosecond; of threads that live. */
export function cpuSeconds(pid: number): number {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? parentOf(name) : null;
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const add = (one: number): number => threadSeconds(one) + (children.get(one) ?? []).reduce((sum, child) => sum + add(child), 0);
  return add(pid);
}

function parentOf(name: string): number | null {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8');
    // The name in parentheses may hold spaces.
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

/** schedstat's first field is the time on a core in ns, where ticks of 10 ms would be a tenth of what is measured. */
function threadSeconds(pid: number): number {
  let ns = 0;
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    // It ended while it was read.
  }
  return ns / 1e9;
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

  static async start(flags: readonly string[] = []): Promise<KnownServer> {
    const [command = '', ...args] = pinned(serverCore, [process.execPath, cliFromSource, 'known-schedule', ...flags]);
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

/** Starts a client on its core, or its cores, and gathers what it prints. */
export function startClient(command: readonly string[], env: NodeJS.ProcessEnv = {}, cores: number | string = clientCore) {
  const [file = '', ...args] = pinned(cores, command);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  let ended = false;
  const done = once(child, 'close').then(([code]) => {
    ended = true;
    return { code: code as number | null, stdout, stderr };
  });
  return { child, pid: child.pid ?? 0, done, ended: () => ended };
}

/** Starts a quiet run of this client in `folder`, where its configuration goes and where it writes result.json. */
export async function startRun(cli: string, folder: string, config: object) {
  await writeConfig(folder, config);
  return startClient(runCommand(cli, folder), { TMPDIR: folder });
}

/** JSON is YAML. */
export async function writeConfig(folder: string, config: object): Promise<void> {
  await writeFile(`${folder}/llm-bench.yaml`, JSON.stringify(config));
}

/** The command line of such a run. */
export function runCommand(cli: string, folder: string): string[] {
  return [process.execPath, cli, 'run', '--config', `${folder}/llm-bench.yaml`, '--quiet', '-o', `${folder}/result.json`];
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
