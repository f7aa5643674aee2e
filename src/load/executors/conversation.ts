import * as z from 'zod';
import { durationSchema } from '../../config/duration.ts';
import { nameSchema } from '../../config/text.ts';
import type { Executor } from '../executor.ts';

const schema = z.strictObject({
  concurrency: z.int().positive().max(100_000).default(1).meta({ description: 'Users, each holding one conversation at a time' }),
  duration: durationSchema
    .pipe(z.number().positive())
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
  size: (options) => ({ requests: null, durationMs: options.duration === undefined ? null : options.duration * 1000 }),
  *phases(options) {
    yield {
      label: {},
      requests: null,
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
