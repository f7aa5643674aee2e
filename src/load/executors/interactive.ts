import * as z from 'zod';
import { positiveDurationSchema } from '../../config/duration.ts';
import type { Executor } from '../executor.ts';
import { someUsersSchema, thinkTimeField, usersSchema } from '../pacing/options.ts';
import { steadyUsers } from '../pacing/pacers.ts';

/** Far longer than anybody sits before a dashboard, and still a time that a timer can hold. */
const longest = 20 * 24 * 3600;

const schema = z
  .strictObject({
    users: usersSchema.default(1).meta({ description: 'Users until another number is set' }),
    max_users: someUsersSchema.default(1000).meta({ description: 'The most users that may be set while it runs' }),
    duration: positiveDurationSchema
      .pipe(z.number().max(longest))
      .default(longest)
      .meta({ description: 'Stop sending after this long; left out: until it is stopped' }),
    ...thinkTimeField,
  })
  .refine(({ users, max_users }) => users <= max_users, { path: ['users'], error: 'expected at most max_users' });

type Options = z.output<typeof schema>;

/** Users whose number is set while the load runs, and a load that goes on until it is stopped. */
export const interactive: Executor<Options> = {
  name: 'interactive',
  schema,
  concurrency: ({ max_users }) => max_users,
  connectionsAhead: ({ users }) => users,
  *phases({ users, max_users, duration, think_time }) {
    yield {
      label: {},
      requests: null,
      durationMs: duration * 1000,
      pacer: { ...steadyUsers(users, think_time), maxUsers: max_users, adjustable: true },
    };
  },
};
