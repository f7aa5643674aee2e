import { isObject } from '../config/is-object.ts';
import { ApiError } from './api-error.ts';
import { tokenChars } from './text.ts';

/** A request for an answer, as it was understood. */
export interface GenerationRequest {
  kind: 'chat' | 'completion' | 'service';
  model: string | null;
  messages: readonly { role: string; content: string }[];
  /** Where there are no messages. */
  prompt: string;
  stream: boolean;
  includeUsage: boolean;
  continuousUsage: boolean;
  maxTokens: number | null;
  minTokens: number;
  ignoreEos: boolean;
  seed: number;
  stop: readonly string[];
  /** Null: plain text. Otherwise the answer is a JSON text that satisfies it. */
  schema: unknown;
}

export type Body = Record<string, unknown>;

/** Text that stands for an image or another part that is no text: 256 tokens. */
const otherPart = '\u0000'.repeat(256 * tokenChars);

/**
 * Understands the JSON body of a chat or completion request.
 * @throws ApiError 400 naming the first thing that is wrong, as OpenAI's API does.
 */
export function parseGenerationRequest(kind: 'chat' | 'completion', text: string): GenerationRequest {
  const body = parseBody(text);
  const model = modelIn(body);
  if (numberIn(body, 'n', 1, 128, true) !== null && body['n'] !== 1) throw wrong('n', '1 (this engine gives one answer)', body['n']);
  numberIn(body, 'temperature', 0, 2, false);
  numberIn(body, 'top_p', 0, 1, false);
  const maxTokens = (kind === 'chat' ? numberIn(body, 'max_completion_tokens', 1, 1e9, true) : null) ?? numberIn(body, 'max_tokens', 1, 1e9, true);
  const minTokens = numberIn(body, 'min_tokens', 0, 1e9, true) ?? 0;
  if (maxTokens !== null && minTokens > maxTokens) throw wrong('min_tokens', `at most max_tokens (${maxTokens})`, minTokens);
  const streamOptions = body['stream_options'] ?? {};
  if (!isObject(streamOptions)) throw wrong('stream_options', 'an object', streamOptions);
  const stream = booleanIn(body, 'stream');
  if (body['stream_options'] != null && !stream)
    throw new ApiError(400, 'stream_options can only be set when stream is true.', { param: 'stream_options' });
  return {
    kind,
    model,
    messages: kind === 'chat' ? messagesIn(body) : [],
    prompt: kind === 'completion' ? promptIn(body) : '',
    stream,
    includeUsage: booleanIn(streamOptions, 'include_usage'),
    continuousUsage: booleanIn(streamOptions, 'continuous_usage_stats'),
    maxTokens: maxTokens ?? (kind === 'completion' ? 16 : null),
    minTokens,
    ignoreEos: booleanIn(body, 'ignore_eos'),
    seed: numberIn(body, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, true) ?? 0,
    stop: stopIn(body),
    schema: schemaIn(body),
  };
}

/** The endpoints below /api/v1 that generate. */
export type ServiceEndpoint = 'structured' | 'unstructured' | 'conversation';

/**
 * Understands the body of one of them: `{model, prompt, schema or schema_id}`, `{model, prompt, max_tokens}`, `{model, messages, max_tokens}`. Answered in one body.
 * @param registered a schema that was registered, by its id
 * @throws ApiError 400 naming the first thing that is wrong
 */
export function parseServiceRequest(endpoint: ServiceEndpoint, text: string, registered: (id: string) => unknown): GenerationRequest {
  const body = parseBody(text);
  return {
    kind: 'service',
    model: modelIn(body),
    messages: endpoint === 'conversation' ? messagesIn(body) : [],
    prompt: endpoint === 'conversation' ? '' : promptIn(body),
    stream: false,
    includeUsage: false,
    continuousUsage: false,
    maxTokens: numberIn(body, 'max_tokens', 1, 1e9, true),
    minTokens: 0,
    ignoreEos: false,
    seed: 0,
    stop: [],
    schema: endpoint === 'structured' ? serviceSchema(body, registered) : null,
  };
}

/** `{name, schema}` of a schema that is to be registered. */
export function parseRegistration(text: string): { name: string | null; schema: Body } {
  const { name = null, schema } = parseBody(text);
  if (name !== null && typeof name !== 'string') throw wrong('name', 'a text', name);
  if (!isObject(schema)) throw wrong('schema', 'a JSON Schema', schema);
  return { name, schema };
}

function serviceSchema(body: Body, registered: (id: string) => unknown): unknown {
  const { schema_id: id, schema } = body;
  if (id === undefined) {
    if (!isObject(schema)) throw wrong('schema', 'a JSON Schema', schema);
    return schema;
  }
  const known = typeof id === 'string' ? registered(id) : undefined;
  if (known === undefined) throw wrong('schema_id', 'the id of a schema that was registered', id);
  return known;
}

/** @throws ApiError 400 for what is no JSON object */
export function parseBody(text: string): Body {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new ApiError(400, `The body is not JSON: ${(error as Error).message}`, { code: 'invalid_json' });
  }
  if (!isObject(body)) throw new ApiError(400, 'The body has to be a JSON object.');
  return body;
}

function modelIn(body: Body): string | null {
  const model = body['model'] ?? null;
  if (model !== null && typeof model !== 'string') throw wrong('model', 'a text', model);
  return model;
}

/** The messages of a body, parts joined into text. @throws ApiError (400) */
export function messagesIn(body: Body): { role: string; content: string }[] {
  const messages = body['messages'];
  if (!Array.isArray(messages) || messages.length === 0) throw wrong('messages', 'at least one message', messages);
  return messages.map((message: unknown, index) => {
    if (!isObject(message) || typeof message['role'] !== 'string') throw wrong(`messages[${index}]`, 'an object with a role', message);
    return { role: message['role'], content: contentOf(message['content'], index) };
  });
}

function contentOf(content: unknown, index: number): string {
  if (typeof content === 'string') return content;
  if (content === null || content === undefined) return '';
  if (!Array.isArray(content)) throw wrong(`messages[${index}].content`, 'a text or a list of parts', content);
  return content.map((part: unknown) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : otherPart)).join('');
}

/** A text, or token ids: each id becomes four characters, which is what a token is here. */
function promptIn(body: Body): string {
  let prompt = body['prompt'];
  if (Array.isArray(prompt) && prompt.length === 1 && typeof prompt[0] !== 'number') prompt = prompt[0];
  if (typeof prompt === 'string') return prompt;
  const ids = Array.isArray(prompt) && prompt.length > 0 && prompt.every((id) => Number.isInteger(id) && id >= 0);
  if (!ids) throw wrong('prompt', 'one text or one list of token ids', prompt);
  return (prompt as number[]).map((id) => id.toString(36).padStart(tokenChars, '0').slice(-tokenChars)).join('');
}

function stopIn(body: Body): string[] {
  const stop = body['stop'] ?? [];
  const list: unknown[] = Array.isArray(stop) ? stop : [stop];
  if (!list.every((item) => typeof item === 'string')) throw wrong('stop', 'a text or a list of texts', stop);
  return (list as string[]).filter((item) => item !== '');
}

function schemaIn(body: Body): unknown {
  const format = body['response_format'] ?? { type: 'text' };
  if (!isObject(format)) throw wrong('response_format', 'an object', format);
  if (format['type'] === 'text') return null;
  if (format['type'] === 'json_object') return { type: 'object', properties: { answer: { type: 'string' } }, required: ['answer'] };
  if (format['type'] !== 'json_schema') throw wrong('response_format.type', 'text, json_object or json_schema', format['type']);
  const wrapper = format['json_schema'];
  if (!isObject(wrapper) || !isObject(wrapper['schema'])) throw wrong('response_format.json_schema.schema', 'a JSON Schema', wrapper);
  return wrapper['schema'];
}

/** A member that has to be a number within bounds; null where it is left out. @throws ApiError (400) */
export function numberIn(body: Body, name: string, min: number, max: number, whole: boolean): number | null {
  const value = body[name] ?? null;
  if (value === null) return null;
  const fits = typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value));
  if (!fits) throw wrong(name, `a ${whole ? 'whole ' : ''}number from ${min} to ${max}`, value);
  return value;
}

/** A member that has to be true or false; false where it is left out. @throws ApiError (400) */
export function booleanIn(body: Body, name: string): boolean {
  const value = body[name] ?? false;
  if (typeof value !== 'boolean') throw wrong(name, 'true or false', value);
  return value;
}

/** A 400 that says what was expected of a member and what was found. */
export function wrong(param: string, expected: string, found: unknown): ApiError {
  const shown = found === undefined ? 'nothing' : (JSON.stringify(found) ?? String(found));
  return new ApiError(400, `${param}: expected ${expected}, found ${shown.length > 80 ? `${shown.slice(0, 80)}...` : shown}.`, { param });
}
