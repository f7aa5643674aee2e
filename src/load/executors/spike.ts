import * as z from 'zod';
import { positiveDurationSchema } from '../../config/duration.ts';
import type { Executor } from '../executor.ts';
import {
  endless,
  expectWholeUsers,
  isSized,
  maxInFlightField,
  rateSchema,
  sizeFields,
  someRateSchema,
  thinkTimeField,
  unitField,
} from '../pacing/options.ts';
import { aheadOf, closedPacer, milliseconds, openPacer } from '../pacing/pacers.ts';
import { arrivalsOf, type RateSegment } from '../pacing/rate-curve.ts';
import type { UsersChange } from '../pacing/users-curve.ts';

const schema = z
  .strictObject({
    ...unitField,
    base: rateSchema.meta({ description: 'Load between the bursts' }),
    height: someRateSchema.meta({ description: 'Load during a burst' }),
    width: positiveDurationSchema.meta({ description: 'Length of a burst' }),
    period: positiveDurationSchema.meta({ description: 'From one burst to the next; the burst lies in the middle of its period' }),
    ...sizeFields,
    ...thinkTimeField,
    ...maxInFlightField,
  })
  .superRefine((options, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (options.height <= options.base) fault(['height'], `expected more than the base load ${options.base}, found ${options.height}`);
    if (options.width >= options.period)
      fault(['width'], `expected less than the period of ${options.period} s, found ${options.width} s: there would be no time between the bursts`);
    expectWholeUsers(context, options.unit, [
      { path: ['base'], value: options.base },
      { path: ['height'], value: options.height },
    ]);
    if (!isSized(options)) fault([], endless);
    if (options.unit === 'rate' && options.think_time !== undefined) fault(['think_time'], 'is for users; the load here is a rate');
  });

type Options = z.output<typeof schema>;

/** A base load with bursts at even distances. One series: what a burst does to the answers is read off the timeline. */
export const spike: Executor<Options> = {
  name: 'spike',
  schema,
  concurrency: (options) => (options.unit === 'users' ? options.height : options.max_in_flight),
  connectionsAhead: (options) => (options.unit === 'users' ? options.height : aheadOf(options.height, options.max_in_flight)),
  *phases(options) {
    const pacer =
      options.unit === 'users'
        ? closedPacer(changes(options), options.height, options.think_time)
        : openPacer(arrivalsOf(segments(options)), options.max_in_flight);
    yield { label: {}, requests: options.requests ?? null, durationMs: milliseconds(options.duration), pacer };
  },
};

function* changes({ base, height, width, period }: Options): Generator<UsersChange> {
  yield { atMs: 0, users: base };
  for (let burst = 0; ; burst++) {
    const middleMs = (burst + 0.5) * period * 1000;
    yield { atMs: middleMs - width * 500, users: height };
    yield { atMs: middleMs + width * 500, users: base };
  }
}

function* segments({ base, height, width, period }: Options): Generator<RateSegment> {
  const calm = { durationMs: (period - width) * 500, from: base, to: base };
  for (;;) {
    yield calm;
    yield { durationMs: width * 1000, from: height, to: height };
    yield calm;
  }
}
