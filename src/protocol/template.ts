import { isObject } from '../config/is-object.ts';
import { placeholder, type RequestTemplate, type SchemaRegistration, type TemplateVariable } from '../config/scenario/request-template.ts';
import type { CallSchema } from '../workload/request-spec.ts';
import type { ErrorKind } from './error-kind.ts';
import { streamFailure } from './failure.ts';
import { plainHttp } from './http.ts';
import type { Answer, AnswerReader, Found, Protocol, RequestSpec, WireContext } from './protocol.ts';
import { mostTokens } from './token-count.ts';
import type { WireRequest } from './transport.ts';

type Variables = Readonly<Record<TemplateVariable, unknown>>;

/** A server that speaks a wire of its own: what is sent and where its answer is are told by the scenario. Answers come in one piece. */
export function templateProtocol(template: RequestTemplate): Protocol {
  return {
    name: 'template',
    headers: { accept: 'application/json' },
    encode: (spec, context) => encodeTemplate(template, variablesOf(spec), context),
    createReader: () => new TemplateReader(template.answer),
  };
}

/** The call that makes a schema known to the server. */
export function encodeRegistration(registration: SchemaRegistration, schema: CallSchema, spec: RequestSpec, context: WireContext): WireRequest {
  return encodeTemplate(registration, { ...variablesOf(spec), ...schemaVariables(schema) }, context);
}

function encodeTemplate(
  { method, path, body }: Pick<RequestTemplate, 'method' | 'path' | 'body'>,
  variables: Variables,
  context: WireContext,
): WireRequest {
  const filled = fill(body, variables);
  return {
    method,
    path: context.basePath + path,
    headers: context.headers,
    body: Buffer.from(JSON.stringify(filled === absent ? null : filled), 'utf8'),
  };
}

function variablesOf(spec: RequestSpec): Variables {
  const { messages, model, maxTokens, temperature, schema, search } = spec;
  const system = messages.find(({ role }) => role === 'system')?.content ?? null;
  return {
    prompt: messages.findLast(({ role }) => role === 'user')?.content ?? null,
    system,
    messages,
    model,
    max_tokens: maxTokens,
    temperature,
    ...schemaVariables(schema ?? null),
    vector: search?.vector ?? null,
    top_k: search?.topK ?? null,
    entries: search?.entries ?? null,
    threshold: search?.threshold ?? null,
  };
}

function schemaVariables(schema: CallSchema | null): Pick<Variables, 'schema' | 'schema_name' | 'schema_id'> {
  return { schema: schema?.schema ?? null, schema_name: schema?.name ?? null, schema_id: schema?.id ?? null };
}

const absent = Symbol('absent');

/** A text that is one placeholder and nothing else becomes the value itself, and is left out where there is none; within a text it becomes text. */
function fill(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') {
    const whole = /^\$\{([^}]*)\}$/.exec(value)?.[1];
    if (whole !== undefined) return variables[whole as TemplateVariable] ?? absent;
    return value.replace(placeholder, (_, name: TemplateVariable) => textOf(variables[name]));
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, variables)).filter((item) => item !== absent);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, fill(item, variables)] as const)
      .filter(([, item]) => item !== absent),
  );
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The value that a JSON pointer (RFC 6901) names; undefined where there is none. */
export function valueAt(value: unknown, pointer: string): unknown {
  let here = value;
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    here = typeof here === 'object' && here !== null && Object.hasOwn(here, key) ? (here as Record<string, unknown>)[key] : undefined;
  }
  return here;
}

/** The values that a pointer with a `*` in it names, one for each member of the list there; of a pointer without, the list that it names. Undefined where there is none. */
export function valuesAt(value: unknown, pointer: string): unknown[] | undefined {
  const [before = '', after] = pointer.split('/*', 2);
  const list = valueAt(value, before);
  if (!Array.isArray(list)) return undefined;
  return after === undefined ? list : list.map((one) => valueAt(one, after));
}

/** Reads the answer as plain HTTP, and what is in it when it has ended. */
class TemplateReader implements AnswerReader {
  readonly lastOutputMs = -1;
  private readonly pointers: RequestTemplate['answer'];
  private readonly http = plainHttp.createReader();
  private keepText = false;

  constructor(pointers: RequestTemplate['answer']) {
    this.pointers = pointers;
  }

  begin(_listener: null, keepText: boolean): void {
    this.keepText = keepText;
    this.http.begin(null, true);
  }

  headers(status: number, headers: readonly string[], nowMs: number): void {
    this.http.headers(status, headers, nowMs);
  }

  data(buffer: Buffer, start: number, end: number, nowMs: number): boolean {
    return this.http.data(buffer, start, end, nowMs);
  }

  end(nowMs: number): Answer {
    return this.read(this.http.end(nowMs));
  }

  fail(...reason: Parameters<AnswerReader['fail']>): Answer {
    return { ...this.http.fail(...reason), text: null };
  }

  private read(answer: Answer): Answer {
    if (answer.error !== null) return { ...answer, text: null };
    const failed = ({ kind, message }: { kind: ErrorKind; message: string }): Answer => ({
      ...answer,
      text: null,
      error: kind,
      errorMessage: message,
    });
    let body: unknown;
    try {
      body = JSON.parse(answer.text ?? '');
    } catch (error) {
      return failed({ kind: 'malformed', message: `the answer is not JSON: ${(error as Error).message.slice(0, 200)}` });
    }
    const { pointers } = this;
    const at = (pointer: string | undefined) => (pointer === undefined ? undefined : valueAt(body, pointer));
    const text = at(pointers.text);
    const found = foundAt(body, pointers);
    const lacks = pointers.text !== undefined && (text === undefined || text === null);
    // What is not there for an error that the answer tells of instead is that error.
    if ((lacks || typeof found === 'string') && isObject(body) && body['error']) return failed(streamFailure(JSON.stringify(body)));
    if (lacks) return failed({ kind: 'malformed', message: `the answer has nothing at ${pointers.text}` });
    if (typeof found === 'string') return failed({ kind: 'malformed', message: found });
    const named = (pointer: string | undefined) => (typeof at(pointer) === 'string' ? (at(pointer) as string) : null);
    return {
      ...answer,
      outputChunks: 1,
      inputTokens: countAt(at(pointers.input_tokens)),
      outputTokens: countAt(at(pointers.output_tokens)),
      model: named(pointers.model),
      finishReason: named(pointers.finish_reason),
      text: this.keepText && text !== undefined ? (typeof text === 'string' ? text : JSON.stringify(text)) : null,
      ...(found === null ? {} : { found }),
    };
  }
}

/** What a retrieval found; a sentence where it is not where the pointers say; null where there are none. */
function foundAt(body: unknown, { ids, scores, distances, hit }: RequestTemplate['answer']): Found | string | null {
  if (ids === undefined && scores === undefined && distances === undefined && hit === undefined) return null;
  const listed = ids === undefined ? null : valuesAt(body, ids);
  if (listed === undefined) return `the answer has no list at ${ids}`;
  const [pointer, similarityOf] = scores === undefined ? [distances, (far: number) => 1 - far] : [scores, (near: number) => near];
  const near = pointer === undefined ? null : valuesAt(body, pointer);
  if (near === undefined) return `the answer has no list at ${pointer}`;
  const numbers = (near ?? []).filter((one) => typeof one === 'number').map(similarityOf);
  const said = hit === undefined ? null : valueAt(body, hit);
  return {
    ids: listed === null ? null : listed.map(String),
    best: near === null || (numbers.length === 0 && near.length > 0) ? null : Math.max(Number.NEGATIVE_INFINITY, ...numbers),
    hit: typeof said === 'boolean' ? said : null,
  };
}

function countAt(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value <= mostTokens ? value : null;
}
