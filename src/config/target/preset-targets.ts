import * as z from 'zod';

/** What a preset asks of a service; each is met, not met or not measured. */
export const targetsSchema = z
  .strictObject({
    tokens_per_sec: z.number().positive().optional().meta({ description: 'Output tokens per second of the whole run, at least' }),
    ttft_ms: z.number().positive().optional().meta({ description: 'Median time to first token, at most' }),
    spike_rate_range: z
      .tuple([z.number().min(0).max(100), z.number().min(0).max(100)])
      .refine(([low, high]) => low <= high, { error: 'expected the lower end first' })
      .optional()
      .meta({ description: 'Percent of the requests slower than mean + 3 sigma: lowest and highest healthy share' }),
    retrieval_ms: z.number().positive().optional().meta({ description: 'p95 of a search in the largest index that was searched, at most' }),
    memory_percent: z.number().min(0).max(100).optional().meta({ description: "Most of the machine's memory that was in use, percent, at most" }),
    energy_monitored: z.boolean().optional().meta({ description: 'Whether the energy should have been read: met where a sensor told it' }),
    error_rate: z.number().min(0).max(100).optional().meta({ description: 'Percent of the requests that fail, at most' }),
  })
  .meta({ description: 'Targets that the result is graded by; told, never a reason to fail' });
export type PresetTargets = z.output<typeof targetsSchema>;
