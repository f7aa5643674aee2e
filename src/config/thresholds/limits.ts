import * as z from 'zod';

/**
 * Limits of one metric statistic. Percentages are of the baseline value in the metric's bad direction: 15 on a latency is a ratio of 1.15,
 * on a throughput 0.85. `max` and `min` are on the value itself, in the metric's own unit, and are judged in every mode.
 */
export const limitsSchema = z.strictObject({
  max_regression_percent: z.number().nonnegative().optional(),
  warn_regression_percent: z.number().nonnegative().optional(),
  /** Warns when the value changes by more than this either way, worded as better or worse. */
  warn_change_percent: z.number().nonnegative().optional(),
  max: z.number().optional(),
  min: z.number().optional(),
  warn_max: z.number().optional(),
  warn_min: z.number().optional(),
  /** false: advises (at most `warn`), never fails the check. */
  gate: z.boolean().optional(),
});
export type Limits = z.output<typeof limitsSchema>;
