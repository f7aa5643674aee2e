import * as z from 'zod';
import { alertsSchema, outputSchema } from './alerts.ts';
import { componentSchema } from './component.ts';
import { observeSchema } from './observe.ts';
import { profileSchema } from './profile.ts';
import { scenarioSchema } from './scenario/scenario.ts';
import { targetSchema } from './target/target.ts';
import { nameSchema } from './text.ts';
import { thresholdsSchema } from './thresholds/thresholds.ts';

export const modes = ['auto', 'rules', 'screen', 'paired'] as const;
export const failOnValues = ['regressed', 'inconclusive', 'never'] as const;
export const commentValues = ['always', 'on-change', 'never'] as const;

const pathSchema = z.string().min(1);

/** Where the baseline comes from. The kinds exclude each other; `branch` belongs to `artifact`. */
export const baselineSchema = z.union(
  [
    z.literal('none'),
    z.strictObject({ artifact: pathSchema, branch: pathSchema.optional() }),
    z.strictObject({ branch: pathSchema }),
    z.strictObject({ folder: pathSchema }),
    z.strictObject({ file: z.union([pathSchema, z.array(pathSchema).min(1)]) }),
    z.strictObject({ git_branch: pathSchema }),
  ],
  { error: 'expected none, {artifact: NAME, branch: NAME}, {folder: PATH}, {file: PATH or a list of them} or {git_branch: NAME}' },
);

export const reportSchema = z.strictObject({ comment: z.enum(commentValues).optional(), html: z.boolean().optional() });

/** One scenario as the configuration names it: a name (or the path of a scenario file), or written inline. */
export const scenarioChoiceSchema = z.union([z.string().min(1), scenarioSchema]);

/** The sections of llm-bench.yaml, each checked on its own, so that a fault in one does not hide those in another. */
export const sections = {
  target: z.union([nameSchema, targetSchema]),
  scenario: z.union([scenarioChoiceSchema, z.array(scenarioChoiceSchema).min(1)]),
  thresholds: z.union([pathSchema, thresholdsSchema]),
  baseline: baselineSchema,
  mode: z.enum(modes),
  report: reportSchema,
  observe: observeSchema,
  alerts: alertsSchema,
  output: outputSchema,
  component: z.union([componentSchema, z.array(componentSchema).min(1)]),
  profile: profileSchema,
  fail_on: z.enum(failOnValues),
} as const;

/** llm-bench.yaml as written. */
export const configFileSchema = z.strictObject(
  Object.fromEntries(Object.entries(sections).map(([name, schema]) => [name, schema.optional()])) as {
    [K in keyof typeof sections]: z.ZodOptional<(typeof sections)[K]>;
  },
);

/** targets.yaml as written: name -> target. */
export const targetsFileSchema = z.record(nameSchema, targetSchema);
