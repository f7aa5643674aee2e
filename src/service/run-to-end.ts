import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetConfig } from '../config/target/target.ts';
import { expandEnvironment, lookupIn, readEnvFile, serviceEnvironment } from './environment.ts';
import { LogTail } from './log-tail.ts';
import { inCheckout, type Places, serviceDirectory } from './places.ts';
import { maskerOf, secretValues } from './secrets.ts';
import type { ServiceCrash } from './service.ts';
import { loggedLines } from './service-error.ts';
import { requireDirectory, startShell } from './shell.ts';
import { defaultGraceSeconds } from './state.ts';
import { terminateTree } from './tree.ts';

/** A command that is run to its end beside or instead of a service. */
export interface ToEnd {
  run: string;
  timeoutSeconds: number;
  /** Over the target's own. */
  workingDirectory?: string | undefined;
  env?: Readonly<Record<string, string>> | undefined;
  /** Path of its log. */
  logFile: string;
}

export interface ToEndOptions extends Places {
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
  /** The mark of its processes. */
  marker: string;
  /** Further values to mask in the log. */
  secrets?: readonly string[];
  /** Hears every line as it was written. */
  onLine?: ((line: string) => void) | undefined;
  /** What errors call it: `target my-service: setup 1/2`. */
  where: string;
  /** Tells the command as it may be shown. */
  onStart?: (shown: string) => void;
}

/** How a command ended. */
export interface EndOfCommand {
  /** `timeout`: it took too long and was stopped; `aborted`: the signal stopped it. */
  end: ServiceCrash | 'timeout' | 'aborted';
  seconds: number;
  /** The command, secrets masked. */
  shown: string;
  /** The last lines of its log, masked. */
  lines: string[];
  logFile: string;
}

/**
 * Runs a command by `/bin/sh -c` with the target's environment (scrubbed, less the values that need ${PORT}) until it ends. Whatever it leaves running is
 * stopped when it failed, took too long or was interrupted.
 */
export async function runToEnd(
  target: Pick<TargetConfig, 'name' | 'working_directory' | 'env' | 'env_file' | 'pass_env' | 'stop_grace_seconds'>,
  { run, timeoutSeconds, workingDirectory, env: ownEnv, logFile }: ToEnd,
  options: ToEndOptions,
): Promise<EndOfCommand> {
  const envFile = readEnvFile(target, options.root);
  const own = expandEnvironment(ownEnv, lookupIn(options.env, envFile), { where: `${options.where}: env`, port: null });
  const env = { ...serviceEnvironment(target, { env: options.env, envFile, port: null, marker: options.marker }), ...own };
  const cwd = workingDirectory === undefined ? serviceDirectory(target, options) : inCheckout(options, workingDirectory);
  requireDirectory(cwd, `${options.where}: working_directory`);
  const mask = maskerOf([...secretValues(env), ...(options.secrets ?? [])]);
  const log = new LogTail(logFile, mask);
  const shown = mask(run);
  options.onStart?.(shown);
  const deafen = options.onLine ? log.onLine(options.onLine) : () => {};
  const started = performance.now();
  const shell = startShell(run, { cwd, env, log });
  const over = new AbortController();
  const overOrAborted = AbortSignal.any([over.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const limit = sleep(timeoutSeconds * 1000, 'timeout' as const, { signal: overOrAborted }).catch(() => 'aborted' as const);
  const end = await Promise.race([shell.ended, limit]);
  over.abort();
  if (typeof end === 'string' || end.exitCode !== 0)
    await terminateTree({ pgid: shell.pid, marker: options.marker }, (target.stop_grace_seconds ?? defaultGraceSeconds) * 1000);
  const lines = log.last(loggedLines);
  await log.close();
  deafen();
  return { end, seconds: (performance.now() - started) / 1000, shown, lines, logFile: log.file };
}
