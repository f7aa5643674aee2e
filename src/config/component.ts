import * as z from 'zod';
import { positiveDurationSchema } from './duration.ts';
import { targetSchema } from './target/target.ts';
import { nameSchema } from './text.ts';

/** What the readers of `llm-bench import` know and a benchmark's command may write. */
export const componentFormats = ['go-bench', 'pytest-benchmark', 'google-benchmark', 'criterion', 'vitest', 'jmh', 'hyperfine', 'custom'] as const;
export type ComponentFormat = (typeof componentFormats)[number];

/** The components that `--only` names; those of the classic set. */
export const componentGroups = ['classification', 'decision', 'cache', 'extproc'] as const;

/** A capturing group of the pattern may stand in the path as $1. */
const seriesNamesSchema = z
  .record(
    z.string().refine(isPattern, { error: 'expected a regular expression that JavaScript can read' }),
    z.string().regex(/^[\w$-]+(\/[\w$-]+)*$/, { error: 'expected a path such as classification/batch_size_$1' }),
  )
  .meta({ description: 'Pattern of whole benchmark names -> the path that thresholds know the benchmark by: {"BenchmarkSort(\\d+)": sort/size_$1}' });

/** A command that benchmarks components, as written in llm-bench.yaml. */
export const componentSchema = targetSchema.pick({ setup: true, working_directory: true, env: true, env_file: true, pass_env: true }).extend({
  name: nameSchema.optional().meta({ description: 'What errors call it; default: the format' }),
  run: z.string().min(1).meta({ description: 'The command, run by /bin/sh: go test -bench=. -benchmem -count=6 ./...' }),
  format: z.enum(componentFormats).meta({ description: 'What it prints or writes' }),
  read: z
    .union([
      z
        .string()
        .min(1)
        .transform((path) => [path]),
      z.array(z.string().min(1)).min(1),
    ])
    .optional()
    .meta({ description: 'Files that it writes, globs below working_directory; left out: what it prints' }),
  timeout: positiveDurationSchema.optional().meta({ description: 'Longest time of one execution; default 5m' }),
  series: seriesNamesSchema.optional(),
});

const metricOfSeriesSchema = z.string().regex(/^\S+ \S+$/, { error: 'expected a series and a metric, such as "cache/search_linear ns/op"' });

const derivedSchema = z
  .strictObject({
    series: z.string().min(1).meta({ description: 'The series that gets the metric' }),
    ratio: z.tuple([metricOfSeriesSchema, metricOfSeriesSchema]).optional().meta({ description: 'The first divided by the second' }),
    difference: z.tuple([metricOfSeriesSchema, metricOfSeriesSchema]).optional().meta({ description: 'The first less the second' }),
    unit: z.string().default(''),
    better: z.enum(['lower', 'higher', 'neither']),
  })
  .refine(({ ratio, difference }) => (ratio === undefined) !== (difference === undefined), { error: 'expected either ratio or difference' });

const settingSchema = z.union([z.number(), z.string(), z.boolean(), z.array(z.union([z.number(), z.string()]))]);

/** config/perf.yaml as written. */
export const perfSchema = z.strictObject({
  benchmark_config: z
    .record(nameSchema, z.record(nameSchema, settingSchema))
    .optional()
    .meta({ description: 'Component -> setting -> value; a benchmark reads LLM_BENCH_COMPONENT_SETTING, lists joined by commas' }),
  series: seriesNamesSchema.optional(),
  derived: z.record(nameSchema, derivedSchema).optional().meta({ description: 'Metrics made of two others: their names -> how' }),
});

export type DerivedMetric = z.output<typeof derivedSchema>;

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

/** Benchmarks that a command measures. */
export interface ComponentEntry extends Pick<z.output<typeof componentSchema>, 'setup' | 'working_directory' | 'env' | 'env_file' | 'pass_env'> {
  name: string;
  run: string;
  format: ComponentFormat;
  /** Globs of what it writes; empty: what it prints is read. */
  read: readonly string[];
  timeoutSeconds: number;
  /** Patterns of whole names and the paths they stand for; the first that matches counts. */
  series: readonly SeriesName[];
}

export interface SeriesName {
  pattern: string;
  path: string;
}

/** The components as resolved: what to run and what to make of it. */
export interface ComponentsConfig {
  entries: ComponentEntry[];
  /** Of config/perf.yaml: LLM_BENCH_CLASSIFICATION_BATCH_SIZES=1,10,50,100. */
  environment: Record<string, string>;
  derived: Record<string, DerivedMetric>;
}

/** Seconds that a benchmark command may take where nothing is said. */
export const componentTimeoutSeconds = 300;
