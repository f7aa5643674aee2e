import type { ValidateFunction } from 'ajv';
import type { AnswerSchema } from '../config/scenario/answer-schema.ts';
import type { SchemaCheck } from '../measure/record.ts';
import type { SchemaSource } from '../workload/schemas.ts';

/** What came of holding one answer against its schema. */
export interface CheckedAnswer {
  schemaCheck: SchemaCheck;
  parseMs: number | null;
  validationMs: number | null;
}

/** Holds answers against their schemas; each schema is compiled once, before the load. Called after an answer's last stamp was taken and its user has gone on. */
export class AnswerChecker {
  private readonly schemas: SchemaSource;
  private readonly fenced: boolean;
  private readonly compile: (schema: AnswerSchema) => ValidateFunction;
  private readonly compiled = new Map<AnswerSchema, ValidateFunction>();

  /** @param fenced answers to free prompts may put their JSON between the fences of a markdown block */
  static async open(schemas: SchemaSource, fenced: boolean): Promise<AnswerChecker> {
    const { compileSchema } = await import('../config/scenario/answer-schema.ts');
    return new AnswerChecker(schemas, fenced, compileSchema);
  }

  private constructor(schemas: SchemaSource, fenced: boolean, compile: (schema: AnswerSchema) => ValidateFunction) {
    this.schemas = schemas;
    this.fenced = fenced;
    this.compile = compile;
  }

  check(index: number, text: string): CheckedAnswer {
    const validate = this.validatorOf(this.schemas.of(index).schema);
    const begun = performance.now();
    let value: unknown;
    try {
      value = JSON.parse(this.fenced ? withoutFences(text) : text);
    } catch {
      return { schemaCheck: 'invalid_json', parseMs: null, validationMs: null };
    }
    const parsed = performance.now();
    const valid = validate(value);
    return { schemaCheck: valid ? 'valid' : 'violation', parseMs: parsed - begun, validationMs: performance.now() - parsed };
  }

  private validatorOf(schema: AnswerSchema): ValidateFunction {
    let validate = this.compiled.get(schema);
    if (!validate) {
      validate = this.compile(schema);
      this.compiled.set(schema, validate);
    }
    return validate;
  }
}

function withoutFences(text: string): string {
  return /```(?:json)?\s*\n([\s\S]*?)\n\s*```/.exec(text)?.[1] ?? text;
}
