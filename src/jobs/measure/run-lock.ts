import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startTicks } from '../../service/process-table.ts';

/** Another run on this machine. */
export interface OtherRun {
  pid: number;
  /** ISO 8601. */
  started: string;
  cwd: string;
}

export interface RunLock {
  /** The longest-running other run that was going when this one began; null when there was none. */
  other: OtherRun | null;
  /** Removes the lock. Idempotent, never throws. */
  release(): Promise<void>;
}

const prefix = 'llm-bench-run-';
const suffix = '.lock';

/**
 * Marks this machine as being measured on, and says whether another run already does so: two at once disturb each other's figures. It reports and
 * never blocks; where no lock file can be written it reports what it can. Every run has a file of its own, so that of three runs the last to end is
 * still noticed; files that dead processes left are removed.
 * @param directory where the lock files are, the machine's temporary directory by default.
 */
export async function acquireRunLock(directory: string = os.tmpdir()): Promise<RunLock> {
  const file = path.join(directory, `${prefix}${process.pid}-${process.hrtime.bigint().toString(36)}${suffix}`);
  const own = { pid: process.pid, started: new Date().toISOString(), cwd: process.cwd(), start_ticks: startTicks(process.pid) };
  // Written before the others are read: of two that start together at least one sees the other. Exclusive, so that no planted link is followed.
  const written = await writeFile(file, `${JSON.stringify(own)}\n`, { flag: 'wx', mode: 0o644 }).then(
    () => true,
    () => false,
  );
  const others = await otherRuns(directory);
  return {
    other: others.sort((a, b) => a.started.localeCompare(b.started))[0] ?? null,
    async release() {
      if (written) await rm(file, { force: true }).catch(() => undefined);
    },
  };
}

async function otherRuns(directory: string): Promise<OtherRun[]> {
  const names = await readdir(directory).catch(() => []);
  const found: OtherRun[] = [];
  for (const name of names) {
    if (!name.startsWith(prefix) || !name.endsWith(suffix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (pid === process.pid || !(pid > 0)) continue;
    const file = path.join(directory, name);
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text === null) continue;
    const lock = parseLock(text);
    if (!isAlive(pid, lock?.startTicks ?? null)) await rm(file, { force: true }).catch(() => undefined);
    else found.push({ pid, started: lock?.started ?? '', cwd: lock?.cwd ?? '' });
  }
  return found;
}

// A file that is being written just now may be empty; the process id is in its name.
function parseLock(text: string): { started: string; cwd: string; startTicks: number | null } | null {
  try {
    const { started, cwd, start_ticks: ticks } = JSON.parse(text) as Record<string, unknown>;
    return { started: String(started ?? ''), cwd: String(cwd ?? ''), startTicks: typeof ticks === 'number' ? ticks : null };
  } catch {
    return null;
  }
}

function isAlive(pid: number, expectedTicks: number | null): boolean {
  const ticks = startTicks(pid);
  // A later process can have the id of a dead run; on Linux its start tells them apart.
  if (ticks !== null && expectedTicks !== null) return ticks === expectedTicks;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
