import * as z from 'zod';
import { durationSchema, positiveDurationSchema } from '../duration.ts';
import { tokenizerNames } from '../scenario/tokenizers.ts';
import { headerNameSchema, headersSchema, httpUrlSchema, variableNameSchema } from '../text.ts';

/** Variables of a process; numbers and booleans become text. */
const environmentSchema = z.record(variableNameSchema, z.union([z.string(), z.number(), z.boolean()]).transform(String));

const setupStepSchema = z.union([
  z
    .string()
    .min(1)
    .transform((run) => ({ run })),
  z.strictObject({
    run: z.string().min(1),
    timeout_seconds: positiveDurationSchema.optional(),
    working_directory: z.string().min(1).optional(),
    env: environmentSchema.optional(),
    log_file: z.string().min(1).optional(),
  }),
]);

const readySchema = z.strictObject({
  /** Path below base_url, or a whole URL; ready when it answers 2xx. */
  url: z.string().optional(),
  /** Ready when this TCP port accepts a connection. */
  port: z.union([z.int().min(1).max(65_535), z.string()]).optional(),
  /** Ready when a line of the service's output matches this regular expression. */
  log: z.string().refine(isRegularExpression, { error: 'expected a regular expression that JavaScript can read' }).optional(),
  timeout_seconds: positiveDurationSchema.optional(),
});

/** A target as written in YAML: something to start (`command` or `image`), or something that already runs (`base_url`). */
export const targetSchema = z.strictObject({
  name: z.string().min(1).optional(),
  setup: z.array(setupStepSchema).optional(),
  command: z.string().min(1).optional(),
  image: z.string().min(1).optional(),
  build: z
    .union([z.string(), z.strictObject({ context: z.string().min(1), dockerfile: z.string().min(1).optional(), args: environmentSchema.optional() })])
    .optional(),
  ports: z.array(z.union([z.string(), z.int().transform(String)])).optional(),
  port: z.union([z.literal('auto'), z.int().min(1).max(65_535)]).optional(),
  working_directory: z.string().min(1).optional(),
  env: environmentSchema.optional(),
  env_file: z.string().min(1).optional(),
  /** Names of secrets that the scrubbed environment may keep (GITHUB_TOKEN, INPUT_X, ...). */
  pass_env: z.array(variableNameSchema).optional(),
  log_file: z.string().min(1).optional(),
  logs_command: z.string().min(1).min(1).optional(),
  ready: readySchema.optional(),
  /** SIGTERM to SIGKILL; at most 5 s because a cancelled job is killed 10 s after its first signal. */
  stop_grace_seconds: durationSchema.pipe(z.number().min(0).max(5)).optional(),
  base_url: httpUrlSchema.optional(),
  model: z.string().min(1).optional(),
  api_key_env: variableNameSchema.optional(),
  api_key_header: headerNameSchema.optional(),
  headers: headersSchema.optional(),
  /** Seconds a request may take here; stands in for the scenario's default. */
  timeout: positiveDurationSchema.optional(),
  /** The most that may be asked for here: scenarios that ask for more are cut down, with a warning. */
  max_tokens: z.int().min(1).optional(),
  /** What its texts are counted with where it reports no usage. */
  tokenizer: z.enum(tokenizerNames).optional(),
  accelerator: z.string().optional(),
  backend: z.string().optional(),
  zone: z.string().optional(),
  routing: z.string().optional(),
  prefix_caching: z.boolean().optional(),
  replica_header: headerNameSchema.optional().meta({ description: 'Response header that names the replica which answered (default: x-served-by)' }),
  replicas: z.int().min(1).optional(),
  expected_concurrency: z.int().min(1).optional(),
  supported_models: z.array(z.string().min(1)).min(1).optional(),
  /** Every token is paid for: said before anything is sent, with the most tokens that the run can take. */
  paid: z.boolean().optional(),
  /** Currency units per million tokens; used for cost metrics and budgets only. */
  prices: z
    .strictObject({ input_per_million: z.number().nonnegative(), output_per_million: z.number().nonnegative(), currency: z.string().optional() })
    .optional(),
  notes: z.string().optional(),
});

/** Where a gateway usually names the replica. */
export const defaultReplicaHeader = 'x-served-by';

/** A target as resolved: names filled in, durations in seconds; `${PORT}` and `${VAR}` are substituted by the service room at start. */
export type TargetConfig = z.output<typeof targetSchema> & {
  /** What people call it by: the key in targets.yaml, or the inline `name`. */
  name: string;
  /** The `name` written inside targets.yaml, where it says more than the key: `GKE NVIDIA T4 (vLLM)`. */
  title?: string;
};

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
