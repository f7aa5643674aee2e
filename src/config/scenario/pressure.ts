import * as z from 'zod';

/** Work beside the service that takes its resources: how much of each. */
export const pressureSchema = z
  .strictObject({
    cpu: z.int().min(1).max(256).optional().meta({ description: 'Threads that compute without a pause' }),
    memory_percent: z
      .number()
      .positive()
      .max(90)
      .optional()
      .meta({ description: 'Share of the memory that is available at the start, taken and touched again and again' }),
    io: z.int().min(1).max(64).optional().meta({ description: 'Threads that write and sync a temporary file' }),
  })
  .refine((pressure) => Object.values(pressure).some((value) => value !== undefined), {
    error: 'expected at least one of cpu, memory_percent and io',
  })
  .meta({ description: 'Load on processor, memory or disk beside the service, for as long as the scenario runs' });

export type Pressure = z.output<typeof pressureSchema>;
