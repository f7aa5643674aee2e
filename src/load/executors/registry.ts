import type * as z from 'zod';
import type { Executor } from '../executor.ts';
import { closed } from './closed.ts';

// The options of an entry are what its own schema gave, so the union can be called with them.
const all = [closed] as unknown as readonly Executor<unknown>[];

export const executors: ReadonlyMap<string, Executor<unknown>> = new Map(all.map((executor) => [executor.name, executor]));

/** Executor name -> schema of its options, for the configuration loader. */
export const executorSchemas: Record<string, z.ZodType> = Object.fromEntries(all.map((executor) => [executor.name, executor.schema]));
