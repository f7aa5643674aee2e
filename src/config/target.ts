import * as z from 'zod';
import { durationSchema } from './duration.ts';

const environmentSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

const setupStepSchema = z.union([
  z.string().transform((run) => ({ run })),
  z.strictObject({
    run: z.string(),
    timeout_seconds: durationSchema.optional(),
    working_directory: z.string().optional(),
    env: environmentSchema.optional(),
    log_file: z.string().optional(),
  }),
]);

const readySchema = z.strictObject({
  /** Path below base_url, or a whole URL; ready when it answers 2xx. */
  url: z.string().optional(),
  /** Ready when this TCP port accepts a connection. */
  port: z.union([z.int().min(1).max(65_535), z.string()]).optional(),
  /** Ready when a line of the service's output matches this regular expression. */
  log: z.string().optional(),
  timeout_seconds: durationSchema.optional(),
});

/** A target as written in YAML: something to start (`command` or `image`), or something that already runs (`base_url`). */
export const targetSchema = z.strictObject({
  name: z.string().optional(),
  setup: z.array(setupStepSchema).optional(),
  command: z.string().optional(),
  image: z.string().optional(),
  build: z
    .union([z.string(), z.strictObject({ context: z.string(), dockerfile: z.string().optional(), args: environmentSchema.optional() })])
    .optional(),
  ports: z.array(z.union([z.string(), z.int().transform(String)])).optional(),
  port: z.union([z.literal('auto'), z.int().min(1).max(65_535)]).optional(),
  working_directory: z.string().optional(),
  env: environmentSchema.optional(),
  env_file: z.string().optional(),
  /** Names of secrets that the scrubbed environment may keep (GITHUB_TOKEN, INPUT_X, ...). */
  pass_env: z.array(z.string()).optional(),
  log_file: z.string().optional(),
  logs_command: z.string().optional(),
  ready: readySchema.optional(),
  /** SIGTERM to SIGKILL; at most 5 s because a cancelled job is killed 10 s after its first signal. */
  stop_grace_seconds: durationSchema.pipe(z.number().min(0).max(5)).optional(),
  base_url: z.string().optional(),
  model: z.string().optional(),
  api_key_env: z.string().optional(),
  api_key_header: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  timeout: durationSchema.optional(),
  max_tokens: z.int().positive().optional(),
  accelerator: z.string().optional(),
  backend: z.string().optional(),
  zone: z.string().optional(),
  routing: z.string().optional(),
  prefix_caching: z.boolean().optional(),
  replicas: z.int().positive().optional(),
  expected_concurrency: z.int().positive().optional(),
  supported_models: z.array(z.string()).optional(),
  /** Currency units per million tokens; used for cost metrics and budgets only. */
  prices: z
    .strictObject({ input_per_million: z.number().nonnegative(), output_per_million: z.number().nonnegative(), currency: z.string().optional() })
    .optional(),
  notes: z.string().optional(),
});

/** A target as resolved: names filled in, durations in seconds; `${PORT}` and `${VAR}` are substituted by the service room at start. */
export type TargetConfig = z.output<typeof targetSchema> & { name: string };
