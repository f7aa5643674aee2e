import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { TargetConfig } from '../config/target/target.ts';
import { inCheckout, type Places } from './places.ts';
import { runToEnd } from './run-to-end.ts';
import { describeCrash, ServiceError } from './service-error.ts';
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
  const timeoutSeconds = step.timeout_seconds ?? setupTimeoutSeconds;
  const logFile = step.log_file === undefined ? path.join(options.logDirectory, 'setup.log') : inCheckout(options, step.log_file);
  const { end, seconds, shown, lines, ...log } = await runToEnd(
    target,
    { run: step.run, timeoutSeconds, workingDirectory: step.working_directory, env: step.env, logFile },
    {
      root: options.root,
      ...(options.workingDirectory === undefined ? {} : { workingDirectory: options.workingDirectory }),
      env: options.env,
      signal: options.signal,
      marker: `${marker}-setup`,
      secrets: options.secrets ?? [],
      where: `target ${target.name}: ${label}`,
      onStart: (text) => options.onProgress?.(`${label}: ${text}`),
    },
  );
  if (end === 'aborted') throw options.signal?.reason;
  if (end === 'timeout') {
    throw new ServiceError(`service ${target.name}: ${label} (${shown}) took longer than ${timeoutSeconds} s and was stopped.`, {
      logLines: lines,
      logFile: log.logFile,
      hint: `Give the step more time: setup: [{ run: ..., timeout_seconds: ${timeoutSeconds * 2} }].`,
    });
  }
  if (end.exitCode !== 0) {
    throw new ServiceError(`service ${target.name}: ${label} (${shown}) failed after ${seconds.toFixed(1)} s: ${describeCrash(end)}.`, {
      logLines: lines,
      logFile: log.logFile,
    });
  }
  options.onProgress?.(`${label} done in ${seconds.toFixed(1)} s`);
}
