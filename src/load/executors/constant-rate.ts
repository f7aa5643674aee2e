import * as z from 'zod';
import type { Executor } from '../executor.ts';
import { endless, isSized, maxInFlightField, sizeFields, someRateSchema } from '../pacing/options.ts';
import { aheadOf, milliseconds, openPacer } from '../pacing/pacers.ts';
import { steadyArrivals } from '../pacing/rate-curve.ts';

const schema = z
  .strictObject({
    rate: someRateSchema.meta({ description: 'Requests per second, sent at even distances whatever the answers do' }),
    ...sizeFields,
    ...maxInFlightField,
  })
  .refine(isSized, { error: endless });

type Options = z.output<typeof schema>;

/** Arrivals at even distances: the first at once, then one every 1/rate seconds. */
export const constantRate: Executor<Options> = {
  name: 'constant_rate',
  schema,
  concurrency: (options) => options.max_in_flight,
  connectionsAhead: (options) => aheadOf(options.rate, options.max_in_flight),
  *phases(options) {
    const pacer = openPacer(steadyArrivals(options.rate), options.max_in_flight);
    yield { label: {}, requests: options.requests ?? null, durationMs: milliseconds(options.duration), pacer };
  },
};
