import type { ErrorKind } from '../protocol/error-kind.ts';
import type { Answer } from '../protocol/protocol.ts';

/** Whether and when a failed request is sent again. */
export interface RetryPolicy {
  maxAttempts: number;
  baseMs: number;
}

/** What the retry preset stands for: ten attempts, two seconds before the second. */
export const retryPreset: RetryPolicy = { maxAttempts: 10, baseMs: 2000 };

const longestDelayMs = 60_000;
/** A server that asks for more patience (a daily quota is used up, say) is not waited for: the run would hang on it. */
const longestRetryAfterMs = 300_000;

/** The request itself was refused or its answer is beyond mending, or we gave it up: the same again would end the same. */
const final: ReadonlySet<ErrorKind> = new Set(['http_4xx', 'malformed', 'too_large', 'tls', 'cancelled']);

/**
 * How long to wait before the next attempt: the base doubled for each attempt made, of which a random half is taken off so that clients do not return together;
 * never less than the server's Retry-After. Null: do not try again, also where that is longer than five minutes. Pure.
 * @param random a number in [0, 1)
 */
export function retryDelayMs(
  policy: RetryPolicy | null,
  attempts: number,
  error: ErrorKind,
  retryAfterMs: number | null,
  random: number,
): number | null {
  if (policy === null || attempts >= policy.maxAttempts || final.has(error) || (retryAfterMs ?? 0) > longestRetryAfterMs) return null;
  const backoffMs = Math.min(longestDelayMs, policy.baseMs * 2 ** (attempts - 1)) * (0.5 + random / 2);
  return Math.max(backoffMs, retryAfterMs ?? 0);
}

/** What an attempt came to, and when it ended (performance.now()). */
export interface Failed {
  answer: Answer;
  endedMs: number;
}

/** The time between an attempt of a request that failed and its next one. */
export class RetryPause {
  private timer: NodeJS.Timeout | null = null;
  private failed: Failed | null = null;

  get waiting(): boolean {
    return this.timer !== null;
  }

  /** @param next makes the next attempt, once the pause is over */
  begin(failed: Failed, delayMs: number, next: () => void): void {
    this.failed = failed;
    this.timer = setTimeout(() => {
      this.leave();
      next();
    }, delayMs);
  }

  /** @returns what the last attempt came to; null where no other was waited for */
  leave(): Failed | null {
    const { timer, failed } = this;
    if (timer !== null) clearTimeout(timer);
    this.timer = null;
    this.failed = null;
    return failed;
  }
}
