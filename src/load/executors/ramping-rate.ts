import * as z from 'zod';
import { positiveDurationSchema } from '../../config/duration.ts';
import type { Executor } from '../executor.ts';
import { maxInFlightField, rateSchema } from '../pacing/options.ts';
import { aheadOf, openPacer } from '../pacing/pacers.ts';
import { arrivalsOf, type RateSegment } from '../pacing/rate-curve.ts';

const stageSchema = z.strictObject({
  rate: rateSchema.meta({ description: 'Requests per second at the end of the stage; the way there is even' }),
  duration: positiveDurationSchema,
});

const schema = z
  .strictObject({
    start_rate: rateSchema.default(0).meta({ description: 'Requests per second at the start of the first stage' }),
    stages: z.array(stageSchema).min(1).meta({ description: 'Up, hold and down, one after the other' }),
    requests: z.int().positive().optional().meta({ description: 'Stop after this many requests, also within a stage' }),
    ...maxInFlightField,
  })
  .refine((options) => peak(options) > 0, { path: ['stages'], error: 'expected at least one stage with a rate above 0' });

type Options = z.output<typeof schema>;

/** Arrivals at a rate that changes evenly from stage to stage. */
export const rampingRate: Executor<Options> = {
  name: 'ramping_rate',
  schema,
  concurrency: (options) => options.max_in_flight,
  connectionsAhead: (options) => aheadOf(peak(options), options.max_in_flight),
  size: (options) => ({ requests: options.requests ?? null, durationMs: durationMs(options) }),
  *phases(options) {
    yield {
      label: {},
      requests: options.requests ?? null,
      durationMs: durationMs(options),
      pacer: openPacer(arrivalsOf(segments(options)), options.max_in_flight),
    };
  },
};

function peak(options: { start_rate: number; stages: readonly { rate: number }[] }): number {
  return Math.max(options.start_rate, ...options.stages.map((stage) => stage.rate));
}

function durationMs(options: Options): number {
  return options.stages.reduce((sum, stage) => sum + stage.duration, 0) * 1000;
}

function* segments(options: Options): Generator<RateSegment> {
  let from = options.start_rate;
  for (const { rate, duration } of options.stages) {
    yield { durationMs: duration * 1000, from, to: rate };
    from = rate;
  }
}
