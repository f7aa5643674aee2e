import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { sharedOriginMs } from './shared-clock.ts';

/** Slots of the shared words. `added`, `cancelled` and `passed` count due times from the first. */
export const slot = { added: 0, cancelled: 1, passed: 2, rung: 3, idle: 4, quit: 5 } as const;
export const words = 6;

/** Due times that may be set ahead: the waiting thread then needs no word from the sender between them. */
export const ahead = 64;
/** Behind the due times: how long before each the sender is woken, ms. */
export const earlyAt = ahead;

/** The way from the waiting thread's clock to a sender that is ready, ms: learned as it goes, from this on. */
const firstEarlyMs = 0.05;
/** By how much, ms, it is learned from a ring that came late and from one that came early, so that sooner / (sooner + later) of them are early; and its most. */
const often = { sooner: 0.001, later: 0.004, most: 0.3 };
const seldom = { sooner: 0.004, later: 0.001, most: 0.5 };
/** Rings further apart than this, ms, are seldom: a core that idles between them wakes slowly, and waiting on the spot for four in five of them costs some hundredths of it. */
const seldomMs = 4;
const smoothing = 16;

/** Wakes the sending thread at times set ahead, to a fraction of a millisecond. */
export interface Alarm {
  onDue: () => void;
  /** Settles when the waiting thread waits: before that, what is set rings as late as the thread takes to start. */
  ready: Promise<void>;
  /** Rings at `dueMs` (performance.now() of this thread), up to `spinMs` before it, or at once when it has passed. Not before the times added earlier. False: there is no room at present. */
  add(dueMs: number): boolean;
  /** The sender says how late it was ready to send for a due time (negative: early), from which the alarm learns. */
  woke(lateMs: number): void;
  /** Of the times that were added, how many it has yet to ring for. */
  pending(): number;
  /** Forgets what is pending. */
  cancel(): void;
  close(): Promise<void>;
}

/** No ring comes more than so much before its due time. */
export const spinMs = seldom.most + 0.1;

/** Shared between the sender and its alarm thread. */
export interface AlarmMemory {
  words: SharedArrayBuffer;
  times: SharedArrayBuffer;
}

/**
 * An alarm kept by a thread of its own, which sleeps in Atomics.wait: Node's timers round to whole milliseconds, and a loop that spins costs a core.
 * The sender is woken through Atomics.waitAsync.
 */
export function createAlarm(entryUrl: URL): Alarm {
  const memory: AlarmMemory = {
    words: new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT),
    times: new SharedArrayBuffer((ahead + 1) * Float64Array.BYTES_PER_ELEMENT),
  };
  const shared = new Int32Array(memory.words);
  const times = new Float64Array(memory.times);
  times[earlyAt] = firstEarlyMs;
  const thread = new Worker(entryUrl, { workerData: { role: 'alarm', memory } });
  thread.unref();
  let seen = 0;
  let closed = false;
  let added = 0;
  let cancelled = 0;
  /** When the sender was woken last (null: not since the last schedule ended), and how far apart such times were of late, ms. */
  let wokeMs: number | null = null;
  let betweenMs = 0;
  const alarm: Alarm = {
    onDue: () => {},
    ready: new Promise((resolve) => {
      thread.once('message', () => resolve());
      thread.once('exit', () => resolve());
    }),
    add(dueMs) {
      if (alarm.pending() >= ahead) return false;
      times[added % ahead] = dueMs + sharedOriginMs;
      added++;
      Atomics.store(shared, slot.added, added);
      if (Atomics.load(shared, slot.idle) === 1) Atomics.notify(shared, slot.added);
      return true;
    },
    woke(lateMs) {
      // Of rings in quick succession one in five is to come before its due time: what is late stays as small as the machine allows, and little is waited for.
      const nowMs = performance.now();
      if (wokeMs !== null) betweenMs += (nowMs - wokeMs - betweenMs) / smoothing;
      wokeMs = nowMs;
      const { sooner, later, most } = betweenMs > seldomMs ? seldom : often;
      const now = times[earlyAt] as number;
      times[earlyAt] = lateMs > 0 ? Math.min(most, now + sooner) : Math.max(0, now - later);
    },
    pending: () => added - Math.max(Atomics.load(shared, slot.passed), cancelled),
    cancel() {
      cancelled = added;
      wokeMs = null;
      Atomics.store(shared, slot.cancelled, cancelled);
      Atomics.notify(shared, slot.cancelled);
    },
    async close() {
      closed = true;
      Atomics.store(shared, slot.quit, 1);
      alarm.cancel();
      Atomics.notify(shared, slot.added);
      Atomics.add(shared, slot.rung, 1);
      Atomics.notify(shared, slot.rung);
      await thread.terminate();
    },
  };
  void listen();
  return alarm;

  async function listen(): Promise<void> {
    while (!closed) {
      const waiting = Atomics.waitAsync(shared, slot.rung, seen);
      // Rung again already: what the sender reads meanwhile has its turn all the same.
      await (waiting.async ? waiting.value : nextTurn());
      seen = Atomics.load(shared, slot.rung);
      if (!closed && cancelled < added) alarm.onDue();
    }
  }
}
