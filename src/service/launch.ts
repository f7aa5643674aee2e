import { type Launched, launchCommand } from './command.ts';
import type { StartContext } from './context.ts';
import { dockerEnvironment, launchContainer, newCidfile } from './docker.ts';
import { serviceEnvironment } from './environment.ts';
import { LogTail } from './log-tail.ts';
import { accepts, portOf, resolveBaseUrl } from './port.ts';
import { NotReady, type ReadyPlace, readyChecks, startTimeoutSeconds, waitUntilReady } from './ready.ts';
import { logsReader } from './running.ts';
import type { RunningService, ServiceCrash } from './service.ts';
import { describeCrash, loggedLines, ServiceError } from './service-error.ts';
import { requireDirectory } from './shell.ts';
import { defaultGraceSeconds, type ServiceState } from './state.ts';

export interface LaunchOptions {
  signal?: AbortSignal;
  onProgress?: (line: string) => void;
  onState?: (state: ServiceState) => void;
}

export interface Attempt {
  port: number;
  /** Counts from 1; part of the marker, so that one attempt is stopped without what the setup left running. */
  attempt: number;
  /** Kept up to date. */
  state: ServiceState;
}

/** Starts the target's command or container on a port and waits until it is ready. When that fails it is stopped before the error is thrown. */
export async function startOnce(context: StartContext, options: LaunchOptions, place: Attempt): Promise<RunningService> {
  const { target } = context;
  const baseUrl = resolveBaseUrl(target, place.port, context.lookup);
  requireDirectory(context.directory, `target ${target.name}: working_directory`);
  if (context.kind === 'command') await requireFree(target.name, baseUrl, place.port);
  options.signal?.throwIfAborted();
  const log = new LogTail(context.logFile, context.mask);
  const logMatches: ReadyPlace['logMatches'] = (pattern) => {
    let matched = false;
    const end = log.onLine((line) => {
      if (!pattern.test(line)) return;
      matched = true;
      end();
    });
    return async () => matched;
  };
  const checks = readyChecks(target, { baseUrl, port: place.port, headers: context.headers, lookup: context.lookup, logMatches });
  const progress = (line: string): void => options.onProgress?.(context.mask(line));
  progress(`starting ${target.name} on port ${place.port}: ${context.kind === 'container' ? (target.image ?? 'its own image') : target.command}`);
  const launched = await launch(context, options, place, log).catch(async (error: unknown) => {
    await log.close();
    throw error;
  });
  const readLogs = logsReader(context, place.state.marker);
  try {
    const died = new AbortController();
    let crash = null as ServiceCrash | null;
    void launched.crashed.then((end) => {
      crash = end;
      died.abort();
    });
    const seconds = target.ready?.timeout_seconds ?? startTimeoutSeconds;
    const signal = AbortSignal.any([died.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    let late = null as string | null;
    progress(`waiting up to ${seconds} s for ${checks.map((check) => check.what).join(' and ')}`);
    try {
      await waitUntilReady(checks, { timeoutMs: seconds * 1000, signal, onProgress: progress });
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof NotReady) late = error.message;
      else if (crash === null) throw error;
    }
    const elapsed = (performance.now() - launched.startedMs) / 1000;
    const logs = async () => ({ logLines: await lastLines(loggedLines), logFile: log.file });
    if (crash !== null) throw diedEarly(context, crash, elapsed, await logs());
    if (late !== null) throw await tooLate(context, place.port, baseUrl, seconds, late, await logs());
    progress(`ready after ${elapsed.toFixed(1)} s`);
    return { baseUrl, pid: launched.pid, startSeconds: elapsed, crashed: launched.crashed, lastLogLines: lastLines, stop: launched.stop };
  } catch (error) {
    // What cannot be stopped is told by the next one to try; the reason for the failure matters more.
    await launched.stop().catch((failure: unknown) => progress(String(failure)));
    throw error;
  }

  async function lastLines(count: number): Promise<string[]> {
    const own = await launched.lastLogLines(count);
    const told = readLogs === null ? [] : await readLogs();
    return count <= 0 ? [] : told.length > 0 ? told.slice(-count) : own;
  }
}

async function launch(context: StartContext, options: LaunchOptions, place: Attempt, log: LogTail): Promise<Launched> {
  const { target, directory } = context;
  const marker = `${place.state.marker}-${place.attempt}`;
  const graceSeconds = target.stop_grace_seconds ?? defaultGraceSeconds;
  if (context.kind === 'command') {
    const env = serviceEnvironment(target, { env: context.env, envFile: context.envFile, port: place.port, marker });
    const command = (target.command ?? '').replaceAll('${PORT}', String(place.port));
    const launched = launchCommand({ name: target.name, command, cwd: directory, env, marker, graceMs: graceSeconds * 1000, log });
    place.state.pgid = launched.pid;
    options.onState?.({ ...place.state });
    return launched;
  }
  const cidfile = newCidfile(context.env);
  place.state.cidfile = cidfile;
  options.onState?.({ ...place.state });
  const mappings = context.mappings.length > 0 ? context.mappings : [{ hostIp: null, hostPort: null, containerPort: place.port, protocol: null }];
  return launchContainer(target, {
    ...{ marker: place.state.marker, cidfile, directory, mappings, hostPort: place.port, graceSeconds, log },
    ...{ env: dockerEnvironment(target, context.env, place.state.marker), envFile: context.envFile, lookup: context.lookup },
    signal: options.signal ?? new AbortController().signal,
  });
}

// Otherwise what listens there would answer the readiness check, and be measured in the service's place.
async function requireFree(name: string, baseUrl: string, port: number): Promise<void> {
  const url = new URL(baseUrl);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (portOf(url) !== port || !/^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)) return;
  if (!(await accepts(host, port, 500))) return;
  throw new ServiceError(`service ${name} cannot be started: another program already listens on port ${port} of ${host}.`, {
    hint: 'Stop that program, or choose another port (port: auto takes a free one, with ${PORT} in command and base_url).',
  });
}

interface Logs {
  logLines: string[];
  logFile: string;
}

function diedEarly(context: StartContext, crash: ServiceCrash, seconds: number, logs: Logs): ServiceError {
  const hint =
    context.kind === 'command' && crash.exitCode === 0
      ? 'A command that only starts something elsewhere and returns belongs into setup; the target then needs a base_url and no command.'
      : undefined;
  return new ServiceError(`service ${context.target.name} ended before it was ready: ${describeCrash(crash)} after ${seconds.toFixed(1)} s.`, {
    ...logs,
    ...(hint === undefined ? {} : { hint }),
  });
}

async function tooLate(context: StartContext, port: number, baseUrl: string, seconds: number, why: string, logs: Logs): Promise<ServiceError> {
  const onlyIpv6 = new URL(baseUrl).hostname === '127.0.0.1' && !(await accepts('127.0.0.1', port, 500)) && (await accepts('::1', port, 500));
  const hint = onlyIpv6
    ? 'Something listens on ::1 but not on 127.0.0.1: set base_url: http://localhost:${PORT}, or let the service listen on 127.0.0.1.'
    : 'If it only needs longer, raise ready.timeout_seconds; if it is ready but not noticed, say by ready.url, ready.port or ready.log how to tell.';
  return new ServiceError(context.mask(`service ${context.target.name} was not ready within ${seconds} s: ${why}.`), { ...logs, hint });
}
