import * as z from 'zod';
import type { Executor } from '../executor.ts';
import { levelPhase } from '../pacing/level.ts';
import { expectWholeUsers, maxInFlightField, sizeFields, someRateSchema, thinkTimeField, unitField } from '../pacing/options.ts';
import { aheadOf } from '../pacing/pacers.ts';

const schema = z
  .strictObject({
    levels: z.array(someRateSchema).min(1).meta({ description: 'Loads to hold one after the other, such as [1, 5, 10, 20, 50]' }),
    ...unitField,
    requests: sizeFields.requests.meta({ description: 'Requests of each level' }),
    duration: sizeFields.duration.meta({ description: 'Length of each level' }),
    total_requests: sizeFields.requests.meta({ description: 'Instead of requests: of all levels together, shared evenly' }),
    spawn_rate: z.number().positive().optional().meta({ description: 'Users that join per second at each step; left out: all at once' }),
    ...thinkTimeField,
    ...maxInFlightField,
  })
  .superRefine((options, context) => {
    const fault = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    options.levels.forEach((level, index) => {
      if (options.levels.indexOf(level) < index)
        fault(['levels', index], `level ${level} is there twice: the results of the two could not be told apart; keep one`);
    });
    expectWholeUsers(
      context,
      options.unit,
      options.levels.map((value, index) => ({ path: ['levels', index], value })),
    );
    if (options.requests === undefined && options.duration === undefined && options.total_requests === undefined)
      fault([], 'expected `requests` or `duration` of each level, or `total_requests` of all: without one the first level would never end');
    if (options.requests !== undefined && options.total_requests !== undefined)
      fault(['total_requests'], 'expected either `requests` (of each level) or `total_requests` (of all), found both');
    if (options.total_requests !== undefined && options.total_requests < options.levels.length)
      fault(['total_requests'], `expected at least ${options.levels.length}, one for each level, found ${options.total_requests}`);
    if (options.unit === 'rate' && options.spawn_rate !== undefined) fault(['spawn_rate'], 'is for users; the levels here are rates');
    if (options.unit === 'rate' && options.think_time !== undefined) fault(['think_time'], 'is for users; the levels here are rates');
  });

type Options = z.output<typeof schema>;

/** One load after the other, each a series of its own. */
export const steps: Executor<Options> = {
  name: 'steps',
  schema,
  concurrency: (options) => (options.unit === 'users' ? Math.max(...options.levels) : options.max_in_flight),
  connectionsAhead: (options) =>
    options.unit === 'users' ? Math.max(...options.levels) : aheadOf(Math.max(...options.levels), options.max_in_flight),
  size: ({ levels, requests, duration, total_requests }) => ({
    requests: total_requests ?? (requests === undefined ? null : requests * levels.length),
    durationMs: duration === undefined ? null : duration * 1000 * levels.length,
  }),
  *phases(options) {
    let before = 0;
    for (const [index, load] of options.levels.entries()) {
      yield levelPhase(load, { ...options, requests: requestsOf(options, index), usersBefore: before });
      before = load;
    }
  },
};

/** What does not divide evenly goes to the first levels. */
function requestsOf(options: Options, index: number): number | undefined {
  const { total_requests, levels } = options;
  if (total_requests === undefined) return options.requests;
  return Math.floor(total_requests / levels.length) + (index < total_requests % levels.length ? 1 : 0);
}
