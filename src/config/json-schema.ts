import * as z from 'zod';
import { perfSchema } from './component.ts';
import { configFileSchema, targetsFileSchema } from './config-file.ts';
import { conversationFileSchema } from './scenario/conversation-file.ts';
import { scenarioSchema } from './scenario/scenario.ts';
import { testCasesSchema } from './scenario/test-cases.ts';
import { thresholdsSchema } from './thresholds/thresholds.ts';

const titles = {
  'llm-bench': [configFileSchema, 'llm-bench.yaml'],
  targets: [targetsFileSchema, 'config/targets.yaml of llm-bench'],
  thresholds: [thresholdsSchema, 'config/thresholds.yaml of llm-bench'],
  conversation_prompts: [conversationFileSchema, 'conversation_prompts.json of llm-bench'],
  structured_test_cases: [testCasesSchema, 'structured_test_cases.json of llm-bench'],
  perf: [perfSchema, 'config/perf.yaml of llm-bench'],
  scenario: [scenarioSchema, 'A scenario of llm-bench: config/scenarios/NAME.yaml'],
} as const;

/**
 * JSON Schemas of the YAML files, for editors, by file name without `.schema.json`.
 * @param executors executor name -> schema of its options without `executor`
 */
export function jsonSchemas(executors: Readonly<Record<string, z.ZodType>>): Record<string, Record<string, unknown>> {
  const load = {
    description: 'How the load is made: the executor and its options',
    type: 'object',
    properties: { executor: { type: 'string', enum: Object.keys(executors), default: 'closed' } },
    oneOf: Object.entries(executors).map(([name, schema]) => executorSchema(name, schema)),
  };
  return Object.fromEntries(
    Object.entries(titles).map(([name, [schema, title]]) => {
      const { $schema, ...rest } = z.toJSONSchema(schema, {
        io: 'input',
        reused: 'ref',
        override: ({ zodSchema, jsonSchema }) => {
          if (zodSchema !== (scenarioSchema.shape.load.unwrap() as unknown)) return;
          for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
          Object.assign(jsonSchema, load);
        },
      });
      return [name, { $schema, title, ...rest }];
    }),
  );
}

function executorSchema(name: string, schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, properties, required, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  const closed = name === 'closed';
  // `closed` is what is meant where no executor is named, and has a default for each option.
  return {
    title: name,
    ...rest,
    properties: { executor: { const: name }, ...properties },
    ...(closed ? {} : { required: ['executor', ...(required ?? [])] }),
  };
}
