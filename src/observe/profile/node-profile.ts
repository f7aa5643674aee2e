import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from './profiled.ts';
import { selfTimesOfV8 } from './v8-profile.ts';

/**
 * Node writes the profile of --cpu-prof when it exits by itself, and a signal that nobody handles ends it without. So one handler is put there, which
 * steps back where the service has its own.
 */
const preload = `'use strict';
process.on('SIGTERM', () => {
  if (process.listenerCount('SIGTERM') === 1) process.exit(143);
});
`;

/** What a service is started with so that every Node process in it writes a profile when it ends; harmless for any other program. @param before NODE_OPTIONS as they are */
export async function nodeEnvironment(folder: string, before: string | undefined): Promise<{ NODE_OPTIONS: string }> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'write-at-sigterm.cjs');
  await writeFile(file, preload);
  const quoted = (path: string) => `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const own = ['--cpu-prof', `--cpu-prof-dir=${quoted(folder)}`, `--require=${quoted(file)}`].join(' ');
  return { NODE_OPTIONS: before === undefined || before === '' ? own : `${before} ${own}` };
}

/** A stretch of time, and what the threads of the service spent in it as far as that is known. */
export interface ProfiledWindow {
  /** Microseconds of the monotonic clock. */
  fromUs: number;
  toUs: number;
  spent(pid: number): { first: number; others: number } | null;
}

/**
 * Keeps, of all Node processes and threads that wrote a profile, the one that worked most within the window. To V8 a thread that waits (Atomics.wait) is in
 * a function for as long as it waits: no thread has worked longer than the kernel says.
 * @returns null where there is none
 */
export async function collectNodeProfile(
  folder: string,
  window: ProfiledWindow,
  into: string,
): Promise<{ file: string | null; problem: string | null }> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.cpuprofile'));
  let most = 0;
  let chosen: string | null = null;
  let problem: string | null = null;
  for (const name of names) {
    try {
      const times = selfTimesOfV8(await readFile(join(folder, name), 'utf8'), window);
      const total = Math.min(
        [...times.values()].reduce((sum, value) => sum + value, 0),
        spentBy(name, window),
      );
      if (total > most) [most, chosen] = [total, name];
    } catch (error) {
      problem = `${name}: ${messageOf(error)}`;
    }
  }
  if (chosen !== null) await copyFile(join(folder, chosen), into);
  await rm(folder, { recursive: true, force: true });
  if (chosen !== null) return { file: into, problem: null };
  return { file: null, problem: problem ?? 'no Node process wrote a profile: it must end within the grace time of SIGTERM (stop_grace_seconds)' };
}

/** Names are those of Node: CPU.DATE.TIME.PID.THREAD.SEQUENCE.cpuprofile, with threads from 0. */
function spentBy(name: string, { spent }: ProfiledWindow): number {
  const [, pid, thread] = /^CPU\.\d+\.\d+\.(\d+)\.(\d+)\./.exec(name) ?? [];
  const most = pid === undefined ? null : spent(Number(pid));
  if (most === null) return Number.POSITIVE_INFINITY;
  return thread === '0' ? most.first : most.others;
}
