import * as z from 'zod';
import { durationSchema, positiveDurationSchema } from '../../config/duration.ts';
import { nameSchema } from '../../config/text.ts';
import type { Executor } from '../executor.ts';
import { someUsersSchema } from '../pacing/options.ts';
import { milliseconds, steadyUsers } from '../pacing/pacers.ts';

const schema = z.strictObject({
  concurrency: someUsersSchema.default(1).meta({ description: 'Users, each holding one conversation at a time' }),
  duration: positiveDurationSchema
    .optional()
    .meta({ description: 'Begin the conversations anew until then; left out: each as often as its iterations say' }),
  iterations: z
    .record(nameSchema, z.int().min(0).max(10_000))
    .optional()
    .meta({ description: 'How often the conversations of a type are held, instead of what their file says' }),
  scripted: z.boolean().default(false).meta({ description: "Put the file's own answers into the context instead of the server's, where it has any" }),
  think_time: durationSchema.optional().meta({ description: 'Pause of a user between an answer and its next turn' }),
});

type Options = z.output<typeof schema>;

/** The conversations of a file: a user sends their turns in order, each with all that was said before it. */
export const conversation: Executor<Options> = {
  name: 'conversation',
  schema,
  concurrency: (options) => options.concurrency,
  size: (options) => ({ requests: null, durationMs: milliseconds(options.duration) }),
  *phases(options) {
    yield {
      label: {},
      requests: null,
      durationMs: milliseconds(options.duration),
      pacer: steadyUsers(options.concurrency, options.think_time),
    };
  },
};
