import { Worker } from 'node:worker_threads';

/** Calls back once at a time, as often as it is set anew. */
export interface Alarm {
  /** Replaces what was set. It never rings early. */
  set(delayMs: number): void;
  clear(): void;
  close(): void;
}

/** Cells of the shared memory: bumped by us for each setting, by the thread for each ring. */
const setting = 0;
const rings = 1;

/**
 * An alarm that is finer than Node's timers, which count whole milliseconds and ring 0.5 to 1.5 ms late. A thread sleeps in `Atomics.wait`, whose timeouts
 * have fractions, and wakes this one through `Atomics.waitAsync`: about 0.1 ms late, and a tenth of a core at 1,300 rings a second. While the thread starts, and should it
 * fail, Node's timers stand in.
 */
export function createAlarm(ring: () => void): Alarm {
  const memory = new SharedArrayBuffer(16);
  const cells = new Int32Array(memory, 0, 2);
  const due = new Float64Array(memory, 8, 1);
  const worker = new Worker(`(${sleeper.toString()})()`, { eval: true, workerData: memory, execArgv: [] });
  worker.unref();
  let online = false;
  let armed = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const leftMs = () => (due[0] as number) - sharedClockMs();
  /** The ring of a setting that was replaced at that moment comes early: the one that holds now has its own. */
  const fire = () => {
    if (!armed || leftMs() > 0) return;
    armed = false;
    ring();
  };
  /** Node's timers count from a clock that stands still within a turn, so they may be early; the longest is 2^31 - 1 ms. */
  const standIn = () => {
    if (leftMs() > 0) wait();
    else fire();
  };
  const wait = () => {
    timer = setTimeout(standIn, Math.min(Math.ceil(leftMs()), 2 ** 31 - 1));
  };
  const heard = () => {
    if (closed) return;
    // Listen first: a ring that comes meanwhile is then either heard again or already covered by this one.
    listen();
    fire();
  };
  const listen = () => {
    const next = Atomics.waitAsync(cells, rings, Atomics.load(cells, rings));
    if (next.async) void next.value.then(heard);
    else setImmediate(heard);
  };
  worker.once('online', () => {
    if (closed) return;
    online = true;
    listen();
  });
  worker.once('error', () => {
    online = false;
    if (armed) wait();
  });

  return {
    set(delayMs) {
      armed = true;
      clearTimeout(timer);
      due[0] = sharedClockMs() + delayMs;
      if (online) {
        Atomics.add(cells, setting, 1);
        Atomics.notify(cells, setting);
      } else wait();
    },
    clear() {
      armed = false;
      clearTimeout(timer);
    },
    close() {
      armed = false;
      clearTimeout(timer);
      online = false;
      closed = true;
      // The promise of waitAsync would be kept for as long as the process lives.
      Atomics.notify(cells, rings);
      void worker.terminate();
    },
  };
}

/** The machine's monotonic clock, the same in every thread; `performance.now()` starts anew in each, at a moment known by the wall clock only. */
function sharedClockMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** The thread's whole life. It is carried over as text, so it stands on nothing outside itself; it never writes `due`, so no setting is lost. */
function sleeper(): void {
  const memory = process.getBuiltinModule('node:worker_threads').workerData as SharedArrayBuffer;
  const cells = new Int32Array(memory, 0, 2);
  const due = new Float64Array(memory, 8, 1);
  for (let seen = Atomics.load(cells, 0); ; seen = Atomics.load(cells, 0)) {
    // Before the first setting there is nothing to wait for but it.
    const [seconds, nanoseconds] = process.hrtime();
    const leftMs = seen === 0 ? Number.POSITIVE_INFINITY : due[0]! - (seconds * 1e3 + nanoseconds / 1e6);
    if (leftMs > 0) {
      Atomics.wait(cells, 0, seen, leftMs);
      continue;
    }
    Atomics.add(cells, 1, 1);
    Atomics.notify(cells, 1);
    Atomics.wait(cells, 0, seen);
  }
}
