import { parentPort, workerData } from 'node:worker_threads';
import { type AlarmMemory, slot, wakeEarlyMs } from './alarm.ts';

/** The alarm's own thread: sleeps until the due time, rings, and sleeps until a new one is set. */
export async function start(): Promise<void> {
  const { memory } = workerData as { memory: AlarmMemory };
  const words = new Int32Array(memory.words);
  const due = new Float64Array(memory.due);
  let rungFor = -1;
  parentPort?.postMessage('ready');
  while (Atomics.load(words, slot.quit) === 0) {
    const armed = Atomics.load(words, slot.armed);
    const leftMs =
      armed === rungFor || armed === 0 ? Number.POSITIVE_INFINITY : (due[0] as number) - performance.timeOrigin - performance.now() - wakeEarlyMs;
    if (leftMs > 0) {
      Atomics.wait(words, slot.armed, armed, leftMs);
      continue;
    }
    rungFor = armed;
    Atomics.add(words, slot.rung, 1);
    Atomics.notify(words, slot.rung);
  }
}
