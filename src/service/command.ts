import { setTimeout as sleep } from 'node:timers/promises';
import type { LogTail } from './log-tail.ts';
import type { ServiceCrash } from './service.ts';
import { ServiceError } from './service-error.ts';
import { startShell } from './shell.ts';
import { findTree, terminateTree } from './tree.ts';

/** A command or a container that was started and is not necessarily ready yet. */
export interface Launched {
  /** The command's shell, the root of the service's process tree; null for a container. */
  pid: number | null;
  /** `performance.now()` when it was started. */
  startedMs: number;
  crashed: Promise<ServiceCrash>;
  lastLogLines(count: number): Promise<string[]>;
  /** Ends it and all that belongs to it. Idempotent. */
  stop(): Promise<void>;
}

/** A daemon whose starter has gone is looked after this often. */
const daemonPollMs = 1000;

export interface CommandOptions {
  name: string;
  command: string;
  cwd: string;
  /** Holds the marker of this start. */
  env: Record<string, string>;
  marker: string;
  graceMs: number;
  log: LogTail;
}

/**
 * Starts the command by `/bin/sh -c` in a process group of its own.
 * A command that ends with status 0 and leaves processes behind (a daemon) counts as running until the last of them is gone.
 */
export function launchCommand(options: CommandOptions): Launched {
  const startedMs = performance.now();
  const shell = startShell(options.command, options);
  const tree = { pgid: shell.pid, marker: options.marker };
  let stopping: Promise<void> | null = null;
  const crashed = new Promise<ServiceCrash>((resolve) => {
    void shell.ended.then(async (end) => {
      if (end.exitCode === 0) await daemonGone(() => stopping !== null, tree);
      if (stopping === null) resolve(end);
    });
  });
  const stop = async (): Promise<void> => {
    const survivors = await terminateTree(tree, options.graceMs);
    if (survivors.length === 0) await shell.ended;
    await options.log.close();
    if (survivors.length > 0) throw survived(options.name, survivors);
  };
  return {
    pid: shell.pid,
    startedMs,
    crashed,
    lastLogLines: async (count) => options.log.last(count),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** The error for processes that even SIGKILL did not end. */
export function survived(name: string, pids: readonly number[]): ServiceError {
  return new ServiceError(`service ${name} could not be stopped: process ${pids.join(', ')} is still there after SIGKILL.`);
}

async function daemonGone(stopping: () => boolean, tree: { pgid: number | null; marker: string }): Promise<void> {
  let known: number[] = [];
  while (!stopping()) {
    if (!known.some(isAlive)) known = (await findTree(tree)).map((row) => row.pid);
    if (known.length === 0) return;
    await sleep(daemonPollMs, undefined, { ref: false });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
