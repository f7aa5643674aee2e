import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetConfig } from '../config/target.ts';
import { expandEnvironment, lookupIn, readEnvFile, serviceEnvironment } from './environment.ts';
import { LogTail } from './log-tail.ts';
import { inCheckout, type Places, serviceDirectory } from './places.ts';
import { maskerOf, secretValues } from './secrets.ts';
import { describeCrash, loggedLines, ServiceError } from './service-error.ts';
import { requireDirectory, startShell } from './shell.ts';
import { defaultGraceSeconds, type ServiceState } from './state.ts';
import { terminateTree } from './tree.ts';

export interface SetupOptions extends Places {
  env: NodeJS.ProcessEnv;
  /** setup.log goes here. */
  logDirectory: string;
  signal?: AbortSignal | undefined;
  onProgress?: ((line: string) => void) | undefined;
  /** The mark of the processes; one of its own by default. */
  marker?: string;
  /** Further values to mask in the log. */
  secrets?: readonly string[];
}

/** Seconds that a setup step may take, where it says nothing. */
export const setupTimeoutSeconds = 600;

/**
 * Runs the target's setup steps one after another by `/bin/sh -c`, with the service's environment (less the values that need ${PORT}) and the step's own.
 * What a step leaves running in the background (a database) goes on running, until the service is stopped or the returned state is.
 * @throws ServiceError (exit 4) with the step, its exit status and the last 50 lines when one fails or takes longer than its timeout; the signal's
 * reason when that aborts. The step, and what earlier steps left running, has been stopped by then.
 */
export async function runSetup(target: TargetConfig, options: SetupOptions): Promise<ServiceState> {
  const marker = options.marker ?? randomUUID();
  const steps = target.setup ?? [];
  try {
    for (const [index, step] of steps.entries()) {
      options.signal?.throwIfAborted();
      const label = `setup ${index + 1}/${steps.length}`;
      await runStep(target, step, label, marker, options);
    }
  } catch (error) {
    await terminateTree({ pgid: null, marker }, (target.stop_grace_seconds ?? defaultGraceSeconds) * 1000);
    throw error;
  }
  return { pgid: null, marker, cidfile: null };
}

interface Step {
  run: string;
  timeout_seconds?: number | undefined;
  working_directory?: string | undefined;
  env?: Record<string, string> | undefined;
  log_file?: string | undefined;
}

async function runStep(target: TargetConfig, step: Step, label: string, marker: string, options: SetupOptions): Promise<void> {
  const envFile = readEnvFile(target, options.root);
  const where = `target ${target.name}: ${label}`;
  const own = expandEnvironment(step.env, lookupIn(options.env, envFile), { where: `${where}: env`, port: null });
  const env = { ...serviceEnvironment(target, { env: options.env, envFile, port: null, marker: `${marker}-setup` }), ...own };
  const cwd = step.working_directory === undefined ? serviceDirectory(target, options) : inCheckout(options, step.working_directory);
  requireDirectory(cwd, `${where}: working_directory`);
  const mask = maskerOf([...secretValues(env), ...(options.secrets ?? [])]);
  const log = new LogTail(step.log_file === undefined ? path.join(options.logDirectory, 'setup.log') : inCheckout(options, step.log_file), mask);
  const timeoutSeconds = step.timeout_seconds ?? setupTimeoutSeconds;
  const shown = mask(step.run);
  options.onProgress?.(`${label}: ${shown}`);
  const started = performance.now();
  const shell = startShell(step.run, { cwd, env, log });
  const over = new AbortController();
  const overOrAborted = AbortSignal.any([over.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const limit = sleep(timeoutSeconds * 1000, 'timeout' as const, { signal: overOrAborted }).catch(() => 'aborted' as const);
  const end = await Promise.race([shell.ended, limit]);
  over.abort();
  const stopStep = (): Promise<number[]> =>
    terminateTree({ pgid: shell.pid, marker: `${marker}-setup` }, (target.stop_grace_seconds ?? defaultGraceSeconds) * 1000);
  if (typeof end === 'string' || end.exitCode !== 0) await stopStep();
  const lines = log.last(loggedLines);
  await log.close();
  if (end === 'aborted') throw options.signal?.reason;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (end === 'timeout') {
    throw new ServiceError(`service ${target.name}: ${label} (${shown}) took longer than ${timeoutSeconds} s and was stopped.`, {
      logLines: lines,
      logFile: log.file,
      hint: `Give the step more time: setup: [{ run: ..., timeout_seconds: ${timeoutSeconds * 2} }].`,
    });
  }
  if (end.exitCode !== 0) {
    throw new ServiceError(`service ${target.name}: ${label} (${shown}) failed after ${seconds} s: ${describeCrash(end)}.`, {
      logLines: lines,
      logFile: log.file,
    });
  }
  options.onProgress?.(`${label} done in ${seconds} s`);
}
