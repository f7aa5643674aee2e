import * as z from 'zod';
import type { Executor } from '../executor.ts';
import { endless, isSized, maxInFlightField, sizeFields, someRateSchema, someUsersSchema, thinkTimeField } from '../pacing/options.ts';
import { aheadOf, milliseconds, openPacer, steadyUsers } from '../pacing/pacers.ts';
import { steadyArrivals } from '../pacing/rate-curve.ts';

const schema = z
  .strictObject({
    users: someUsersSchema.optional().meta({ description: 'Users, each waiting for its answer before its next request' }),
    rate: someRateSchema.optional().meta({ description: 'Instead of users: requests per second at even distances' }),
    ...sizeFields,
    ...thinkTimeField,
    ...maxInFlightField,
  })
  .superRefine((options, context) => {
    if (!isSized(options)) context.addIssue({ code: 'custom', path: [], message: endless });
    if ((options.users === undefined) === (options.rate === undefined))
      context.addIssue({
        code: 'custom',
        path: options.users === undefined ? [] : ['rate'],
        message: `expected either users or rate, found ${options.users === undefined ? 'neither' : 'both'}`,
      });
    if (options.rate !== undefined && options.think_time !== undefined)
      context.addIssue({ code: 'custom', path: ['think_time'], message: 'is for users; the load here is a rate' });
  });

type Options = z.output<typeof schema>;

/** A constant load for a long time; the result sets its first, middle and last third side by side. */
export const soak: Executor<Options> = {
  name: 'soak',
  schema,
  concurrency: (options) => options.users ?? options.max_in_flight,
  connectionsAhead: (options) => options.users ?? aheadOf(options.rate ?? 1, options.max_in_flight),
  *phases(options) {
    const pacer =
      options.rate === undefined
        ? steadyUsers(options.users ?? 1, options.think_time)
        : openPacer(steadyArrivals(options.rate), options.max_in_flight);
    yield { label: {}, requests: options.requests ?? null, durationMs: milliseconds(options.duration), pacer };
  },
};
