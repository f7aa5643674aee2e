import { createSocketTransport } from './socket-transport.ts';
import type { Transport, TransportOptions } from './transport.ts';

/** Which transport to use: `auto` is the lean socket for http: and undici for https:. */
export type TransportKind = 'auto' | 'socket' | 'undici';

/** undici takes 50 ms and more to load, so it is loaded only when it is the one. */
export async function createTransport(options: TransportOptions & { kind: TransportKind }): Promise<Transport> {
  const { kind, ...rest } = options;
  if (kind === 'socket' || (kind === 'auto' && rest.origin.startsWith('http:'))) return createSocketTransport(rest);
  const { createUndiciTransport } = await import('./undici-transport.ts');
  return createUndiciTransport(rest);
}
