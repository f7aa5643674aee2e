import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessRow, processTable } from './process-table.ts';

/** What is known of a service's processes. */
export interface ProcessTree {
  /** The process group that was started; null when none was, or when it is not certain that the number is still ours. */
  pgid: number | null;
  /** The beginning of the marker's value; unique to the service. */
  marker: string;
}

/** How long after SIGKILL a process may take to go: it does so at once unless the kernel holds it. */
const killWaitMs = 5000;

/**
 * The processes of a service that still run: whoever carries the marker (children that called setsid and orphans of a double fork too), whoever is
 * in its group or session, and the children of all these. Never this process.
 */
export async function findTree(tree: ProcessTree): Promise<ProcessRow[]> {
  return select(await processTable(tree.marker), tree.pgid);
}

/** @param known processes of the service beside those of `rows` */
export function select(rows: readonly ProcessRow[], pgid: number | null, known: ReadonlySet<number> = new Set()): ProcessRow[] {
  const found = new Map<number, ProcessRow>();
  for (const row of rows) if (row.marked || (pgid !== null && (row.group === pgid || row.session === pgid))) found.set(row.pid, row);
  found.delete(process.pid);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const row of rows) {
      const isIn = (pid: number) => found.has(pid) || known.has(pid);
      if (!found.has(row.pid) && row.pid !== process.pid && (isIn(row.parent) || isIn(row.session))) found.set(row.pid, row);
    }
  }
  return [...found.values()];
}

/**
 * SIGTERM to the whole tree, each process once, then SIGKILL to what is left after the grace time.
 * @param graceMs from SIGTERM to SIGKILL; at most 5,000 is sensible, because a cancelled job is killed 10 s after its first signal.
 * @returns the process ids that even SIGKILL did not end within 5 s: normally none.
 */
export async function terminateTree(tree: ProcessTree, graceMs: number): Promise<number[]> {
  const asked = new Set<number>();
  let left = await findTree(tree);
  if (left.length === 0) return [];
  const graceEnd = performance.now() + graceMs;
  for (let delay = 10; left.length > 0; left = await findTree(tree)) {
    // Those that appear later (a worker forked meanwhile) are asked as well; nobody twice, since many servers take a second SIGTERM for "now".
    for (const { pid } of left) if (!asked.has(pid)) signal(pid, 'SIGTERM');
    for (const { pid } of left) asked.add(pid);
    const remaining = graceEnd - performance.now();
    if (remaining <= 0) break;
    await sleep(Math.min(delay, remaining));
    delay = Math.min(delay * 2, 100);
  }
  const killEnd = performance.now() + killWaitMs;
  for (let delay = 5; left.length > 0 && performance.now() < killEnd; left = await findTree(tree)) {
    for (const { pid } of left) signal(pid, 'SIGKILL');
    await sleep(delay);
    delay = Math.min(delay * 2, 100);
  }
  return left.map((row) => row.pid);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone meanwhile, or another user's (sudo): the next look tells.
  }
}
