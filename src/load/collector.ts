import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** More than a sending thread keeps, MB (some 12): V8 has no reason to mark its heap below this. Much more would let what is no longer needed pile up. */
const initialOldSpaceMb = 24;

/** Half of what a thread's young objects may take, MB: V8 would go back to 1 MB under a slow load and copy the living once a second, 1 ms of it. */
const youngSpaceMb = 8;

let settled = false;

/**
 * Keeps V8 from marking heaps within a measured window. The heap of a thread that starts after it does not begin so small that it would be marked as a whole in the
 * first second of load; and no heap, that of the calling thread neither, is marked again because it was quiet for eight seconds (V8's memory reducer, which threads
 * of before this call have already: it may start no collection). Either holds sends and first tokens back by up to 20 ms.
 */
export function settleCollector(): void {
  if (settled) return;
  settled = true;
  setFlagsFromString(`--initial-old-space-size=${initialOldSpaceMb}`);
  setFlagsFromString('--no-memory-reducer');
  setFlagsFromString('--memory-reducer-gc-count=0');
  setFlagsFromString(`--min-semi-space-size=${youngSpaceMb}`);
  // At full speed the room for young objects would grow by tens of MB in the first half million requests: as large as it is by now, it is large enough.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--expose-gc');
}

let collect: (() => void) | null = null;

/** Clears the calling thread's heap of what was needed before a measured window, so that V8 has no reason to do it within. Takes some 10 ms. */
export function collectGarbage(): void {
  collect ??= runInNewContext('gc') as () => void;
  collect();
}
