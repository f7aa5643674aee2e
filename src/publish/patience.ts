import { isPassing, statusOf } from '../github/failure.ts';

/** Waits for a number of milliseconds. */
export type Wait = (milliseconds: number) => Promise<void>;

const mostAttempts = 3;
/** Longest wait for one attempt, in seconds: longer ones would cost more runner time than a comment is worth. */
const longestWaitSeconds = 60;

/**
 * Calls the API up to three times: again after a secondary rate limit, as long as the answer asks for (a minute where it does not say, at most a minute),
 * and, where a call may be repeated without harm, after an answer that failed in passing. A limit that lasts longer is given up at once.
 * @param repeatable false for a call that would create something twice
 * @throws what the last attempt threw
 */
export async function patiently<T>(call: () => Promise<T>, options: { wait: Wait; repeatable: boolean }): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const seconds = rateLimitSeconds(error) ?? (options.repeatable && isPassing(error) ? attempt : null);
      if (seconds === null || seconds > longestWaitSeconds || attempt === mostAttempts) throw error;
      await options.wait(seconds * 1000);
    }
  }
}

/** Seconds that a rate-limited answer asks to wait, null for any other error. Retry-After may be seconds or a date; a date counts as a minute. */
function rateLimitSeconds(error: unknown): number | null {
  const status = statusOf(error);
  if (status !== 403 && status !== 429) return null;
  const { response, message } = error as { response?: { headers?: Record<string, unknown> }; message?: string };
  const asked = response?.headers?.['retry-after'];
  if (asked !== undefined) return /^\d{1,9}$/.test(String(asked)) ? Number(asked) : longestWaitSeconds;
  return status === 429 || /secondary rate limit|abuse detection/i.test(message ?? '') ? longestWaitSeconds : null;
}
