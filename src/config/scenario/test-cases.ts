import * as z from 'zod';
import { nameSchema } from '../text.ts';

const caseSchema = z.strictObject({
  name: nameSchema.meta({ description: 'What its series are called: case=NAME' }),
  title: z.string().min(1).optional().meta({ description: 'What people read in reports' }),
  prompt: z.string().min(1),
  unstructured_prompt: z.string().min(1).optional().meta({ description: 'Sent instead where no schema goes with the request' }),
  schema: z.record(z.string(), z.json()).meta({ description: 'JSON Schema that answers have to satisfy' }),
  max_tokens: z.int().min(1).optional(),
  expected_input_tokens: z.number().nonnegative().optional(),
  expected_output_tokens: z.number().nonnegative().optional(),
});

/** structured_test_cases.json: tasks that are given to a structured and to an unstructured endpoint. */
export const testCasesSchema = z.strictObject({
  $schema: z.string().optional(),
  provider: z.string().optional(),
  model: z.string().min(1).optional().meta({ description: 'Asked for where neither target nor scenario names one' }),
  cases: z
    .array(caseSchema)
    .min(1)
    .refine((cases) => new Set(cases.map(({ name }) => name)).size === cases.length, { error: 'expected a name of its own for each case' }),
});
export type TestCases = z.output<typeof testCasesSchema>;
export type TestCase = TestCases['cases'][number];
