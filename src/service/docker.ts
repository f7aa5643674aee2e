import { existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../config/errors.ts';
import type { TargetConfig } from '../config/target/target.ts';
import type { Launched } from './command.ts';
import { buildArguments, envFileFor, imageName, type PortMapping, publishArgument, splitArguments } from './docker-arguments.ts';
import { type DockerAnswer, docker } from './docker-cli.ts';
import { expandEnvironment, expandVariables, type Lookup, markerVariable, scrubEnvironment } from './environment.ts';
import type { LogTail } from './log-tail.ts';
import type { ServiceCrash } from './service.ts';
import { loggedLines, ServiceError } from './service-error.ts';
import { startProgram } from './shell.ts';
import { terminateTree } from './tree.ts';

/** Seconds for a build, and for a run with its pull: images of models are large. */
const transferTimeoutMs = 45 * 60_000;
/** One of the small commands: logs, stop, rm. */
const shortTimeoutMs = 15_000;
const envFileName = 'container.env';

export interface ContainerIdentity {
  marker: string;
  cidfile: string;
}

/** The container's name: by it a container is found whose id was never written, because the docker command was cut short. */
export function containerName(marker: string): string {
  return `llm-bench-${marker}`;
}

/** A private directory for the id of a container (which does not exist yet) and, for a moment, its variables. */
export function newCidfile(env: NodeJS.ProcessEnv): string {
  return path.join(mkdtempSync(path.join(env['RUNNER_TEMP'] ?? os.tmpdir(), 'llm-bench-container-')), 'cid');
}

/** The environment of the docker command itself: scrubbed, and marked like everything else that we start. */
export function dockerEnvironment(target: TargetConfig, env: NodeJS.ProcessEnv, marker: string): Record<string, string> {
  return { ...scrubEnvironment(env, target.pass_env), [markerVariable]: `${marker}-docker` };
}

/** `docker build`, where the target has a `build`. Throws a ServiceError (exit 4) with the last 50 lines when it fails, the signal's reason when that aborts. */
export async function buildImage(
  target: TargetConfig,
  options: { directory: string; marker: string; env: Record<string, string>; lookup: Lookup; log: LogTail; signal: AbortSignal },
): Promise<void> {
  if (target.build === undefined) return;
  const build = typeof target.build === 'string' ? { context: target.build } : target.build;
  const remote = /^(https?:\/\/|git@|git:\/\/|github\.com\/)/.test(build.context);
  const context = remote ? build.context : path.resolve(options.directory, build.context);
  if (!remote && !existsSync(context)) throw new UserError(`target ${target.name}: build context ${context} does not exist.`);
  const args: Record<string, string> = {};
  for (const [name, value] of Object.entries(build.args ?? {}))
    args[name] = expandVariables(value, options.lookup, `target ${target.name}: build.args.${name}`);
  // As in a compose file the dockerfile is one of the context; one beside it is found too.
  const inContext = build.dockerfile === undefined || remote ? build.dockerfile : path.resolve(context, build.dockerfile);
  const dockerfile = inContext === undefined || remote || existsSync(inContext) ? inContext : path.resolve(options.directory, build.dockerfile ?? '');
  const command = ['build', ...buildArguments({ context, dockerfile }, imageName(target, options.marker), Object.keys(args))];
  const answer = await docker(command, {
    env: { ...options.env, ...args },
    cwd: options.directory,
    timeoutMs: transferTimeoutMs,
    signal: options.signal,
    onLine: (line) => options.log.add(line),
  });
  options.signal.throwIfAborted();
  if (answer.code !== 0) throw dockerFailure(target.name, 'docker build', answer, options.log);
}

export interface ContainerOptions extends ContainerIdentity {
  /** Working directory of the docker command. */
  directory: string;
  env: Record<string, string>;
  envFile: Readonly<Record<string, string>>;
  lookup: Lookup;
  /** The first one is the service's own port, with hostPort on the host's side. */
  mappings: readonly PortMapping[];
  hostPort: number;
  graceSeconds: number;
  log: LogTail;
  signal: AbortSignal;
}

/** `docker run -d`, then follows its log and waits for its end. Throws a ServiceError (exit 4) when it cannot be run; what was created is gone by then. */
export async function launchContainer(target: TargetConfig, options: ContainerOptions): Promise<Launched> {
  const [main, ...others] = options.mappings;
  if (main === undefined) throw new Error('a container without its port');
  const own = expandEnvironment(target.env, options.lookup, { where: `target ${target.name}: env`, port: main.containerPort });
  const variables = { PORT: String(main.containerPort), ...options.envFile, ...own };
  const { text, byName } = envFileFor(variables);
  const envFile = path.join(path.dirname(options.cidfile), envFileName);
  writeFileSync(envFile, text, { mode: 0o600 });
  const command = (target.command ?? '').replaceAll('${PORT}', String(main.containerPort));
  const args = [
    ...['run', '-d', '--cidfile', options.cidfile, '--name', containerName(options.marker), '--label', `llm-bench.service=${options.marker}`],
    ...['--env-file', envFile],
    ...Object.keys(byName).flatMap((name) => ['-e', name]),
    ...['-p', publishArgument(main, main.hostPort === options.hostPort ? null : options.hostPort)],
    ...others.flatMap((mapping) => ['-p', publishArgument(mapping, null)]),
    imageName(target, options.marker),
    ...splitArguments(command, target.name),
  ];
  const settings = { env: options.env, timeoutMs: shortTimeoutMs };
  let running: DockerAnswer;
  try {
    running = await docker(args, {
      env: { ...options.env, ...byName },
      cwd: options.directory,
      timeoutMs: transferTimeoutMs,
      signal: options.signal,
    });
  } finally {
    rmSync(envFile, { force: true });
  }
  const startedMs = performance.now();
  const id = readId(options.cidfile) ?? running.stdout.trim().split('\n').at(-1) ?? '';
  for (const line of running.lines) if (line.trim() !== id) options.log.add(line);
  if (options.signal.aborted || running.code !== 0) {
    await removeContainer(options, { env: options.env, graceSeconds: 0 });
    options.signal.throwIfAborted();
    throw dockerFailure(target.name, 'docker run', running, options.log);
  }

  const follower = startProgram('docker', ['logs', '--follow', id], { cwd: options.directory, env: options.env, log: options.log });
  const over = new AbortController();
  let stopping: Promise<void> | null = null;
  let removed = false;
  const crashed = new Promise<ServiceCrash>((resolve) => {
    void docker(['wait', id], { env: options.env, timeoutMs: 2 ** 31 - 1, signal: over.signal }).then(async (answer) => {
      if (stopping !== null) return;
      const code = Number.parseInt(answer.stdout, 10);
      await Promise.race([follower.ended, sleep(1000, undefined, { ref: false })]);
      if (stopping === null) resolve({ exitCode: Number.isNaN(code) ? null : code, signal: null });
    });
  });
  const stop = async (): Promise<void> => {
    try {
      await removeContainer(options, { env: options.env, graceSeconds: options.graceSeconds });
      removed = true;
    } finally {
      over.abort();
      await Promise.race([follower.ended, sleep(1000)]);
      await terminateTree({ pgid: follower.pid, marker: `${options.marker}-docker` }, 0);
      await options.log.close();
    }
  };
  return {
    pid: null,
    startedMs,
    crashed,
    async lastLogLines(count) {
      if (removed || stopping !== null) return options.log.last(count);
      const answer = await docker(['logs', '--tail', String(Math.min(count, loggedLines)), id], settings);
      return answer.code === 0 ? answer.lines.map(options.log.mask) : options.log.last(count);
    },
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** `docker stop`, then `docker rm`, by the id in the cidfile or else by name. Does nothing when the container is gone; ServiceError when it cannot be removed. */
export async function removeContainer(container: ContainerIdentity, options: { env: NodeJS.ProcessEnv; graceSeconds: number }): Promise<void> {
  const env = Object.fromEntries(Object.entries(options.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const id = readId(container.cidfile) ?? containerName(container.marker);
  const seconds = Math.ceil(options.graceSeconds);
  if (seconds > 0) await docker(['stop', '-t', String(seconds), id], { env, timeoutMs: (seconds + 5) * 1000 });
  const answer = await docker(['rm', '-f', '-v', id], { env, timeoutMs: shortTimeoutMs });
  const gone = answer.code === 0 || answer.lines.some((line) => /no such container/i.test(line));
  if (!gone && !(answer.missing && readId(container.cidfile) === null)) {
    throw new ServiceError(`container ${id} could not be removed: ${answer.lines.at(-1) ?? 'docker rm gave no answer'}.`, {
      hint: `Remove it by hand: docker rm -f ${id}`,
    });
  }
  rmSync(container.cidfile, { force: true });
  rmSync(path.join(path.dirname(container.cidfile), envFileName), { force: true });
  try {
    rmdirSync(path.dirname(container.cidfile));
  } catch {
    // Gone already, or it holds something that is not ours.
  }
}

function readId(cidfile: string): string | null {
  try {
    const id = readFileSync(cidfile, 'utf8').trim();
    return /^[0-9a-zA-Z][\w.-]*$/.test(id) ? id : null;
  } catch {
    return null;
  }
}

function dockerFailure(name: string, what: string, answer: DockerAnswer, log: LogTail): ServiceError {
  if (answer.missing) {
    return new ServiceError(`service ${name}: there is no docker command on PATH, and an image needs one.`, {
      hint: 'Install Docker, or start the service with command: instead of image:.',
    });
  }
  const how = answer.code === null ? `took longer than ${transferTimeoutMs / 60_000} min` : `failed with exit status ${answer.code}`;
  return new ServiceError(`service ${name}: ${what} ${how}.`, { logLines: log.last(loggedLines), logFile: log.file });
}
