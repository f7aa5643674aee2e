import type { Scenario } from '../config/scenario/scenario.ts';
import type { TargetConfig } from '../config/target/target.ts';

/** One chat message as it goes over the wire. */
export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
}

/** The JSON Schema that goes with one request. */
export interface CallSchema {
  name: string;
  schema: Readonly<Record<string, unknown>>;
  strict: boolean | null;
  /** What the server called it when it was registered; null where it was not. */
  id: string | null;
}

/** What a query to an index of vectors looks for. */
export interface SearchSpec {
  vector: readonly number[];
  topK: number;
  /** How many entries the index is expected to have. */
  entries: number;
  threshold: number | null;
}

/** What a request asks for, before any wire is chosen. Null: leave it to the server. */
export interface RequestSpec {
  messages: readonly Message[];
  model: string | null;
  stream: boolean;
  maxTokens: number | null;
  minTokens: number | null;
  ignoreEos: boolean;
  temperature: number | null;
  /** More members of the JSON body. */
  extraBody: Readonly<Record<string, unknown>>;
  /** Left out or null: free text. */
  schema?: CallSchema | null;
  /** Left out: no retrieval. */
  search?: SearchSpec;
  /** Plain HTTP only. */
  method: string | null;
  path: string | null;
  body: Uint8Array | null;
}

/** A request that asks for nothing yet. */
export const bareSpec: RequestSpec = {
  messages: [],
  model: null,
  stream: false,
  maxTokens: null,
  minTokens: null,
  ignoreEos: false,
  temperature: null,
  extraBody: {},
  method: null,
  path: null,
  body: null,
};

/** The model that requests ask for: the scenario's own, else the target's, else what the scenario falls back to; null leaves it to the server. */
export function askedModel(
  { model, default_model }: Pick<Scenario['request'], 'model' | 'default_model'>,
  target: Pick<TargetConfig, 'model'>,
): string | null {
  return model ?? target.model ?? default_model ?? null;
}

/** What all requests of a scenario have in common. */
export function commonSpec(request: Scenario['request'], target: Pick<TargetConfig, 'model'>): RequestSpec {
  return {
    ...bareSpec,
    model: askedModel(request, target),
    stream: request.stream,
    temperature: request.temperature ?? null,
    extraBody: request.extra_body ?? {},
  };
}
