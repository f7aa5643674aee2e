import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../config/errors.ts';
import type { TargetConfig } from '../config/target/target.ts';
import { expandVariables, type Lookup } from './environment.ts';
import { nobodyThere, probeHttp, probeTcp } from './probe.ts';

/** One condition of readiness. */
export interface ReadyCheck {
  /** What is waited for, for people: `http://127.0.0.1:8000/health`. */
  what: string;
  /** Null when it holds, else why not yet. Never throws; ends early when the signal aborts. */
  attempt(timeoutMs: number, signal: AbortSignal): Promise<string | null>;
}

/** Seconds until a service that we start must be ready, where the target says nothing. */
export const startTimeoutSeconds = 120;
/** The same for a target that already runs: it needs no time to start. */
export const runningTimeoutSeconds = 10;
/** The same where nothing listens at all. */
export const absentTimeoutSeconds = 1;

const firstDelayMs = 100;
const longestDelayMs = 500;
/** One attempt; a service that is busy loading may accept a connection and not answer. */
const attemptTimeoutMs = 5000;
const shortestAttemptMs = 250;
const reportEveryMs = 10_000;

export interface ReadyPlace {
  baseUrl: string;
  /** The port that `${PORT}` stands for in ready.url and ready.port; null for a target that already runs. */
  port: number | null;
  /** Sent to the origin of baseUrl and to no other. */
  headers: Readonly<Record<string, string>>;
  lookup: Lookup;
  /** Says whether a line of the output has matched yet. */
  logMatches: (pattern: RegExp) => (signal: AbortSignal) => Promise<boolean>;
}

/** The target's conditions; all of them must hold. Without any: base_url + /health, or an HTTP answer at all. */
export function readyChecks(target: TargetConfig, place: ReadyPlace): ReadyCheck[] {
  const { ready } = target;
  const checks: ReadyCheck[] = [];
  const expand = (text: string, key: string): string =>
    expandVariables(
      text,
      (name) => (name === 'PORT' && place.port !== null ? String(place.port) : place.lookup(name)),
      `target ${target.name}: ${key}`,
    );
  if (ready?.log !== undefined) checks.push(logCheck(ready.log, place));
  if (ready?.port !== undefined) checks.push(portCheck(target, expand(String(ready.port), 'ready.port'), place));
  if (ready?.url !== undefined) checks.push(urlCheck(target, expand(ready.url, 'ready.url'), place));
  return checks.length > 0 ? checks : [defaultCheck(place)];
}

function urlCheck(target: TargetConfig, text: string, place: ReadyPlace): ReadyCheck {
  const whole = /^https?:\/\//i.test(text) ? text : `${place.baseUrl}/${text.replace(/^\/+/, '')}`;
  if (!URL.canParse(whole))
    throw new UserError(`target ${target.name}: ready.url must be a path or an http:// address, found ${JSON.stringify(text)}.`);
  const url = new URL(whole);
  return {
    what: url.href,
    async attempt(timeoutMs, signal) {
      const answer = await probeHttp({ url, headers: place.headers, origin: new URL(place.baseUrl).origin, timeoutMs, signal });
      if (answer.status === null) return answer.why;
      if (answer.status >= 200 && answer.status < 300) return null;
      return `it answers ${answer.status}, and ready.url must answer 2xx${answer.status === 404 ? ' (is the path right?)' : ''}`;
    },
  };
}

function portCheck(target: TargetConfig, text: string, place: ReadyPlace): ReadyCheck {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new UserError(`target ${target.name}: ready.port must be a port from 1 to 65535, found ${JSON.stringify(text)}.`);
  }
  const host = new URL(place.baseUrl).hostname.replace(/^\[|\]$/g, '');
  return { what: `port ${port} of ${host}`, attempt: (timeoutMs, signal) => probeTcp(host, port, timeoutMs, signal) };
}

function logCheck(text: string, place: ReadyPlace): ReadyCheck {
  // The configuration has been checked to hold a regular expression.
  const matched = place.logMatches(new RegExp(text));
  return {
    what: `a log line that matches /${text}/`,
    attempt: async (_timeoutMs, signal) => ((await matched(signal)) ? null : 'no line of its log has matched yet'),
  };
}

// A service without /health is ready when it answers in HTTP at all. 502, 503 and 504 are the answers of a model that still loads, or of a gateway before it.
function defaultCheck(place: ReadyPlace): ReadyCheck {
  const origin = new URL(place.baseUrl).origin;
  return {
    what: place.baseUrl,
    async attempt(timeoutMs, signal) {
      const health = await probeHttp({ url: new URL(`${place.baseUrl}/health`), headers: place.headers, origin, timeoutMs, signal });
      if (health.status === null) return health.why;
      if (isNotYet(health.status)) return `/health answers ${health.status}: something listens there, but it is not ready to serve`;
      if (health.status < 500) return null;
      const base = await probeHttp({ url: new URL(place.baseUrl), headers: place.headers, origin, timeoutMs, signal });
      if (base.status === null) return base.why;
      return isNotYet(base.status) ? `it answers ${base.status}: something listens there, but it is not ready to serve` : null;
    },
  };
}

function isNotYet(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** The time ran out: `reasons` says of each condition that did not hold why not. */
export class NotReady extends Error {
  readonly reasons: readonly string[];
  readonly attempts: number;
  readonly waitedMs: number;
  constructor(reasons: readonly string[], attempts: number, waitedMs: number) {
    super(reasons.join('; '));
    this.reasons = reasons;
    this.attempts = attempts;
    this.waitedMs = waitedMs;
  }
}

/**
 * Tries the checks every 100 to 500 ms until each has held once. Rejects with NotReady after timeoutMs, or with the signal's reason when it aborts.
 * @param absentMs gives up after so long already where nothing listens
 * @param onProgress hears every 10 s what is still waited for.
 */
export async function waitUntilReady(
  checks: readonly ReadyCheck[],
  options: { timeoutMs: number; absentMs?: number | undefined; signal: AbortSignal; onProgress?: ((line: string) => void) | undefined },
): Promise<void> {
  const started = performance.now();
  let nextReport = reportEveryMs;
  let open = checks.map((check) => ({ check, why: 'not tried yet' as string | null }));
  let attempts = 0;
  for (let delay = firstDelayMs; ; delay = Math.min(delay * 1.25, longestDelayMs)) {
    options.signal.throwIfAborted();
    // Never so short that a hurried last attempt hides the reason that the earlier ones found.
    const remaining = Math.max(shortestAttemptMs, options.timeoutMs - (performance.now() - started));
    const limit = Math.min(attemptTimeoutMs, remaining);
    open = await Promise.all(open.map(async ({ check }) => ({ check, why: await check.attempt(limit, options.signal) })));
    options.signal.throwIfAborted();
    attempts++;
    open = open.filter(({ why }) => why !== null);
    if (open.length === 0) return;
    const elapsed = performance.now() - started;
    const absent = options.absentMs !== undefined && elapsed >= options.absentMs && open.every(({ why }) => why !== null && nobodyThere(why));
    if (elapsed >= options.timeoutMs || absent) {
      const reasons = open.map(({ check, why }) => `${check.what}: ${why}`);
      throw new NotReady(reasons, attempts, elapsed);
    }
    if (elapsed >= nextReport) {
      options.onProgress?.(
        `still waiting after ${Math.round(elapsed / 1000)} s for ${open.map(({ check, why }) => `${check.what} (${why})`).join(' and ')}`,
      );
      nextReport += reportEveryMs;
    }
    await sleep(Math.min(delay, Math.max(1, options.timeoutMs - elapsed)), undefined, { signal: options.signal }).catch(() => undefined);
  }
}
