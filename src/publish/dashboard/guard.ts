import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

/** What a request says of itself. */
export interface Asked {
  method: string;
  host: string | undefined;
  origin: string | undefined;
  /** Sec-Fetch-Site, which browsers set and pages cannot. */
  fetchSite: string | undefined;
  /** The header that only a script of the page itself can set: another site would have to ask first, and is not answered. */
  ownHeader: string | undefined;
  cookie: string | undefined;
  authorization: string | undefined;
}

export const ownHeader = 'x-llm-bench';
export const cookieName = 'llm_bench_token';

/** How the server is reached. */
export interface Door {
  /** Null: only this machine can reach it, and needs none. */
  token: string | null;
  /** Names that it is called by, beside loopback names and plain addresses. */
  names: readonly string[];
}

/** Why a request is turned away; null where it is not. Pure. */
export function refusal(asked: Asked, { token, names }: Door): { status: 401 | 403 | 421; reason: string } | null {
  if (!isKnownHost(asked.host, names)) return { status: 421, reason: 'this address is not one that the dashboard is reached by' };
  if (token !== null && !holdsToken(asked, token)) return { status: 401, reason: 'open the address with its token, as it was printed' };
  if (asked.method === 'GET' || asked.method === 'HEAD') return null;
  if (asked.ownHeader !== '1') return { status: 403, reason: `expected the header ${ownHeader}: 1` };
  if (asked.origin !== undefined && originHost(asked.origin) !== asked.host) return { status: 403, reason: 'the request comes from another site' };
  if (asked.fetchSite !== undefined && asked.fetchSite !== 'same-origin' && asked.fetchSite !== 'none')
    return { status: 403, reason: 'the request comes from another site' };
  return null;
}

/** A name that was bound anew to this machine's address is none of ours; a plain address cannot be. */
function isKnownHost(host: string | undefined, names: readonly string[]): boolean {
  if (host === undefined) return false;
  const name = /^(\[[^\]]+\]|[^:]+)(?::\d{1,5})?$/.exec(host)?.[1]?.toLowerCase();
  if (name === undefined) return false;
  return name === 'localhost' || isIP(name.replace(/^\[|\]$/g, '')) !== 0 || names.some((one) => one.toLowerCase() === name);
}

/** As a cookie, or as `Authorization: Bearer`. */
function holdsToken({ cookie, authorization }: Asked, token: string): boolean {
  const bearer = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
  const cookies = (cookie ?? '').split(';').map((part) => part.trim());
  const given = bearer ?? cookies.find((part) => part.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1);
  return given !== undefined && sameToken(given, token);
}

/** Takes as long for a near miss as for a far one. */
export function sameToken(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** Whether only this machine itself can reach what is bound there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
