import * as z from 'zod';

/** What `${...}` in a template's body stands for. */
export const templateVariables = [
  'prompt',
  'system',
  'messages',
  'model',
  'max_tokens',
  'temperature',
  'schema',
  'schema_name',
  'schema_id',
  'vector',
  'top_k',
  'entries',
  'threshold',
] as const;
export type TemplateVariable = (typeof templateVariables)[number];

const pointerSchema = z
  .string()
  .regex(/^(\/([^~/]|~[01])*)+$/, { error: 'expected a JSON pointer such as /choices/0/text' })
  .optional();

/** A pointer to one value for each of several results: its `*` stands for each of them. */
const eachPointerSchema = z
  .string()
  .regex(/^(\/([^~/]|~[01])*)+$/, { error: 'expected a JSON pointer in which * stands for each result, such as /matches/*/id, or one to a list' })
  .optional();

const bodySchema = z.json().superRefine((value, context) => {
  for (const { path, name } of unknownVariables(value, []))
    context.addIssue({
      code: 'custom',
      path,
      message: `expected one of ${templateVariables.map((one) => `\${${one}}`).join(', ')}, found \${${name}}`,
    });
});

const methodSchema = z.string().regex(/^[A-Z]+$/, { error: 'expected an HTTP method in capitals, such as POST' });
const pathSchema = z.string().regex(/^\//, { error: 'expected a path that begins with /' });

/** How a server of its own kind is asked, and where in its answer (JSON, in one piece) is what. */
export const templateSchema = z.strictObject({
  method: methodSchema.default('POST'),
  path: pathSchema.meta({ description: 'Below base_url' }),
  body: bodySchema.meta({
    description: `JSON in which \${prompt}, \${messages} and their like are filled in; a member whose only value is one that the request lacks is left out`,
  }),
  answer: z
    .strictObject({
      text: pointerSchema,
      input_tokens: pointerSchema,
      output_tokens: pointerSchema,
      model: pointerSchema,
      finish_reason: pointerSchema,
      ids: eachPointerSchema.meta({ description: 'Of a retrieval: the entries that were found, the nearest first, such as /matches/*/id' }),
      scores: eachPointerSchema.meta({ description: 'Of a retrieval: how near each is, as a cosine' }),
      distances: eachPointerSchema.meta({ description: 'Of a retrieval: how far each is, 1 minus the cosine' }),
      hit: pointerSchema.meta({ description: 'Of a semantic cache: true where it answers from what it holds' }),
    })
    .meta({ description: 'JSON pointers into the answer' }),
});
export type RequestTemplate = z.output<typeof templateSchema>;

/** A call that makes a schema known to the server before the request that uses it; its time is measured apart. */
export const registrationSchema = z.strictObject({
  method: methodSchema.default('POST'),
  path: pathSchema,
  body: bodySchema,
  id: z
    .string()
    .regex(/^(\/([^~/]|~[01])*)+$/, { error: 'expected a JSON pointer such as /id' })
    .optional()
    .meta({ description: 'JSON pointer to what ${schema_id} stands for in the request' }),
});
export type SchemaRegistration = z.output<typeof registrationSchema>;

/** Every `${name}` in a text. */
export const placeholder = /\$\{([^}]*)\}/g;

function unknownVariables(value: unknown, path: (string | number)[]): { path: (string | number)[]; name: string }[] {
  if (typeof value === 'string')
    return [...value.matchAll(placeholder)]
      .map(([, name = '']) => name)
      .filter((name) => !(templateVariables as readonly string[]).includes(name))
      .map((name) => ({ path, name }));
  if (Array.isArray(value)) return value.flatMap((item, index) => unknownVariables(item, [...path, index]));
  if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([key, item]) => unknownVariables(item, [...path, key]));
  return [];
}
