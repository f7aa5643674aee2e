import * as z from 'zod';
import { durationSchema, positiveDurationSchema } from '../../config/duration.ts';
import type { Executor } from '../executor.ts';
import { maxInFlightField, sizeFields } from '../pacing/options.ts';
import { milliseconds, openPacer } from '../pacing/pacers.ts';

const schema = z.strictObject({
  file: z.string().min(1).meta({ description: 'Mooncake JSONL or Azure LLM inference CSV' }),
  speed: z.number().positive().max(1_000_000).default(1).meta({ description: 'Replay this many times as fast' }),
  window: z
    .strictObject({ from: durationSchema.default(0), duration: positiveDurationSchema.optional() })
    .optional()
    .meta({ description: "Replay only this part, in the trace's own time" }),
  max_requests: z.int().positive().optional().meta({ description: 'Replay only the first of them' }),
  duration: sizeFields.duration,
  ...maxInFlightField,
});

type Options = z.output<typeof schema>;

/** Connections to open before the first request; the trace opens more as it needs them. */
const ahead = 16;

/** The arrivals of a recorded trace, which is read and cut by its options before the run. */
export const trace: Executor<Options> = {
  name: 'trace',
  schema,
  concurrency: (options) => options.max_in_flight,
  connectionsAhead: (options) => Math.min(ahead, options.max_in_flight),
  size: ({ max_requests, duration }) => ({ requests: max_requests ?? null, durationMs: milliseconds(duration) }),
  *phases(options, _seed, rows) {
    if (rows.length === 0) throw new Error('a trace is replayed without its rows');
    const pacer = openPacer(rows.map((row) => row.atMs).values(), options.max_in_flight);
    yield { label: {}, requests: rows.length, durationMs: milliseconds(options.duration), pacer };
  },
};
