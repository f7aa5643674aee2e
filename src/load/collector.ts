import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** More than a sending thread keeps, MB (some 12): V8 has no reason to mark its heap below this. Much more would let what is no longer needed pile up. */
const initialOldSpaceMb = 24;

let settled = false;

/**
 * Keeps V8 from marking heaps within a measured window, for threads that start after it. A thread's heap begins small and would be marked as a whole in the first
 * second of load, and the memory reducer marks it again whenever allocation slows: either holds a send or a first token back by up to 20 ms.
 */
export function settleCollector(): void {
  if (settled) return;
  settled = true;
  setFlagsFromString(`--initial-old-space-size=${initialOldSpaceMb}`);
  setFlagsFromString('--no-memory-reducer');
  setFlagsFromString('--expose-gc');
}

let collect: (() => void) | null = null;

/** Clears the calling thread's heap of what was needed before a measured window, so that V8 has no reason to do it within. Takes some 10 ms. */
export function collectGarbage(): void {
  collect ??= runInNewContext('gc') as () => void;
  collect();
}
