import * as z from 'zod';
import { durationSchema, positiveDurationSchema } from '../../config/duration.ts';

/** More users or requests in flight than any machine could hold: a slip of the pen. */
const mostUsers = 100_000;
const mostPerSecond = 1_000_000;

export const usersSchema = z.int().min(0).max(mostUsers);
export const someUsersSchema = z.int().positive().max(mostUsers);
export const rateSchema = z.number().min(0).max(mostPerSecond);
export const someRateSchema = z.number().positive().max(mostPerSecond);

/** When a load ends; one of them must be given. */
export const sizeFields = {
  requests: z.int().positive().optional().meta({ description: 'Stop after this many requests' }),
  duration: positiveDurationSchema.optional().meta({ description: 'Stop sending after this long; what is in flight is waited for' }),
};

/** What is said where it is not. */
export const endless = 'expected `requests`, `duration` or both: without either the load would never end';

/** Whether a load is told when to end. */
export function isSized(options: { requests?: number | undefined; duration?: number | undefined }): boolean {
  return options.requests !== undefined || options.duration !== undefined;
}

/** For loads of users. */
export const thinkTimeField = {
  think_time: durationSchema.optional().meta({ description: 'Pause of a user between an answer and its next request' }),
};

/** For loads by a schedule. */
export const maxInFlightField = {
  max_in_flight: z
    .int()
    .positive()
    .max(mostUsers)
    .default(10_000)
    .meta({ description: 'Arrivals beyond this many requests in flight are dropped and counted' }),
};

export const unitField = {
  unit: z
    .enum(['users', 'rate'])
    .default('users')
    .meta({ description: 'What the load counts: users who wait for their answers, or arrivals per second' }),
};

/** Whole users cannot be halved. */
export function expectWholeUsers(
  context: z.RefinementCtx,
  unit: 'users' | 'rate',
  values: readonly { path: (string | number)[]; value: number }[],
): void {
  if (unit === 'rate') return;
  for (const { path, value } of values) {
    if (!Number.isInteger(value))
      context.addIssue({ code: 'custom', path, message: `expected a whole number of users, found ${value}; or set unit: rate` });
  }
}
