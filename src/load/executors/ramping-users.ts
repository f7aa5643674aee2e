import * as z from 'zod';
import { durationSchema } from '../../config/duration.ts';
import type { Executor } from '../executor.ts';
import { endless, isSized, sizeFields, someUsersSchema, thinkTimeField, usersSchema } from '../pacing/options.ts';
import { closedPacer, milliseconds } from '../pacing/pacers.ts';
import { rampUsers, type UsersChange } from '../pacing/users-curve.ts';

const stageSchema = z.strictObject({
  users: usersSchema.meta({ description: 'Users at the end of the stage; the way there is even' }),
  duration: durationSchema.meta({ description: 'Length of the stage; 0 is a jump' }),
});

const schema = z
  .strictObject({
    users: someUsersSchema.optional().meta({ description: 'Users to ramp up to and hold' }),
    spawn_rate: z.number().positive().optional().meta({ description: 'Users that join per second; left out: all at once' }),
    stages: z.array(stageSchema).min(1).optional().meta({ description: 'Instead of users and spawn_rate: up, hold and down, one after the other' }),
    start_users: usersSchema.default(1).meta({ description: 'Users from the first moment on' }),
    ...sizeFields,
    ...thinkTimeField,
  })
  .superRefine((options, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (options.stages === undefined) {
      if (options.users === undefined) fault([], 'expected `users` (with `spawn_rate`) or `stages`, found neither');
      else if (options.start_users > options.users) fault(['start_users'], `expected at most ${options.users}, the users to ramp up to`);
      if (!isSized(options)) fault([], endless);
      return;
    }
    for (const key of ['users', 'spawn_rate', 'duration'] as const)
      if (options[key] !== undefined) fault([key], '`stages` say how many users there are and for how long; leave this out');
    if (options.stages.every((stage) => stage.duration === 0)) fault(['stages'], 'expected at least one stage with a duration');
    if (peak(options) === 0) fault(['stages'], 'expected at least one stage with users');
  });

type Options = z.output<typeof schema>;

/** Users who join at an even pace, hold, and leave again. */
export const rampingUsers: Executor<Options> = {
  name: 'ramping_users',
  schema,
  concurrency: peak,
  size: (options) => ({ requests: options.requests ?? null, durationMs: durationMs(options) }),
  *phases(options) {
    const pacer = closedPacer(changes(options), peak(options), options.think_time);
    yield { label: {}, requests: options.requests ?? null, durationMs: durationMs(options), pacer };
  },
};

function peak(options: Pick<Options, 'users' | 'stages' | 'start_users'>): number {
  return options.users ?? Math.max(options.start_users, ...(options.stages ?? []).map((stage) => stage.users));
}

function durationMs(options: Options): number | null {
  return milliseconds(options.stages?.reduce((sum, stage) => sum + stage.duration, 0) ?? options.duration);
}

function* changes(options: Options): Generator<UsersChange> {
  const { users, spawn_rate, start_users } = options;
  let now = users !== undefined && spawn_rate === undefined ? users : start_users;
  yield { atMs: 0, users: now };
  if (users !== undefined) {
    if (spawn_rate !== undefined) yield* rampUsers(0, ((users - now) * 1000) / spawn_rate, now, users);
    return;
  }
  let atMs = 0;
  for (const stage of options.stages ?? []) {
    yield* rampUsers(atMs, stage.duration * 1000, now, stage.users);
    atMs += stage.duration * 1000;
    now = stage.users;
  }
}
