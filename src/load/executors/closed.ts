import * as z from 'zod';
import { durationSchema } from '../../config/duration.ts';
import type { Executor } from '../executor.ts';

const schema = z
  .strictObject({
    requests: z.int().positive().optional().meta({ description: 'Stop after this many requests' }),
    duration: durationSchema
      .pipe(z.number().positive())
      .optional()
      .meta({ description: 'Stop sending after this long; what is in flight is waited for' }),
    concurrency: z.int().positive().max(100_000).default(1).meta({ description: 'Users, each waiting for its answer before its next request' }),
    think_time: durationSchema.optional().meta({ description: 'Pause of a user between an answer and its next request' }),
  })
  .refine((options) => options.requests !== undefined || options.duration !== undefined, {
    error: 'expected `requests`, `duration` or both: without either the load would never end',
  });

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
      durationMs: options.duration === undefined ? null : options.duration * 1000,
      pacer: {
        kind: 'closed',
        usersAt: () => options.concurrency,
        nextChangeMs: () => null,
        maxUsers: options.concurrency,
        thinkMs: (options.think_time ?? 0) * 1000,
      },
    };
  },
};
