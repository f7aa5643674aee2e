import * as z from 'zod';
import { isObject } from '../is-object.ts';
import { knownKeys, unknownName } from '../yaml/schema-issues.ts';
import { type Limits, limitsSchema } from './limits.ts';
import { metricKeyFault } from './metric-names.ts';
import { shorthandNames, shorthands } from './shorthands.ts';

/** metric.stat (`ttft_ms.p95`) or metric (`error_rate`) -> limits; `*` -> a regression limit of every gating metric (see `limitsFor`). */
export type MetricLimits = Record<string, Limits>;

/**
 * Thresholds as resolved: one grammar, shorthands expanded, `extends` merged; series glob -> metric.stat -> limits; later globs win per key.
 * Read them through `limitsFor`.
 */
export interface Thresholds {
  series: Record<string, MetricLimits>;
}

const metricKeySchema = z.string().superRefine((key, context) => {
  const fault = metricKeyFault(key);
  if (fault) context.addIssue({ code: 'custom', message: fault });
});

const shorthandShape = Object.fromEntries(
  Object.entries(shorthands).map(([name, { rate }]) => [name, (rate ? z.number().min(0).max(100) : z.number().nonnegative()).optional()]),
);
const shorthandsSchema = z.object(shorthandShape);

/** Shorthands and metrics side by side: the limits of one scenario. */
export const scenarioThresholdsSchema = z
  .record(z.string(), z.unknown())
  .superRefine((limits, context) => {
    for (const [key, value] of Object.entries(limits)) {
      if (Object.hasOwn(shorthands, key)) addIssues(context, shorthandShape[key]!, value, [key]);
      else if (typeof value !== 'object' || value === null) {
        context.addIssue({ code: 'custom', path: [key], message: unknownLimit(key), params: { key: true } });
      } else {
        const fault = metricKeyFault(key);
        if (fault) context.addIssue({ code: 'custom', path: [key], message: fault, params: { key: true } });
        else addIssues(context, limitsSchema, value, [key]);
      }
    }
  })
  .meta({
    description: 'Limits of this scenario: shorthands such as max_p95_latency_ms, or metric.stat -> limits',
    properties: z.toJSONSchema(shorthandsSchema, { io: 'input' }).properties,
    additionalProperties: bare(z.toJSONSchema(limitsSchema, { io: 'input' })),
  });

/** Nested to any depth: a number is a shorthand, a mapping is a component below. */
const componentsSchema = z
  .record(z.string(), z.unknown())
  .superRefine((components, context) => walkComponents(components, [], context))
  .meta({
    description: 'Limits of components, nested as they are named: {classification: {batch_size_1: {max_p95_latency_ms: 10}}}',
    additionalProperties: { type: ['object', 'number'] },
  });

/** Thresholds as written: a file, the block in llm-bench.yaml. */
export const thresholdsSchema = z.strictObject({
  /** `default` (the shipped thresholds, also where this is left out), `none`, or a path. */
  extends: z
    .string()
    .min(1)
    .optional()
    .meta({ description: '`default` (the shipped thresholds), `none`, or the path of another file. Left out: default' }),
  series: z
    .record(z.string().min(1), z.record(metricKeySchema, limitsSchema))
    .optional()
    .meta({ description: 'Glob of series ids ("*" for all, latency_benchmark, */prompt_tokens=500) -> metric.stat -> limits' }),
  component_benchmarks: componentsSchema.optional(),
  ...shorthandShape,
});

type RefinementContext = z.core.$RefinementCtx<unknown>;

function walkComponents(node: Record<string, unknown>, path: string[], context: RefinementContext): void {
  for (const [key, value] of Object.entries(node)) {
    const at = [...path, key];
    if (Object.hasOwn(shorthands, key)) addIssues(context, shorthandShape[key]!, value, at);
    else if (isObject(value)) walkComponents(value, at, context);
    else context.addIssue({ code: 'custom', path: at, message: unknownLimit(key), params: { key: true } });
  }
}

function unknownLimit(key: string): string {
  return unknownName('limit', key, shorthandNames);
}

/** The issues of an inner check, as issues of the outer one. */
function addIssues(context: RefinementContext, schema: z.ZodType, value: unknown, path: string[]): void {
  const result = schema.safeParse(value, { error: knownKeys });
  for (const issue of result.error?.issues ?? []) context.issues.push({ ...issue, path: [...path, ...issue.path] } as z.core.$ZodRawIssue);
}

function bare(schema: Record<string, unknown>): Record<string, unknown> {
  const { $schema: _, ...rest } = schema;
  return rest;
}
