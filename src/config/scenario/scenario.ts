import * as z from 'zod';
import { positiveDurationSchema } from '../duration.ts';
import { targetsSchema } from '../target/preset-targets.ts';
import { headersSchema, nameSchema } from '../text.ts';
import { findingNames } from '../thresholds/finding-names.ts';
import { scenarioThresholdsSchema } from '../thresholds/thresholds.ts';
import type { ConversationFile } from './conversation-file.ts';
import { criterionSchema, sloNames } from './criteria.ts';
import { type Lengths, lengthsSchema, mostTokens } from './lengths.ts';
import { pressureSchema } from './pressure.ts';
import { registrationSchema, templateSchema } from './request-template.ts';
import { retrievalSchema } from './retrieval.ts';
import { seedSchema } from './seed.ts';
import { shareGptSchema } from './sharegpt.ts';
import type { TestCases } from './test-cases.ts';

const classFields = {
  name: nameSchema,
  weight: z.number().positive().default(1).meta({ description: 'Share of the requests, relative to the other weights' }),
};

const differentNames = { error: 'expected a name of its own for each class, found the same one twice' };
const haveOwnNames = (classes: readonly { name: string }[]) => new Set(classes.map(({ name }) => name)).size === classes.length;

/** Classes of requests that are mixed by weight; prompt and answer are chosen independently of each other. */
export const classesSchema = z.strictObject({
  prompt: z
    .array(z.strictObject({ ...classFields, tokens: z.int().min(1).max(mostTokens).meta({ description: 'Length of the generated prompt' }) }))
    .min(1)
    .refine(haveOwnNames, differentNames)
    .optional(),
  answer: z
    .array(z.strictObject({ ...classFields, max_tokens: z.int().min(1) }))
    .min(1)
    .refine(haveOwnNames, differentNames)
    .optional(),
});
export type RequestClasses = z.output<typeof classesSchema>;

/** What one request is: the wire it speaks and the prompt it carries. */
export const requestSchema = z.strictObject({
  /** A file of src/protocol/. */
  api: z.enum(['chat', 'completions', 'ollama', 'anthropic', 'template', 'http']).optional(),
  stream: z.boolean().optional(),
  /** Instead of the target's model. */
  model: z.string().min(1).optional(),
  /** Where the target names none. */
  default_model: z.string().min(1).optional().meta({ description: 'Asked for where the target names no model' }),
  prompt: z.string().min(1).optional().meta({ description: 'One prompt, sent with every request' }),
  cases: z.string().min(1).optional().meta({ description: 'Path of a structured_test_cases.json: a prompt and a schema for each case, in turn' }),
  conversations: z.string().min(1).optional().meta({ description: 'Path of a conversation_prompts.json, for executor conversation' }),
  /** A server that speaks a wire of its own; used where api is template. */
  template: templateSchema.optional(),
  /** Queries to an index of vectors; with api template. */
  retrieval: retrievalSchema.optional(),
  schema: z
    .union([z.string().min(1), z.record(z.string(), z.json())])
    .optional()
    .meta({ description: 'JSON Schema, or the path of one, that goes with every request and that answers are checked by' }),
  schema_name: nameSchema.optional(),
  schema_reuse: z
    .boolean()
    .optional()
    .meta({ description: 'Send the same schema every time; left out, each request has one of its own name, title and $id, so that no cache helps' }),
  schema_strict: z.boolean().optional().meta({ description: 'Send response_format.json_schema.strict' }),
  schema_send: z.boolean().optional().meta({ description: 'false: answers are checked, but the schema does not go with the request' }),
  schema_registration: registrationSchema
    .optional()
    .meta({ description: 'A call before each request (schema_reuse: once) that makes the schema known' }),
  /** Path of a prompts.jsonl; sent verbatim, in order, cycling. */
  prompts: z.string().min(1).optional(),
  /** Conversations of a ShareGPT file, in order, cycling. */
  sharegpt: shareGptSchema.optional(),
  prompt_tokens: lengthsSchema
    .optional()
    .meta({ description: 'Length of generated prompts in tokens: one, a list (spread evenly over the grid with max_tokens), or a distribution' }),
  shared_prefix_tokens: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'So many of the prompt_tokens are the same for many prompts; left out, no two prompts begin alike' }),
  shared_prefixes: z.int().min(1).max(1_000_000).optional().meta({ description: 'How many different shared beginnings there are (default: 1)' }),
  prompt_set: z.int().min(0).optional().meta({
    description: 'Generated prompts of another set than those of the other parts; the same set and seed give the same prompts (default: 0)',
  }),
  max_tokens: lengthsSchema.optional().meta({ description: 'Most tokens of an answer: one length, a list, or a distribution' }),
  /** A weighted mix of prompt and answer lengths. */
  classes: classesSchema.optional(),
  temperature: z.number().min(0).optional(),
  /** Asks for the exact output length where the server can (ignore_eos, min_tokens). */
  ignore_eos: z.boolean().optional(),
  headers: headersSchema.optional(),
  check_model: z
    .union([z.boolean(), z.literal('report')])
    .optional()
    .meta({
      description: 'An answer of another model than the one asked for: true, a failure of kind wrong_model; report, only counted in routing_accuracy',
    }),
  /** Plain HTTP only. */
  method: z
    .string()
    .regex(/^[A-Z]+$/, { error: 'expected an HTTP method in capitals, such as GET or POST' })
    .optional(),
  path: z.string().regex(/^\//, { error: 'expected a path that begins with /' }).optional(),
  /** `${index}` in it stands for the number of the request, so that no two are alike. */
  body: z.string().optional(),
  /** Plain HTTP only: after the load, time how long the answer takes to parse as JSON. */
  parse_json: z.boolean().optional(),
  /** More members of the JSON body, sent as they are. */
  extra_body: z.record(z.string(), z.json()).optional(),
});

/** When to stop before the planned end; a stop by rule is a result, not an error. */
export const stopSchema = z.strictObject({
  max_error_rate: z.number().min(0).max(100).optional(),
  max_p95_latency: positiveDurationSchema.optional(),
});

/** Whether a failed request is sent again: `true` for ten attempts with two seconds before the second. */
export const retrySchema = z
  .union([
    z.boolean(),
    z.strictObject({
      max_attempts: z.int().min(1).max(100).default(10).meta({ description: 'Times that a request is sent at most, the first among them' }),
      base: positiveDurationSchema.default(2).meta({ description: 'Pause before the second attempt; it doubles with each further one' }),
    }),
  ])
  .meta({ description: 'Send failed requests again: true for ten attempts, two seconds before the second' });

const loadSchema = z.looseObject({ executor: z.string().min(1).optional() }).optional();

const labelSchema = z
  .record(
    z
      .string()
      .regex(/^[a-z][a-z0-9_]*$/, { error: 'expected a label of small letters, digits and underscores' })
      .refine((key) => !['scenario', 'target', 'detail'].includes(key), { error: 'expected another label: every series has this one already' }),
    z.union([z.string().min(1), z.number()]),
  )
  .refine((labels) => Object.keys(labels).length > 0, { error: 'expected at least one label, found none' });

/** What a scenario and each of its parts may say alike. */
const settingFields = {
  request: requestSchema.optional(),
  /** Requests sent and thrown away before the measured window. */
  warmup: z.int().nonnegative().optional(),
  timeout: positiveDurationSchema.optional(),
  /** Longest wait for the first token of a stream. */
  first_token_timeout: positiveDurationSchema.optional(),
  /** Longest time without a token within a stream. */
  idle_timeout: positiveDurationSchema.optional(),
  retry: retrySchema.optional(),
  seed: seedSchema.optional(),
  stop: stopSchema.optional(),
  /** Work beside the service that takes its resources while this runs. */
  pressure: pressureSchema.optional(),
  /** Limits of this scenario's series: shorthands, or metric.stat -> limits. */
  thresholds: scenarioThresholdsSchema.optional(),
} as const;

/** One part of a scenario that is made of several, driven in their order against one service. */
export const partSchema = z
  .strictObject({
    /** Another scenario, measured as this part; left out: the scenario that the part is of. What the part says itself is laid over either. */
    scenario: nameSchema.optional(),
    /** A short form of `labels: {part: NAME}`. */
    name: nameSchema.optional(),
    /** What tells its series from those of the other parts: `{phase: cold}`. */
    labels: labelSchema.optional(),
    ...settingFields,
    load: loadSchema,
  })
  .refine(({ name, labels, scenario }) => name !== undefined || labels !== undefined || scenario !== undefined, {
    error: 'expected a name or labels that tell this part from the others, such as `labels: {phase: cold}`',
  });

/**
 * A scenario as written in YAML, all but `load`: the options of `load` belong to its executor, each validated by that executor's own schema,
 * which the caller passes to the loader (config may not import load).
 */
export const scenarioFields = {
  name: nameSchema.optional(),
  description: z.string().optional(),
  /** Another scenario's name: this one says only what differs. */
  extends: nameSchema.optional(),
  ...settingFields,
  /** The target to use where neither a flag nor llm-bench.yaml names one. */
  target: nameSchema.optional(),
  /** Threads that send, as far as the machine has cores to spare. */
  workers: z.int().positive().max(256).optional(),
  /** Which figures to look at; for people. */
  metrics: z.array(z.string().min(1)).optional(),
  targets: targetsSchema.optional(),
  /** Parts that are driven one after the other against one service, into one result. */
  parts: z.array(partSchema).min(1).optional(),
  /** Other names that it can be chosen by. */
  aliases: z.array(nameSchema).optional(),
  /** What must hold for the scenario to count as passed: printed as met or not met. */
  criteria: z.array(criterionSchema).optional(),
  /** Named service levels, whose criteria are added. */
  slo: z.union([z.enum(sloNames).transform((name) => [name]), z.array(z.enum(sloNames)).min(1)]).optional(),
  /** All times and numbers of requests multiplied by this; levels and rates are kept. */
  scale: z.number().positive().max(1).optional(),
  /** Instead of a number of requests: so many for each pair of prompt and answer length. */
  requests_per_cell: z.int().positive().optional(),
  /** Figures that are made of all parts together once they ran. */
  findings: z.array(z.enum(findingNames)).optional(),
} as const;

/** A scenario as written, in its own file or inside llm-bench.yaml. */
export const scenarioSchema = z.strictObject({
  ...scenarioFields,
  load: loadSchema,
});

/** One executor's options: its name is the discriminator, the rest is its own. */
export interface LoadOptions {
  executor: string;
  [option: string]: unknown;
}

export interface Scenario extends Omit<z.output<z.ZodObject<typeof scenarioFields>>, 'request' | 'thresholds' | 'parts' | 'aliases' | 'metrics'> {
  /** What its series are called by: of a part `GROUP/label=value`. */
  name: string;
  /** The scenario that this one is a part of, and what tells it from the other parts. */
  part?: ScenarioPart;
  /** Seconds. */
  timeout: number;
  warmup: number;
  seed: number;
  request: ResolvedRequest;
  load: LoadOptions;
}

export interface ScenarioPart {
  of: string;
  labels: Record<string, string | number>;
}

/** The name that a person chose the scenario by: a part's is that of the whole. */
export function scenarioName({ name, part }: Pick<Scenario, 'name' | 'part'>): string {
  return part?.of ?? name;
}

/** The chosen names of several scenarios, each once. */
export function scenarioNamesOf(scenarios: readonly Pick<Scenario, 'name' | 'part'>[]): string[] {
  return [...new Set(scenarios.map(scenarioName))];
}

/** `request` with every default filled in. */
export interface ResolvedRequest extends Omit<z.output<typeof requestSchema>, 'max_tokens' | 'schema' | 'cases' | 'conversations'> {
  /** Read from its file where one was named. */
  schema?: Readonly<Record<string, unknown>>;
  cases?: TestCases;
  conversations?: ConversationFile;
  api: NonNullable<z.output<typeof requestSchema>['api']>;
  stream: boolean;
  /** Null: the prompt's own, or the server's default. */
  max_tokens: Lengths | null;
  /** The target's max_tokens: applies to a prompt's own max_tokens too. Null: no cap. */
  max_tokens_cap: number | null;
}
