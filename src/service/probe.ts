import http from 'node:http';
import https from 'node:https';
import net from 'node:net';

/** How a URL answered: a status, or the reason why there was none. */
export type HttpAnswer = { status: number; location: string | null } | { status: null; why: string };

export interface HttpProbe {
  url: URL;
  /** Sent to `origin` only. */
  headers: Readonly<Record<string, string>>;
  /** The origin (scheme://host:port) that may see the headers. */
  origin: string;
  timeoutMs: number;
  signal: AbortSignal;
}

/** Redirects followed by one probe. */
const maxRedirects = 5;

/** GETs a URL on a connection of its own and reads no more than the status. Follows redirects; never throws. */
export async function probeHttp(probe: HttpProbe): Promise<HttpAnswer> {
  let { url } = probe;
  const deadline = performance.now() + probe.timeoutMs;
  for (let hop = 0; ; hop += 1) {
    const answer = await get({ ...probe, url, timeoutMs: Math.max(1, deadline - performance.now()) });
    if (answer.status === null || answer.location === null || hop >= maxRedirects || !URL.canParse(answer.location, url.href)) return answer;
    url = new URL(answer.location, url);
    if (!/^https?:$/.test(url.protocol)) return answer;
  }
}

function get(probe: HttpProbe): Promise<HttpAnswer> {
  return new Promise((resolve) => {
    const signal = AbortSignal.any([probe.signal, AbortSignal.timeout(Math.ceil(probe.timeoutMs))]);
    const headers = { accept: '*/*', ...(probe.url.origin === probe.origin ? probe.headers : {}) };
    const refuse = (error: unknown): void => resolve({ status: null, why: describeFailure(error, probe.timeoutMs) });
    try {
      const client = probe.url.protocol === 'https:' ? https : http;
      const request = client.request(probe.url, { agent: false, headers, signal }, (response) => {
        const status = response.statusCode ?? 0;
        const location = status >= 300 && status < 400 ? (response.headers.location ?? null) : null;
        response.on('error', () => {});
        response.destroy();
        resolve({ status, location });
      });
      request.on('error', refuse);
      request.end();
    } catch (error) {
      refuse(error);
    }
  });
}

/** Connects to a TCP port and hangs up; null when it was accepted, else the reason. Never throws. */
export function probeTcp(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, signal: AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(timeoutMs))]) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(null);
    });
    socket.on('error', (error) => resolve(describeFailure(error, timeoutMs)));
  });
}

/** Nothing is there at all, which more patience seldom changes. */
export function nobodyThere(why: string): boolean {
  return why === refused || why === unknownHost;
}

const refused = 'connection refused: nothing listens there';
const unknownHost = 'the host name cannot be resolved (ENOTFOUND)';

/** In words what a failed connection means; a refused one (nothing listens) is a different thing from an answer that says "not yet". */
export function describeFailure(error: unknown, timeoutMs: number): string {
  const { code, name, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return refused;
  if (code === 'ECONNRESET' || message === 'socket hang up') return 'the connection was closed without an answer';
  if (code === 'ENOTFOUND') return unknownHost;
  if (code === 'EAI_AGAIN') return `the host name cannot be resolved (${code})`;
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return `no route to the host (${code})`;
  if (code === 'ABORT_ERR' || name === 'AbortError' || name === 'TimeoutError') return `no answer within ${(timeoutMs / 1000).toFixed(1)} s`;
  if (code === 'EPROTO') return 'it does not speak TLS: is the address http:// rather than https://?';
  if (code?.startsWith('HPE_')) return `it does not answer in HTTP (${code})`;
  return code === undefined ? message : `${message} (${code})`;
}
