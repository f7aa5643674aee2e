import { UserError } from '../config/errors.ts';
import type { TargetConfig } from '../config/target/target.ts';

/** One entry of `ports`: `8000`, `8080:8000`, `127.0.0.1:8080:8000`, each with `/tcp` or `/udp` behind it if need be. */
export interface PortMapping {
  hostIp: string | null;
  /** Null: to be chosen. */
  hostPort: number | null;
  containerPort: number;
  protocol: string | null;
}

/** Reads an entry of `ports`. Anything else is a UserError (exit 2). */
export function parsePortMapping(text: string, targetName: string): PortMapping {
  const found = /^(?:(?:(\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:]+\]):)?(\d{1,5})?:)?(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(text.trim());
  const [, hostIp, hostPort, containerPort, protocol] = found ?? [];
  const numbers = [hostPort, containerPort].filter((part) => part !== undefined).map(Number);
  if (found === null || numbers.some((port) => port < 1 || port > 65_535)) {
    throw new UserError(
      `target ${targetName}: ports must hold entries such as "8000" (container port, host port chosen) or "8080:8000" (host:container), found ${JSON.stringify(text)}.`,
    );
  }
  return {
    hostIp: hostIp ?? null,
    hostPort: hostPort === undefined ? null : Number(hostPort),
    containerPort: Number(containerPort),
    protocol: protocol ?? null,
  };
}

/** The `-p` value of a mapping. A host port of our choice is opened on 127.0.0.1 only; one that the user wrote, where the user wrote it. */
export function publishArgument(mapping: PortMapping, hostPort: number | null): string {
  const port = hostPort ?? mapping.hostPort;
  const ip = mapping.hostIp ?? (mapping.hostPort === null || hostPort !== null ? '127.0.0.1' : null);
  const protocol = mapping.protocol === null ? '' : `/${mapping.protocol}`;
  return `${ip === null ? '' : `${ip}:`}${port ?? ''}:${mapping.containerPort}${protocol}`;
}

/**
 * Splits a command into arguments as a shell would (quotes and backslashes, no expansion): with an `image`, `command` is what the image's
 * entrypoint gets, not a line for a shell. An unclosed quote is a UserError (exit 2).
 */
export function splitArguments(command: string, targetName: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < command.length; at += 1) {
    const char = command[at] as string;
    const next = command[at + 1];
    if (quote === "'") {
      if (char === "'") quote = null;
      else word += char;
    } else if (char === '\\' && next !== undefined && (quote === null || '"\\$`\n'.includes(next))) {
      if (next !== '\n') word = (word ?? '') + next;
      at += 1;
    } else if (quote === '"') {
      if (char === '"') quote = null;
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + char;
  }
  if (quote !== null) throw new UserError(`target ${targetName}: command has an unclosed ${quote} in ${JSON.stringify(command)}.`);
  if (word !== null) words.push(word);
  return words;
}

/** What `docker build` is called with, less the word build. Build arguments without a secret look; their values are expanded by then. */
export function buildArguments(build: { context: string; dockerfile?: string | undefined }, image: string, argNames: readonly string[]): string[] {
  // An argument given by name alone takes its value from the environment of the docker command: no value shows up in a process list.
  const args = argNames.flatMap((name) => ['--build-arg', name]);
  return ['-t', image, ...(build.dockerfile === undefined ? [] : ['-f', build.dockerfile]), ...args, build.context];
}

/** The image to run: `image`, or for a `build` without one a tag of its own. */
export function imageName(target: TargetConfig, marker: string): string {
  if (target.image !== undefined) return target.image;
  const name = target.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return `llm-bench-${name === '' ? 'service' : name}:${marker.slice(0, 8)}`;
}

/**
 * The lines of a file for `docker run --env-file`, which takes every value as it stands. Values of several lines cannot be in it: they are returned
 * apart, to be passed on by name.
 */
export function envFileFor(variables: Readonly<Record<string, string>>): { text: string; byName: Record<string, string> } {
  const lines: string[] = [];
  const byName: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (/[\r\n]/.test(value)) byName[name] = value;
    else lines.push(`${name}=${value}\n`);
  }
  return { text: lines.join(''), byName };
}
