import * as z from 'zod';
import { positiveDurationSchema } from '../../config/duration.ts';
import type { Executor, Phase, PhaseOutcome } from '../executor.ts';
import { figuresOf } from '../levels.ts';
import { levelPhase } from '../pacing/level.ts';
import { endless, expectWholeUsers, isSized, maxInFlightField, sizeFields, someRateSchema, thinkTimeField, unitField } from '../pacing/options.ts';
import { aheadOf } from '../pacing/pacers.ts';
import { breachOf } from '../search-rules.ts';

const sloSchema = z.strictObject({
  ttft: positiveDurationSchema.optional(),
  tpot: positiveDurationSchema.optional(),
  latency: positiveDurationSchema.optional(),
});

const schema = z
  .strictObject({
    ...unitField,
    start: someRateSchema.default(1).meta({ description: 'First load' }),
    step: someRateSchema.optional().meta({ description: 'Add this at each step' }),
    factor: z.number().gt(1).max(100).optional().meta({ description: 'Multiply by this at each step; 2 where neither is given' }),
    max: someRateSchema.meta({ description: 'Highest load to try' }),
    tolerance: z
      .number()
      .min(0.1)
      .max(100)
      .default(5)
      .meta({ description: 'Percent: how close the load that held and the load that broke come together' }),
    requests: sizeFields.requests.meta({ description: 'Requests of each level; two for each user at least are sent' }),
    duration: sizeFields.duration.meta({ description: 'Length of each level' }),
    max_error_rate: z.number().min(0).max(100).default(1).meta({ description: 'Percent; dropped arrivals count as failed' }),
    max_p95_latency: positiveDurationSchema.optional(),
    min_goodput: z.number().positive().max(100).optional().meta({ description: 'Percent of the requests that must keep within the slo' }),
    slo: sloSchema.optional().meta({ description: 'What a request must keep within to count as good' }),
    ...thinkTimeField,
    ...maxInFlightField,
  })
  .superRefine((options, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (options.step !== undefined && options.factor !== undefined) fault(['factor'], 'expected either step or factor, found both');
    if (options.max < options.start) fault(['max'], `expected at least the start ${options.start}, found ${options.max}`);
    expectWholeUsers(
      context,
      options.unit,
      (['start', 'step', 'max'] as const).flatMap((key) => (options[key] === undefined ? [] : [{ path: [key], value: options[key] }])),
    );
    if (!isSized(options)) fault([], endless);
    const limits = Object.values(options.slo ?? {}).filter((limit) => limit !== undefined);
    if (options.min_goodput !== undefined && limits.length === 0)
      fault(['min_goodput'], 'expected an slo beside it: {ttft, tpot, latency}, one at least');
    if (options.unit === 'rate' && options.think_time !== undefined) fault(['think_time'], 'is for users; the load here is a rate');
  });

export type SearchOptions = z.output<typeof schema>;

/** Below this part of the start a load that still breaks is no longer halved: the service does not hold anything near what was asked. */
const giveUpAt = 1 / 64;

/** Steps up until a rule breaks, then halves the distance between the load that held and the one that broke. */
export const search: Executor<SearchOptions> = {
  name: 'search',
  schema,
  continuesAfterStop: true,
  concurrency: (options) => (options.unit === 'users' ? options.max : options.max_in_flight),
  connectionsAhead: (options) => (options.unit === 'users' ? options.start : aheadOf(options.start, options.max_in_flight)),
  // How many levels it takes is what the search finds out.
  size: () => ({ requests: null, durationMs: null }),
  slo: ({ slo }) => (slo === undefined ? null : { ttftMs: inMs(slo.ttft), tpotMs: inMs(slo.tpot), latencyMs: inMs(slo.latency) }),
  *phases(options) {
    let held = 0;
    let broken: number | null = null;
    for (let load = options.start; ; load = next(load, options)) {
      if (breachOf(figuresOf(yield* level(load, options)), options) !== null) {
        broken = load;
        break;
      }
      held = load;
      if (load >= options.max) return;
    }
    for (;;) {
      const load = between(held, broken, options);
      if (load === null) return;
      if (breachOf(figuresOf(yield* level(load, options)), options) === null) held = load;
      else broken = load;
    }
  },
};

const inMs = (seconds: number | undefined) => (seconds === undefined ? null : seconds * 1000);

/** A level that has fewer requests than users would not be the load that it is named after. */
function* level(load: number, options: SearchOptions): Generator<Phase, PhaseOutcome, PhaseOutcome> {
  const atLeast = options.unit === 'users' ? 2 * load : 1;
  return yield levelPhase(load, { ...options, requests: options.requests === undefined ? undefined : Math.max(options.requests, atLeast) });
}

function next(load: number, { unit, step, factor, max }: SearchOptions): number {
  const wanted = step === undefined ? load * (factor ?? 2) : load + step;
  return Math.min(max, unit === 'users' ? Math.max(load + 1, Math.round(wanted)) : rounded(wanted));
}

/** The load in the middle; null when the two are close enough. */
function between(held: number, broken: number, { unit, tolerance, start }: SearchOptions): number | null {
  const closeEnough = (tolerance / 100) * broken;
  if (broken - held <= (unit === 'users' ? Math.max(1, closeEnough) : closeEnough)) return null;
  if (held === 0 && broken <= start * giveUpAt) return null;
  const middle = (held + broken) / 2;
  return unit === 'users' ? Math.floor(middle) : rounded(middle);
}

/** A rate that a person can read; five digits are finer than the finest tolerance. */
function rounded(rate: number): number {
  return Number(rate.toPrecision(5));
}
