import * as z from 'zod';
import { positiveDurationSchema } from './duration.ts';

/** What is watched beside the load. Seconds where it is a time. */
export const observeSchema = z.strictObject({
  interval: positiveDurationSchema.optional().meta({ description: 'Time between two samples of processes and machine; default 100ms' }),
  resources: z.boolean().optional().meta({ description: 'Whether processes and machine are watched; default true' }),
});

/** `observe` with every default filled in. */
export interface ObserveConfig {
  /** Seconds. */
  interval: number;
  resources: boolean;
}

export const observeDefaults: ObserveConfig = { interval: 0.1, resources: true };
