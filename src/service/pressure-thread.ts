import { workerData } from 'node:worker_threads';
import { workThread } from './pressure-work.ts';

/** A thread of the work beside the service, started by its role. */
export async function start(): Promise<void> {
  const { task, seconds } = workerData as { task: string; seconds: number };
  workThread(task, seconds);
}
