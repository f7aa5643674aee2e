import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

export type AnswerSchema = Readonly<Record<string, unknown>>;

/** What is wrong with a schema, and where in it. */
export interface SchemaFault {
  path: (string | number)[];
  message: string;
}

/** Draft 2020-12 where the schema names it or a later word of it, else draft 7: what most APIs take lies within both. */
function validatorFor(schema: AnswerSchema): Ajv {
  const { $schema } = schema;
  const recent = typeof $schema === 'string' ? /2019-09|2020-12/.test($schema) : 'prefixItems' in schema;
  const ajv = recent ? new Ajv2020({ strict: false }) : new Ajv({ strict: false });
  formats.default(ajv);
  return ajv as Ajv;
}

/** What answers are checked with. @throws Error for a schema that is none */
export function compileSchema(schema: AnswerSchema): ValidateFunction {
  return validatorFor(schema).compile(schema);
}

/** The faults of a schema: words that are not as JSON Schema says, references that lead nowhere, patterns that cannot be read. */
export function schemaFaults(schema: AnswerSchema): SchemaFault[] {
  try {
    const ajv = validatorFor(schema);
    if (ajv.validateSchema(schema) !== true) return (ajv.errors ?? []).map(faultOf);
    ajv.compile(schema);
    return [];
  } catch (error) {
    return [{ path: [], message: (error as Error).message }];
  }
}

function faultOf({ instancePath, message, params }: ErrorObject): SchemaFault {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const allowed = Array.isArray(params['allowedValues']) ? `: ${params['allowedValues'].map(String).join(', ')}` : '';
  return { path, message: `${message ?? 'is not as JSON Schema says'}${allowed}` };
}
