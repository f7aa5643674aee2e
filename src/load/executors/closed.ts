import * as z from 'zod';
import type { Executor } from '../executor.ts';
import { endless, isSized, sizeFields, someUsersSchema, thinkTimeField } from '../pacing/options.ts';
import { milliseconds, steadyUsers } from '../pacing/pacers.ts';

const schema = z
  .strictObject({
    ...sizeFields,
    concurrency: someUsersSchema.default(1).meta({ description: 'Users, each waiting for its answer before its next request' }),
    ...thinkTimeField,
  })
  .refine(isSized, { error: endless });

type Options = z.output<typeof schema>;

/** Constant concurrency, for a number of requests, a duration, or whichever ends first. */
export const closed: Executor<Options> = {
  name: 'closed',
  schema,
  concurrency: (options) => options.concurrency,
  *phases(options) {
    yield {
      label: {},
      requests: options.requests ?? null,
      durationMs: milliseconds(options.duration),
      pacer: steadyUsers(options.concurrency, options.think_time),
    };
  },
};
