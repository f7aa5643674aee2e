import * as z from 'zod';
import { durationSchema, parseDurationSeconds } from './duration.ts';
import { parseExpression } from './thresholds/metric-expression.ts';

/** Kinds of servers whose metrics pages are known. */
export const serverPresetNames = ['vllm', 'llama.cpp', 'tgi', 'sglang', 'llm-d', 'dcgm', 'go'] as const;
export type ServerPreset = (typeof serverPresetNames)[number];

/** Looking more often than this would be a load of its own. */
const intervalSchema = (least: '10ms' | '100ms') =>
  durationSchema.refine((seconds) => seconds >= (parseDurationSeconds(least) ?? 0), { error: `expected at least ${least}` });

const expressionSchema = z
  .string()
  .superRefine((text, context) => {
    const parsed = parseExpression(text);
    if (typeof parsed === 'string') context.addIssue({ code: 'custom', message: parsed });
  })
  .meta({ description: 'name{label="value"}, sum|avg|max|min(...), rate(...), increase(...), histogram_quantile(0.95, name), or a / b' });

/** A name with matchers alone: what it grows by is counted for each value of a label. */
const counterSchema = z
  .string()
  .superRefine((text, context) => {
    const parsed = parseExpression(text);
    if (typeof parsed === 'string') context.addIssue({ code: 'custom', message: parsed });
    else if (/[()/]/.test(text.replace(/\{.*\}/s, ''))) context.addIssue({ code: 'custom', message: 'expected name{label="value"} alone' });
  })
  .meta({ description: 'name{label="value"}' });

const pageSchema = z.strictObject({
  url: z.string().min(1).optional().meta({ description: 'A path at the address of the target, or a whole address; default /metrics' }),
  preset: z
    .union([z.enum(serverPresetNames).transform((name) => [name]), z.array(z.enum(serverPresetNames)).min(1)])
    .optional()
    .meta({ description: 'Which series to read; left out: of every kind that the page has' }),
  interval: intervalSchema('100ms').optional().meta({ description: 'Time between two readings; default 1s' }),
});

const customMetricSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z][\w-]*$/, { error: 'expected a name of letters, digits, _ and -' }),
  selector: expressionSchema,
  unit: z.string().default(''),
  better: z.enum(['lower', 'higher', 'neither']).default('neither'),
  scale: z.number().optional().meta({ description: 'Factor from the page to `unit`' }),
});

function patternFault(text: string): string | null {
  try {
    const groups = new RegExp(`${text}|`).exec('')?.length ?? 1;
    return groups > 1 ? null : 'expected a group around the number, such as "loaded in ([\\d.]+) s"';
  } catch {
    return 'expected a regular expression that JavaScript can read';
  }
}

/** What is watched beside the load. Seconds where it is a time. */
export const observeSchema = z.strictObject({
  interval: intervalSchema('10ms').optional().meta({ description: 'Time between two samples of processes and machine; default 100ms' }),
  resources: z.boolean().optional().meta({ description: 'Whether processes and machine are watched; default true' }),
  gpu: z
    .union([z.literal('auto'), z.boolean()])
    .optional()
    .meta({ description: 'GPUs by nvidia-smi or amd-smi: auto (where there are any), true (an error where there are none) or false' }),
  energy: z
    .union([z.literal('auto'), z.boolean()])
    .optional()
    .meta({ description: 'Energy of the processor packages (RAPL): auto, true or false. That of GPUs comes with `gpu`' }),
  energy_interval: intervalSchema('100ms').optional().meta({ description: 'Time between two readings of GPUs and energy; default 1s' }),
  metrics: z
    .union([z.literal('auto'), z.literal(false), pageSchema.transform((page) => [page]), z.array(pageSchema).min(1)])
    .optional()
    .meta({
      description:
        'Metrics pages (Prometheus text) to read; auto: /metrics of the embedded engine and of targets that name their `backend`, where it is there',
    }),
  startup_log: z
    .string()
    .superRefine((text, context) => {
      const fault = patternFault(text);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    })
    .optional()
    .meta({
      description:
        'Regular expression of the log line that tells how long the model took to load; its first group is the number, in seconds unless `ms` follows it. Default, those of vLLM, llama.cpp, SGLang and TGI',
    }),
  custom_metrics: z.array(customMetricSchema).optional().meta({ description: 'More quantities from the first page' }),
  replicas: z
    .strictObject({
      counter: counterSchema,
      label: z.string().regex(/^[A-Za-z_]\w*$/, { error: 'expected the name of a label' }),
    })
    .optional()
    .meta({
      description:
        'A counter of answered requests with a label that names the replica, such as {counter: vllm:request_success_total, label: pod}: where no response header tells who answered',
    }),
});

export interface MetricsPage {
  url?: string | undefined;
  preset?: ServerPreset[] | undefined;
  interval?: number | undefined;
}

/** `observe` with every default filled in. */
export interface ObserveConfig {
  /** Seconds. */
  interval: number;
  resources: boolean;
  gpu: 'auto' | boolean;
  energy: 'auto' | boolean;
  /** Seconds. */
  energy_interval: number;
  metrics: 'auto' | false | MetricsPage[];
  /** Left out: the lines of servers that are known. */
  startup_log?: string | undefined;
  custom_metrics: z.output<typeof customMetricSchema>[];
  /** A counter of each replica's requests; left out: nobody says. */
  replicas?: { counter: string; label: string } | undefined;
}

export const observeDefaults: ObserveConfig = {
  interval: 0.1,
  resources: true,
  gpu: 'auto',
  energy: 'auto',
  energy_interval: 1,
  metrics: 'auto',
  custom_metrics: [],
};
