import { Worker } from 'node:worker_threads';

/** Slots of the shared words. */
export const slot = { armed: 0, rung: 1, quit: 2 } as const;

/** How long before the due time the waiting thread is woken: the kernel wakes it that much late at the median. */
export const wakeEarlyMs = 0.05;

/** Wakes the sending thread at a time, to a fraction of a millisecond. */
export interface Alarm {
  onDue: () => void;
  /** Settles when the waiting thread waits: before that, what is set rings as late as the thread takes to start. */
  ready: Promise<void>;
  /** Rings once at `dueMs` (performance.now() of this thread), or at once when it has passed; a later call replaces an earlier one. */
  set(dueMs: number): void;
  cancel(): void;
  close(): Promise<void>;
}

/** Shared between the sender and its alarm thread. */
export interface AlarmMemory {
  words: SharedArrayBuffer;
  due: SharedArrayBuffer;
}

/**
 * An alarm kept by a thread of its own, which sleeps in Atomics.wait: Node's timers round to whole milliseconds, and a loop that spins costs a core.
 * The sender is woken through Atomics.waitAsync.
 */
export function createAlarm(entryUrl: URL): Alarm {
  const memory: AlarmMemory = { words: new SharedArrayBuffer(12), due: new SharedArrayBuffer(8) };
  const words = new Int32Array(memory.words);
  const due = new Float64Array(memory.due);
  const thread = new Worker(entryUrl, { workerData: { role: 'alarm', memory } });
  thread.unref();
  let seen = 0;
  let closed = false;
  let wanted = false;
  const alarm: Alarm = {
    onDue: () => {},
    ready: new Promise((resolve) => {
      thread.once('message', () => resolve());
      thread.once('exit', () => resolve());
    }),
    set(dueMs) {
      wanted = true;
      due[0] = dueMs + performance.timeOrigin;
      Atomics.add(words, slot.armed, 1);
      Atomics.notify(words, slot.armed);
    },
    cancel() {
      wanted = false;
      due[0] = Number.POSITIVE_INFINITY;
      Atomics.add(words, slot.armed, 1);
      Atomics.notify(words, slot.armed);
    },
    async close() {
      closed = true;
      Atomics.store(words, slot.quit, 1);
      Atomics.add(words, slot.armed, 1);
      Atomics.notify(words, slot.armed);
      Atomics.add(words, slot.rung, 1);
      Atomics.notify(words, slot.rung);
      await thread.terminate();
    },
  };
  void listen();
  return alarm;

  async function listen(): Promise<void> {
    while (!closed) {
      const waiting = Atomics.waitAsync(words, slot.rung, seen);
      if (waiting.async) await waiting.value;
      seen = Atomics.load(words, slot.rung);
      if (!closed && wanted) alarm.onDue();
    }
  }
}
