import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { markerVariable } from './environment.ts';

export interface ProcessRow {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** Whether its environment, as it was at its exec, carries the marker asked for. Always false where /proc is missing. */
  marked: boolean;
}

/** Every process that still runs (zombies are gone but for their entry). From /proc on Linux, from `ps` elsewhere. */
export async function processTable(marker: string): Promise<ProcessRow[]> {
  return process.platform === 'linux' ? procTable(marker) : psTable();
}

/** The clock ticks from boot to the start of a process, which tells it from a later one of the same id; null when it does not run or /proc is missing. */
export function startTicks(pid: number): number | null {
  const fields = statFields(pid);
  const ticks = Number(fields?.[19]);
  return fields === null || isGone(fields[0]) || !Number.isFinite(ticks) ? null : ticks;
}

/** The ids of all processes, zombies too; null where /proc is missing. */
export function runningIds(): number[] | null {
  if (process.platform !== 'linux') return null;
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid));
}

function procTable(marker: string): ProcessRow[] {
  return processRows(runningIds() ?? [], marker);
}

/** Those of some processes that still run, from /proc. */
export function processRows(pids: readonly number[], marker: string): ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const pid of pids) {
    const fields = statFields(pid);
    if (fields === null || isGone(fields[0])) continue;
    rows.push({ pid, parent: Number(fields[1]), group: Number(fields[2]), session: Number(fields[3]), marked: hasMarker(pid, marker) });
  }
  return rows;
}

// The fields of /proc/PID/stat from the third (state) on: the second, the name, may hold spaces and parentheses (proc_pid_stat(5)).
function statFields(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

function isGone(state: string | undefined): boolean {
  return state === 'Z' || state === 'X' || state === 'x';
}

// Other users' environments cannot be read: those processes are not ours to stop.
function hasMarker(pid: number, marker: string): boolean {
  try {
    const wanted = `${markerVariable}=${marker}`;
    const environ = readFileSync(`/proc/${pid}/environ`, 'latin1');
    return environ.startsWith(wanted) || environ.includes(`\0${wanted}`);
  } catch {
    return false;
  }
}

function psTable(): Promise<ProcessRow[]> {
  return new Promise((resolve) => {
    execFile('ps', ['-A', '-o', 'pid=,ppid=,pgid=,stat='], { maxBuffer: 16 * 1024 * 1024 }, (_error, stdout) => {
      const rows: ProcessRow[] = [];
      for (const line of stdout.split('\n')) {
        const [pid, parent, group, state] = line.trim().split(/\s+/);
        if (pid === undefined || pid === '' || state?.startsWith('Z')) continue;
        rows.push({ pid: Number(pid), parent: Number(parent), group: Number(group), session: -1, marked: false });
      }
      resolve(rows);
    });
  });
}
