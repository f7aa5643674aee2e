import { Worker } from 'node:worker_threads';
import { settleCollector } from './collector.ts';
import type { WorkerData } from './messages.ts';

/** Threads that have ended a load and wait for the next one, by the file they were started from. */
const idle = new Map<string, Worker[]>();

/**
 * A thread that sends: one that has sent before where there is one. Its code is compiled by then, so that its first requests are sent as punctually as its
 * last; in a thread of its own each load would begin with seconds in which the compiler takes the core for milliseconds at a time.
 */
export function takeThread(entryUrl: URL): Worker {
  const thread = idle.get(entryUrl.href)?.pop() ?? startThread(entryUrl);
  thread.ref();
  return thread;
}

/** Keeps a thread that has closed its load for the next one. It does not keep the process alive. */
export function giveBack(entryUrl: URL, thread: Worker): void {
  if (thread.threadId === -1) return;
  thread.unref();
  const waiting = idle.get(entryUrl.href);
  if (waiting === undefined) idle.set(entryUrl.href, [thread]);
  else waiting.push(thread);
}

function startThread(entryUrl: URL): Worker {
  settleCollector();
  const workerData: WorkerData = { role: 'load-worker', entryUrl: entryUrl.href };
  const thread = new Worker(entryUrl, { workerData });
  // One that ends while it waits is forgotten; a fleet that has it listens for itself.
  const forget = () => {
    const waiting = idle.get(entryUrl.href) ?? [];
    idle.set(
      entryUrl.href,
      waiting.filter((one) => one !== thread),
    );
  };
  thread.on('error', forget);
  thread.once('exit', forget);
  return thread;
}
