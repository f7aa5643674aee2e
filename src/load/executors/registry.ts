import type * as z from 'zod';
import type { Executor } from '../executor.ts';
import { closed } from './closed.ts';
import { constantRate } from './constant-rate.ts';
import { conversation } from './conversation.ts';
import { gamma } from './gamma.ts';
import { interactive } from './interactive.ts';
import { poisson } from './poisson.ts';
import { rampingRate } from './ramping-rate.ts';
import { rampingUsers } from './ramping-users.ts';
import { search } from './search.ts';
import { soak } from './soak.ts';
import { spike } from './spike.ts';
import { steps } from './steps.ts';
import { trace } from './trace.ts';

// The options of an entry are what its own schema gave, so the union can be called with them.
const all = [
  closed,
  constantRate,
  poisson,
  gamma,
  rampingUsers,
  rampingRate,
  steps,
  spike,
  soak,
  search,
  interactive,
  trace,
  conversation,
] as unknown as readonly Executor<unknown>[];

/** Every arrival pattern by its name. */
export const executors: ReadonlyMap<string, Executor<unknown>> = new Map(all.map((executor) => [executor.name, executor]));

/** Executor name -> schema of its options, for the configuration loader. */
export const executorSchemas: Record<string, z.ZodType> = Object.fromEntries(all.map((executor) => [executor.name, executor.schema]));
