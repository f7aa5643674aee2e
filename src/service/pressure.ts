import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExitCode, UserError } from '../config/errors.ts';
import type { Pressure } from '../config/scenario/pressure.ts';
import { markerVariable } from './environment.ts';
import { readAvailableMemory } from './pressure-work.ts';
import { terminateTree } from './tree.ts';

const startPatienceMs = 20_000;

/** Work beside the service; it ends with `stop`, with this process, and after `seconds` whatever happens. */
export interface RunningPressure {
  /** What does it, in words. */
  by: string;
  /** False once it has ended by itself: what is measured after that is measured without it. */
  alive(): boolean;
  stop(): Promise<void>;
}

export interface PressureOptions {
  seconds: number;
  env: NodeJS.ProcessEnv;
  /** Our own command line, for machines without stress-ng. */
  cliPath: string;
}

/** Takes processor, memory or disk: by stress-ng where it is installed, else by a process of our own. Resolves when the work is under way. */
export async function startPressure(pressure: Pressure, options: PressureOptions): Promise<RunningPressure> {
  const marker = randomUUID();
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-pressure-'));
  const seconds = Math.ceil(options.seconds);
  const bytes = pressure.memory_percent === undefined ? 0 : Math.floor(((readAvailableMemory() ?? freemem()) * pressure.memory_percent) / 100);
  const stressNg = hasStressNg(options.env);
  const child = stressNg
    ? spawn('stress-ng', stressNgArguments(pressure, bytes, seconds, folder), { stdio: 'ignore', env: clean(options.env, marker), detached: true })
    : spawn(process.execPath, [options.cliPath, 'pressure', ...ownArguments(pressure, bytes, seconds, folder)], {
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
        env: clean(options.env, marker),
        detached: true,
      });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const stop = async () => {
    if (child.pid !== undefined) {
      await terminateTree({ pgid: child.pid, marker }, 1000);
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };
  if (!stressNg && !(await saysReady(child, ended))) {
    await stop();
    throw new UserError('pressure: the work beside the service did not start', {
      exitCode: ExitCode.service,
      hint: 'Is there memory and room for temporary files?',
    });
  }
  return { by: stressNg ? 'stress-ng' : 'worker threads', alive: () => child.exitCode === null && child.signalCode === null, stop };
}

/** Nothing of the environment but where programs and temporary files are. */
function clean(env: NodeJS.ProcessEnv, marker: string): NodeJS.ProcessEnv {
  return { PATH: env['PATH'] ?? '', HOME: env['HOME'] ?? '', [markerVariable]: marker };
}

function hasStressNg(env: NodeJS.ProcessEnv): boolean {
  return spawnSync('stress-ng', ['--version'], { stdio: 'ignore', env, timeout: 5000 }).status === 0;
}

function stressNgArguments({ cpu, io }: Pressure, bytes: number, seconds: number, folder: string): string[] {
  return [
    ...(cpu === undefined ? [] : ['--cpu', String(cpu)]),
    ...(bytes === 0 ? [] : ['--vm', '1', '--vm-bytes', String(bytes), '--vm-keep']),
    ...(io === undefined ? [] : ['--hdd', String(io), '--hdd-bytes', '64M', '--temp-path', folder]),
    '--timeout',
    `${seconds}s`,
    '--quiet',
  ];
}

function ownArguments({ cpu, io }: Pressure, bytes: number, seconds: number, folder: string): string[] {
  return [
    '--cpu',
    String(Math.min(cpu ?? 0, 4 * availableParallelism())),
    '--bytes',
    String(bytes),
    '--io',
    String(io ?? 0),
    '--seconds',
    String(seconds),
    '--folder',
    folder,
  ];
}

function saysReady(child: ChildProcess, ended: Promise<void>): Promise<boolean> {
  const signal = AbortSignal.timeout(startPatienceMs);
  return Promise.race([
    new Promise<boolean>((resolve) => {
      child.once('message', () => resolve(true));
      signal.addEventListener('abort', () => resolve(false), { once: true });
    }),
    ended.then(() => false),
  ]);
}
