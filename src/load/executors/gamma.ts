import * as z from 'zod';
import type { Executor } from '../executor.ts';
import { randomArrivals } from '../pacing/gaps.ts';
import { endless, isSized, maxInFlightField, sizeFields, someRateSchema } from '../pacing/options.ts';
import { aheadOf, milliseconds, openPacer } from '../pacing/pacers.ts';

const schema = z
  .strictObject({
    rate: someRateSchema.meta({ description: 'Requests per second on average, at random times from the seed' }),
    shape: z
      .number()
      .min(0.01)
      .max(10_000)
      .default(1)
      .meta({ description: 'Shape of the gaps between arrivals: 1 is Poisson, below 1 comes in bursts, above 1 more evenly' }),
    ...sizeFields,
    ...maxInFlightField,
  })
  .refine(isSized, { error: endless });

type Options = z.output<typeof schema>;

/** Arrivals at a mean rate with chosen burstiness: gamma-distributed gaps from the seed. */
export const gamma: Executor<Options> = {
  name: 'gamma',
  schema,
  concurrency: (options) => options.max_in_flight,
  connectionsAhead: (options) => aheadOf(options.rate, options.max_in_flight),
  *phases(options, seed) {
    const pacer = openPacer(randomArrivals(options.rate, { kind: 'gamma', shape: options.shape }, seed), options.max_in_flight);
    yield { label: {}, requests: options.requests ?? null, durationMs: milliseconds(options.duration), pacer };
  },
};
