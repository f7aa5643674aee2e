import * as z from 'zod';
import type { Executor } from '../executor.ts';
import { randomArrivals } from '../pacing/gaps.ts';
import { endless, isSized, maxInFlightField, sizeFields, someRateSchema } from '../pacing/options.ts';
import { aheadOf, milliseconds, openPacer } from '../pacing/pacers.ts';

const schema = z
  .strictObject({
    rate: someRateSchema.meta({ description: 'Requests per second on average, at random times from the seed' }),
    ...sizeFields,
    ...maxInFlightField,
  })
  .refine(isSized, { error: endless });

type Options = z.output<typeof schema>;

/** Independent arrivals at a mean rate, as of many users who know nothing of each other: exponential gaps from the seed. */
export const poisson: Executor<Options> = {
  name: 'poisson',
  schema,
  concurrency: (options) => options.max_in_flight,
  connectionsAhead: (options) => aheadOf(options.rate, options.max_in_flight),
  *phases(options, seed) {
    const pacer = openPacer(randomArrivals(options.rate, { kind: 'exponential' }, seed), options.max_in_flight);
    yield { label: {}, requests: options.requests ?? null, durationMs: milliseconds(options.duration), pacer };
  },
};
