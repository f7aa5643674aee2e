// The global of this name is looked up by a getter at every use, which the hot path would pay for each token: hence the import, there as here.
import { performance } from 'node:perf_hooks';

/**
 * The clock that all threads of this machine share: the system's monotonic one, ms. `performance.now()` of a thread counts from that thread's start, and
 * `performance.timeOrigin` is the wall clock's word for it: where that is set between the starts of two threads, they would disagree by as much.
 */
export function sharedMs(): number {
  return sharedOriginMs + performance.now();
}

/** From this thread's `performance.now()` to the shared clock. Two reads lie a moment apart, the closest pair is nearest to the truth. */
export const sharedOriginMs: number = Math.max(...Array.from({ length: 20 }, () => Number(process.hrtime.bigint()) / 1e6 - performance.now()));
