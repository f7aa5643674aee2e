import { networkInterfaces } from 'node:os';
import type { ErrorKind } from './error-kind.ts';

/**
 * That a server had closed a kept connection is heard within the way there and back, ms. One that drops a request later had taken it: that is its failure, and sending the
 * request again would hide it.
 */
export const staleWithinMs = 1000;

/** How far an exchange had come when its connection failed. */
export type Phase = 'connecting' | 'waiting' | 'receiving';

const byCode: Record<string, ErrorKind> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  EHOSTDOWN: 'refused',
  ENETDOWN: 'refused',
  EAFNOSUPPORT: 'refused',
  EACCES: 'refused',
  EMFILE: 'client_limit',
  ENFILE: 'client_limit',
  EADDRNOTAVAIL: 'client_limit',
  ENOBUFS: 'client_limit',
  ENOMEM: 'client_limit',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
  ENOTFOUND: 'dns',
  UND_ERR_CONNECT_TIMEOUT: 'timeout_connect',
  UND_ERR_HEADERS_OVERFLOW: 'too_large',
};

/** Node's names for a certificate or a handshake that was not accepted. */
const tlsCode =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|EPROTO$|CRL_|ERROR_IN_CERT)/;

/** The kind of failure behind an error of undici, net, dns or tls. */
export function errorKindOf(error: unknown, phase: Phase): ErrorKind {
  if (error instanceof AggregateError && error.errors.length > 0) {
    // A name's addresses were tried in turn. Where this machine could not even try one, the others say what is wrong.
    const kinds = error.errors.map((one) => errorKindOf(one, phase));
    return kinds.find((kind) => kind !== 'client_limit') ?? 'client_limit';
  }
  const { code, message } = describe(error);
  if (tlsCode.test(code) || /secure TLS connection was established/.test(message)) return 'tls';
  if (code === 'EADDRNOTAVAIL' && unreachable(error as ConnectError)) return 'refused';
  const known = byCode[code];
  if (known !== undefined) return known;
  if (code === 'ETIMEDOUT') return phase === 'connecting' ? 'timeout_connect' : 'reset';
  if (code.startsWith('EAI_')) return 'dns';
  // undici's parser errors carry no code, only llhttp's words.
  if (error instanceof Error && error.name === 'HTTPParserError') return /Invalid EOF state/.test(message) ? closed(phase) : 'malformed';
  // Also undici's word for a length that it refuses, then before the headers are complete.
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return phase === 'receiving' ? 'truncated' : 'malformed';
  if (code === 'UND_ERR_SOCKET') return message.startsWith('bad ') ? 'malformed' : closed(phase);
  return 'reset';
}

type ConnectError = NodeJS.ErrnoException & { address?: string; port?: number };

/** That no port was left to connect from is also said of an address that cannot be connected to: port 0, and IPv6 where this machine has none. */
function unreachable({ address, port }: ConnectError): boolean {
  if (address === undefined) return false;
  if (port === undefined) return true;
  // Nearly always: ports run out by the thousand, and asking for the interfaces takes a while.
  if (!address.includes(':')) return false;
  const own = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  return !own.some(({ family, internal }) => family === 'IPv6' && internal === (address === '::1'));
}

/** One sentence for people: the code beside the message unless it is in it. */
export function errorText(error: unknown): string {
  const { code, message } = describe(error);
  // undici's words for an interim answer that it cannot pass over.
  if (code === 'UND_ERR_SOCKET' && message === 'bad response')
    return 'the server sent 100 Continue, which nothing had asked for; over https that ends a request';
  if (message === '') return code === '' ? 'unknown error' : code;
  return code === '' || message.includes(code) ? message : `${message} (${code})`;
}

function describe(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const code = (error as NodeJS.ErrnoException).code;
  // Trying several addresses of a name ends in one error that holds the others.
  const message = error.message === '' && error instanceof AggregateError ? error.errors.map((one) => errorText(one)).join('; ') : error.message;
  return { code: typeof code === 'string' ? code : '', message };
}

/** The peer closed the connection in good order: before the headers there is no answer, after them its body is cut short. */
function closed(phase: Phase): ErrorKind {
  return phase === 'receiving' ? 'truncated' : 'reset';
}
