import { processRows, processTable, runningIds, startTicks } from './process-table.ts';
import { type ProcessTree, select } from './tree.ts';

/** After this long every process is looked at once more: an id may be in use again, an environment may have been out of reach. */
const wholeMs = 30_000;

/**
 * Follows the processes of a service for as long as it runs. Whom it knows it does not look at again: of a thousand processes only those that are new cost
 * anything.
 */
export class TreeWatch {
  private readonly tree: ProcessTree;
  private members = new Set<number>();
  private others = new Set<number>();
  private wholeAtMs = Number.NEGATIVE_INFINITY;

  constructor(tree: ProcessTree) {
    this.tree = tree;
  }

  /** The processes of the service that run now. */
  async pids(): Promise<number[]> {
    const nowMs = performance.now();
    const running = runningIds();
    if (running === null || nowMs - this.wholeAtMs >= wholeMs) {
      this.wholeAtMs = nowMs;
      const rows = await processTable(this.tree.marker);
      this.members = new Set(select(rows, this.tree.pgid).map(({ pid }) => pid));
      this.others = new Set(rows.map(({ pid }) => pid).filter((pid) => !this.members.has(pid)));
    } else this.take(running);
    return [...this.members];
  }

  private take(running: readonly number[]): void {
    const alive = new Set(running);
    for (const pid of this.others) if (!alive.has(pid)) this.others.delete(pid);
    // One that has ended stays in the list until its parent asks for it.
    for (const pid of this.members) if (!alive.has(pid) || startTicks(pid) === null) this.members.delete(pid);
    const fresh = processRows(
      running.filter((pid) => !this.members.has(pid) && !this.others.has(pid)),
      this.tree.marker,
    );
    for (const { pid } of select(fresh, this.tree.pgid, this.members)) this.members.add(pid);
    for (const { pid } of fresh) if (!this.members.has(pid)) this.others.add(pid);
  }
}
