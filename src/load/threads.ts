import { Worker } from 'node:worker_threads';
import { settleCollector } from './collector.ts';
import type { WorkerData } from './messages.ts';

/** Threads that have ended a load and wait for the next one; a process starts all of them from one file. */
const idle = new Set<Worker>();

/**
 * A thread that sends: one that has sent before where there is one. Its code is compiled by then, so that its first requests are sent as punctually as its
 * last; in a thread of its own each load would begin with seconds in which the compiler takes the core for milliseconds at a time.
 */
export function takeThread(entryUrl: URL): Worker {
  const thread = [...idle].at(-1) ?? startThread(entryUrl);
  idle.delete(thread);
  thread.ref();
  return thread;
}

/** Keeps a thread that has closed its load for the next one. It does not keep the process alive. */
export function giveBack(thread: Worker): void {
  if (thread.threadId === -1) return;
  thread.unref();
  idle.add(thread);
}

function startThread(entryUrl: URL): Worker {
  settleCollector();
  const workerData: WorkerData = { role: 'load-worker', entryUrl: entryUrl.href };
  const thread = new Worker(entryUrl, { workerData });
  // One that ends while it waits is forgotten; a fleet that has it listens for itself.
  const forget = () => idle.delete(thread);
  thread.on('error', forget);
  thread.once('exit', forget);
  return thread;
}
