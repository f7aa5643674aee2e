import * as z from 'zod';

/** What must hold of a figure for a scenario to count as passed; told, never a reason to fail. */
export const criterionSchema = z
  .strictObject({
    /** Where the figure stands below `results` of the result document: `ttft_ms.p95`, `success_rate`, `mlperf.standard`. */
    of: z.string().regex(/^\w+(\.[\w=-]+)*$/, { error: 'expected a member of results, such as ttft_ms.p95 or success_rate' }),
    max: z.number().optional(),
    min: z.number().optional(),
    /** For a figure that is true or false. */
    is: z.boolean().optional(),
    /** In words; left out: the figure and its limit. */
    says: z.string().min(1).optional(),
  })
  .refine(({ max, min, is }) => max !== undefined || min !== undefined || is !== undefined, {
    error: 'expected max, min or is: what the figure is held against',
  });
export type Criterion = z.output<typeof criterionSchema>;

const success = (min: number): Criterion[] => [{ of: 'success_rate', min, says: `at least ${min} % of the requests succeed` }];
const mlperf = (ttft: number, tpot: number): Criterion[] => [
  { of: 'ttft_ms.p99', max: ttft },
  { of: 'tpot_ms.p99', max: tpot },
];

/**
 * Named service levels. Those of MLPerf are the latency constraints of MLPerf Inference (datacenter, 99th percentile; the scenario called Server, in newer
 * rules Conversational, and Interactive) for each model, as its rules of 2025 state them; a run here is no MLPerf result.
 */
export const sloProfiles = {
  production: success(99.9),
  testing: success(95),
  'mlperf-llama2-70b': mlperf(2000, 200),
  'mlperf-llama2-70b-interactive': mlperf(450, 40),
  'mlperf-llama3.1-8b': mlperf(2000, 100),
  'mlperf-llama3.1-8b-interactive': mlperf(500, 30),
  'mlperf-llama3.1-405b': mlperf(6000, 175),
  'mlperf-llama3.1-405b-interactive': mlperf(4500, 80),
  'mlperf-mixtral-8x7b': mlperf(2000, 200),
  'mlperf-deepseek-r1': mlperf(2000, 80),
  'mlperf-deepseek-r1-interactive': mlperf(1500, 15),
  'mlperf-gpt-oss-120b': mlperf(3000, 80),
  'mlperf-gpt-oss-120b-interactive': mlperf(2000, 20),
} as const satisfies Record<string, readonly Criterion[]>;
export type SloProfile = keyof typeof sloProfiles;
export const sloNames = Object.keys(sloProfiles) as [SloProfile, ...SloProfile[]];
