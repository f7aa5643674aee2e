import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../config/errors.ts';
import { sharedMs } from './shared-clock.ts';

/** Before an agreed start: long enough to look after the connections once more. */
const lastLookMs = 1000;

/**
 * Waits for a start that several machines agreed on, up to the moment for a last look at the connections.
 * @returns whether there is time for that look
 * @throws UserError (2) when the start has passed: the other machines have begun
 */
export async function waitForStart(startAtEpochMs: number, signal: AbortSignal): Promise<boolean> {
  const leftMs = startAtEpochMs - Date.now();
  if (leftMs < 0) {
    throw new UserError(`the start that was agreed on (--start-at) passed ${(-leftMs / 1000).toFixed(1)} s before this machine was ready`, {
      hint: 'Give a later time: the service has to be up and warm by then.',
    });
  }
  if (leftMs < 2 * lastLookMs) return false;
  await sleep(leftMs - lastLookMs, undefined, { signal }).catch(() => {});
  return true;
}

/**
 * An agreed start on the clock that all threads share, which a change of the system's clock does not move. Of several looks at both clocks the closest pair
 * counts: where this thread was held up between the two, the start would be that late.
 */
export function onSharedClock(startAtEpochMs: number | null): number | null {
  if (startAtEpochMs === null) return null;
  return startAtEpochMs - Math.max(...Array.from({ length: 20 }, () => Date.now() - sharedMs()));
}
