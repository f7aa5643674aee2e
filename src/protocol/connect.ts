import { createSocketTransport } from './socket-transport.ts';
import type { Transport, TransportOptions } from './transport.ts';
import { createUndiciTransport } from './undici-transport.ts';

/** Which transport to use: `auto` is the lean socket for http: and undici for https:. */
export type TransportKind = 'auto' | 'socket' | 'undici';

export function createTransport(options: TransportOptions & { kind: TransportKind }): Transport {
  const { kind, ...rest } = options;
  const lean = kind === 'socket' || (kind === 'auto' && rest.origin.startsWith('http:'));
  return lean ? createSocketTransport(rest) : createUndiciTransport(rest);
}
