import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

/** How much of what one process takes. */
export interface PressureWork {
  cpu: number;
  bytes: number;
  io: number;
  seconds: number;
  /** Temporary files go here. */
  folder: string;
}

const pieceBytes = 64 * 1024 * 1024;
const fileBytes = 16 * 1024 * 1024;
const touchEveryMs = 100;
/** Memory is taken piece by piece, so that it can be ended in between. */
const takePauseMs = 5;

/**
 * Computes, holds memory and writes until its time is over. Bounded in all three; files are of one size, written over and over.
 * @param ready called once all of it is under way
 */
export async function work(entryUrl: URL, { cpu, bytes, io, seconds, folder }: PressureWork, ready: () => void): Promise<void> {
  const endMs = performance.now() + seconds * 1000;
  const threads = [...Array.from({ length: cpu }, () => 'compute'), ...Array.from({ length: io }, (_, index) => join(folder, `io-${index}`))].map(
    (task) => new Worker(entryUrl, { workerData: { role: 'pressure', task, seconds } }),
  );
  await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('online', resolve))));
  ready();
  const held: Buffer[] = [];
  let left = bytes;
  for (let round = 0; performance.now() < endMs; round++) {
    if (left > 0) {
      held.push(Buffer.alloc(Math.min(left, pieceBytes), 1));
      left -= pieceBytes;
      await sleep(takePauseMs);
      continue;
    }
    // Piece by piece, for a page that is never written again would be the first to go to the swap.
    const piece = held[round % Math.max(1, held.length)];
    if (piece !== undefined) for (let at = 0; at < piece.length; at += 4096) piece[at] = round & 255;
    await sleep(Math.min(touchEveryMs, Math.max(0, endMs - performance.now())));
  }
  await Promise.all(threads.map((thread) => thread.terminate()));
}

/** One thread of it. */
export function workThread(task: string, seconds: number): void {
  const endMs = performance.now() + seconds * 1000;
  if (task !== 'compute') {
    writeUntil(task, endMs);
    return;
  }
  let value = 1;
  while (performance.now() < endMs) for (let at = 0; at < 1e6; at++) value = Math.sqrt(value + at);
}

function writeUntil(file: string, endMs: number): void {
  const block = randomBytes(1024 * 1024);
  while (performance.now() < endMs) {
    const opened = openSync(file, 'w');
    try {
      for (let written = 0; written < fileBytes && performance.now() < endMs; written += block.length) {
        writeSync(opened, block);
        fsyncSync(opened);
      }
    } finally {
      closeSync(opened);
    }
  }
}

/** Memory that can be had without swapping, bytes; null where the system does not say. */
export function readAvailableMemory(): number | null {
  try {
    const found = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    return found === undefined ? null : Number(found) * 1024;
  } catch {
    return null;
  }
}
