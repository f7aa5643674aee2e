import { randomUUID } from 'node:crypto';
import type { TargetConfig } from '../config/target/target.ts';
import { readContext, type StartContext } from './context.ts';
import { buildImage, dockerEnvironment } from './docker.ts';
import { startOnce } from './launch.ts';
import { LogTail } from './log-tail.ts';
import { freePort, resolveBaseUrl } from './port.ts';
import { absentTimeoutSeconds, NotReady, readyChecks, runningTimeoutSeconds, startTimeoutSeconds, waitUntilReady } from './ready.ts';
import { logsReader } from './running.ts';
import type { RunningService } from './service.ts';
import { ServiceError } from './service-error.ts';
import { runSetup } from './setup.ts';
import { defaultGraceSeconds, keepState, type ServiceState } from './state.ts';
import { terminateTree } from './tree.ts';

export { type ApiKey, resolveApiKey, targetHeaders } from './api-key.ts';
export { crashError, ServiceError } from './service-error.ts';
export { runSetup } from './setup.ts';
export { type ServiceState, serviceState, stopFromState } from './state.ts';

export interface StartOptions {
  /** The repository, where the configuration and env_file are. */
  root: string;
  env: NodeJS.ProcessEnv;
  /** service.log and setup.log go here; made when missing. */
  logDirectory: string;
  signal?: AbortSignal;
  onProgress?: (line: string) => void;
  /** Listen here instead of the configured port. */
  overridePort?: number;
  /** Another checkout of the repository to run, such as the base worktree. */
  workingDirectory?: string;
  /** The setup steps have been run already in this checkout. */
  skipSetup?: boolean;
  /** Hears what it takes to stop the service from another process, before there is anything to stop and whenever that changes. */
  onState?: (state: ServiceState) => void;
}

/** Starts with a port of our choice are repeated when another program took the port meanwhile. */
const portAttempts = 3;
const portTaken = /EADDRINUSE|address already in use|port is already allocated|only one usage of each socket address/i;

/**
 * Runs the setup, starts the target's command or container (or takes what runs at base_url) and waits until it is ready.
 * Rejects with a ServiceError (exit 4) holding the last 50 log lines when setup fails, the service dies before it is ready or its time runs out;
 * with a UserError (exit 2) for a configuration that cannot work; with the signal's reason when that aborts. By then everything started is stopped.
 * The signal is heeded until the service is ready; from then on it is the caller who stops it.
 */
export async function startService(target: TargetConfig, options: StartOptions): Promise<RunningService> {
  options.signal?.throwIfAborted();
  const context = readContext(target, options);
  const state: ServiceState = { pgid: null, marker: randomUUID(), cidfile: null };
  const ours = context.kind !== 'running' || (target.setup?.length ?? 0) > 0;
  const graceMs = (target.stop_grace_seconds ?? defaultGraceSeconds) * 1000;
  if (ours) options.onState?.({ ...state });
  try {
    if (!options.skipSetup) await runSetup(target, { ...options, marker: state.marker, secrets: context.secrets });
    const service = context.kind === 'running' ? await attach(context, options, state.marker) : await start(context, options, state);
    const all: RunningService = {
      ...service,
      async stop() {
        try {
          await service.stop();
        } finally {
          if (ours) await terminateTree({ pgid: null, marker: state.marker }, graceMs);
        }
      },
    };
    if (ours) keepState(all, { ...state });
    return all;
  } catch (error) {
    if (ours) await terminateTree({ pgid: null, marker: state.marker }, graceMs);
    throw error;
  }
}

/** Waits for a target that already runs. */
async function attach(context: StartContext, options: StartOptions, marker: string): Promise<RunningService> {
  const { target, mask } = context;
  const baseUrl = resolveBaseUrl(target, null, context.lookup);
  const readLogs = logsReader(context, marker, options.signal);
  const logMatches = (pattern: RegExp) => async (): Promise<boolean> => ((await readLogs?.()) ?? []).some((line) => pattern.test(line));
  const checks = readyChecks(target, { baseUrl, port: null, headers: context.headers, lookup: context.lookup, logMatches });
  const started = (target.setup?.length ?? 0) > 0 && !options.skipSetup;
  const seconds = target.ready?.timeout_seconds ?? (started ? startTimeoutSeconds : runningTimeoutSeconds);
  try {
    await waitUntilReady(checks, {
      timeoutMs: seconds * 1000,
      // A target that says when it is ready is waited for; without a word, and with nobody there, it was forgotten or the address is wrong.
      absentMs: target.ready === undefined && !started ? absentTimeoutSeconds * 1000 : undefined,
      signal: options.signal ?? new AbortController().signal,
      onProgress: (line) => options.onProgress?.(mask(line)),
    });
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    const lines = (await readLogs?.()) ?? [];
    throw new ServiceError(
      mask(
        `target ${target.name} at ${baseUrl} cannot be used: ${error.attempts} attempts in ${(error.waitedMs / 1000).toFixed(1)} s, ${error.message}.`,
      ),
      {
        logLines: lines,
        hint: /certificate/i.test(error.message)
          ? 'NODE_EXTRA_CA_CERTS=ca.pem in the environment makes the issuer of its certificate trusted, here and while it is measured.'
          : 'Is it started, and is base_url right? For one that is still starting, --wait 2m (ready.timeout_seconds of the target) waits longer.',
      },
    );
  }
  return {
    baseUrl,
    pid: null,
    startSeconds: null,
    crashed: new Promise(() => {}),
    lastLogLines: async (count) => (count <= 0 ? [] : ((await readLogs?.()) ?? []).slice(-count)),
    stop: async () => {},
  };
}

/** Starts a command or a container; with a port of our choice, again when somebody else took it. */
async function start(context: StartContext, options: StartOptions, state: ServiceState): Promise<RunningService> {
  const { target, plan } = context;
  if (plan === null) throw new Error('a service to start without a plan for its port');
  if (target.build !== undefined) await build(context, options, state.marker);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(context, options, { state, attempt, port: plan.kind === 'fixed' ? plan.port : await freePort() });
    } catch (error) {
      const again =
        plan.kind === 'auto' && attempt < portAttempts && error instanceof ServiceError && error.logLines.some((line) => portTaken.test(line));
      if (!again) throw error;
      options.onProgress?.('the chosen port was taken meanwhile; trying another');
    }
  }
}

async function build(context: StartContext, options: StartOptions, marker: string): Promise<void> {
  const { target, directory, lookup } = context;
  const log = new LogTail(context.logFile, context.mask);
  const env = dockerEnvironment(target, context.env, marker);
  options.onProgress?.(`building the image of ${target.name}`);
  try {
    await buildImage(target, { directory, marker, env, lookup, log, signal: options.signal ?? new AbortController().signal });
  } finally {
    await log.close();
  }
}
