import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../config/errors.ts';
import type { LogTail } from './log-tail.ts';
import type { ServiceCrash } from './service.ts';

/** A program in a process group (and session) of its own, its output on its way to a log. */
export interface Started {
  /** The id of the process and of its group; null when it could not even be started. */
  pid: number | null;
  /** Settles (never rejects) when the process itself has ended and the log has what it wrote. */
  ended: Promise<ServiceCrash>;
}

/** How long after the exit its last output may still be on the way; children that stay behind can hold the pipe open forever. */
const drainMs = 300;

/** Starts `/bin/sh -c command`. Never throws: what keeps it from starting is a line in the log and an end without status. */
export function startShell(command: string, options: { cwd: string; env: Record<string, string>; log: LogTail }): Started {
  return startProgram('/bin/sh', ['-c', command], options);
}

/** The same for a program and its arguments. */
export function startProgram(file: string, args: readonly string[], options: { cwd: string; env: Record<string, string>; log: LogTail }): Started {
  let child: ChildProcess;
  try {
    child = spawn(file, args, { cwd: options.cwd, env: options.env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    options.log.add(`${file} could not be started: ${error instanceof Error ? error.message : String(error)}`);
    return { pid: null, ended: Promise.resolve({ exitCode: null, signal: null }) };
  }
  if (child.stdout !== null) options.log.attach(child.stdout);
  if (child.stderr !== null) options.log.attach(child.stderr);
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  const ended = new Promise<ServiceCrash>((resolve) => {
    child.once('error', (error) => {
      options.log.add(`${file} could not be started: ${error.message}`);
      resolve({ exitCode: null, signal: null });
    });
    child.once('exit', async (exitCode, signal) => {
      await Promise.race([closed, sleep(drainMs)]);
      resolve({ exitCode, signal });
    });
  });
  return { pid: child.pid ?? null, ended };
}

/** Throws a UserError (exit 2) when the directory does not exist, since the system's own error would blame the program. */
export function requireDirectory(directory: string, where: string): void {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new UserError(`${where} is ${directory}, which is not a directory.`);
}
