import { parentPort, workerData } from 'node:worker_threads';
import { type AlarmMemory, ahead, earlyAt, slot } from './alarm.ts';
import { sharedMs } from './shared-clock.ts';

/** The alarm's own thread: sleeps until the next due time, rings, and so on; without one until there is. */
export async function start(): Promise<void> {
  const { memory } = workerData as { memory: AlarmMemory };
  const shared = new Int32Array(memory.words);
  const times = new Float64Array(memory.times);
  let passed = 0;
  parentPort?.postMessage('ready');
  while (Atomics.load(shared, slot.quit) === 0) {
    const cancelled = Atomics.load(shared, slot.cancelled);
    if (cancelled > passed) passed = cancelled;
    const added = Atomics.load(shared, slot.added);
    if (passed >= added) {
      // Told before it is waited for: whoever adds after this look finds it idle and wakes it.
      Atomics.store(shared, slot.idle, 1);
      Atomics.wait(shared, slot.added, added);
      Atomics.store(shared, slot.idle, 0);
      continue;
    }
    const leftMs = (times[passed % ahead] as number) - (times[earlyAt] as number) - sharedMs();
    if (leftMs > 0) {
      // Only a cancellation wakes it before: later times come after the one it waits for.
      Atomics.wait(shared, slot.cancelled, cancelled, leftMs);
      continue;
    }
    const dueBefore = sharedMs() + (times[earlyAt] as number);
    while (passed < added && (times[passed % ahead] as number) <= dueBefore) passed++;
    Atomics.store(shared, slot.passed, passed);
    Atomics.add(shared, slot.rung, 1);
    Atomics.notify(shared, slot.rung);
  }
}
