import type { Scenario } from '../config/scenario/scenario.ts';
import type { CallSchema } from './request-spec.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Which schema the answer to a request has to satisfy, and what of it goes with the request. */
export interface SchemaSource {
  /** What the answer of an index is checked by: the same object for every index that shares it. */
  of(index: number): { name: string; schema: Schema };
  /** What is sent; a schema of its own for each index unless they are reused. Null: answers are only checked. Pure. */
  call(index: number): CallSchema | null;
}

/** @param schemaOf the schema that the answer of an index has to satisfy, and its name */
export function schemaSource({ request, seed }: Scenario, schemaOf: (index: number) => { name: string; schema: Schema }, round = 0): SchemaSource {
  const strict = request.schema_strict ?? null;
  return {
    of: schemaOf,
    call(index) {
      if (request.schema_send === false) return null;
      const { name, schema } = schemaOf(index);
      if (request.schema_reuse) return { name, schema, strict, id: null };
      const fresh = `${name}_${seed.toString(36)}_${round === 0 ? '' : `r${round.toString(36)}_`}${index.toString(36)}`;
      return { name: fresh, schema: freshSchema(schema, fresh), strict, id: null };
    },
  };
}

/** The same schema under a title and an $id that no request before had: a server that keeps compiled schemas by their text finds none. Every mapping is made anew. */
function freshSchema(schema: Schema, name: string): Schema {
  return { ...structuredClone(schema), $id: `urn:llm-bench:${name}`, title: name };
}
