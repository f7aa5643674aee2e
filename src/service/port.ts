import net from 'node:net';
import { UserError } from '../config/errors.ts';
import type { TargetConfig } from '../config/target/target.ts';
import { maskAddress } from '../config/yaml/mask.ts';
import { expandVariables, type Lookup, mentionsPort } from './environment.ts';

/** Ports handed out by this process; none is handed out twice, since its service may not have bound it yet. */
const handedOut = new Set<number>();

/**
 * A port of 127.0.0.1 that nothing listens on. Another program can still take it before the service does: a start with a port of our choice is tried again.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = await new Promise<number>((resolve, reject) => {
      const server = net.createServer();
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const { port: chosen } = server.address() as net.AddressInfo;
        server.close(() => resolve(chosen));
      });
    });
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if (handedOut.size > 1000) handedOut.clear();
    return port;
  }
  throw new UserError('No free port was found on 127.0.0.1.');
}

/** Whether something accepts connections there within the time. */
export function accepts(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** Which port a started service is to listen on: a given one, or a free one of our choice (which may be chosen anew). */
export type PortPlan = { kind: 'fixed'; port: number } | { kind: 'auto' };

/**
 * Reads the target's wish. Without `port`, a target that mentions `${PORT}` or has no base_url gets a free one; otherwise it is the port of base_url.
 * @param override another port than configured (a second copy beside the first).
 * @throws UserError (exit 2) when the service could not be reached there, because base_url says another port.
 */
export function planPort(target: TargetConfig, lookup: Lookup, override?: number): PortPlan {
  const where = `target ${target.name}`;
  const follows = target.base_url === undefined || mentionsPort(target.base_url);
  if (override !== undefined) {
    if (!follows && typeof target.port !== 'number') {
      throw new UserError(`${where}: a second copy needs another port than that of ${maskAddress(target.base_url ?? '')}.`, {
        hint: 'Write ${PORT} into base_url and command, so that each copy can have a port of its own.',
      });
    }
    return { kind: 'fixed', port: override };
  }
  if (typeof target.port === 'number') return { kind: 'fixed', port: target.port };
  if (follows) return { kind: 'auto' };
  if (target.port === 'auto') {
    throw new UserError(`${where}: port: auto chooses a free port, but base_url ${maskAddress(target.base_url ?? '')} does not use it.`, {
      hint: 'Write ${PORT} into base_url (http://127.0.0.1:${PORT}), or leave base_url out.',
    });
  }
  return { kind: 'fixed', port: portOf(new URL(resolveBaseUrl(target, null, lookup))) };
}

/** The port that a URL leads to, also where it is the scheme's own. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/**
 * Where requests go: base_url with its variables filled in, without credentials (which go as a header) and without trailing slash, or http://127.0.0.1:PORT.
 * A base_url that names the target's fixed `port` in figures moves along when another port is used instead.
 * @param port null for a target that already runs.
 */
export function resolveBaseUrl(target: TargetConfig, port: number | null, lookup: Lookup): string {
  if (target.base_url === undefined) return `http://127.0.0.1:${port}`;
  const where = `target ${target.name}: base_url`;
  const text = expandVariables(target.base_url, (name) => (name === 'PORT' && port !== null ? String(port) : lookup(name)), where);
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new UserError(`${where} must be an http:// or https:// address, found ${JSON.stringify(maskAddress(text))}.`);
  }
  const url = new URL(text);
  if (port !== null && typeof target.port === 'number' && url.port === String(target.port)) url.port = String(port);
  url.hash = '';
  url.username = '';
  url.password = '';
  return url.href.replace(/\/+$/, '');
}
