import { isObject } from '../config/is-object.ts';
import { ApiError } from './api-error.ts';
import type { GenerationRequest } from './request.ts';
import { type Body, booleanIn, messagesIn, numberIn, parseBody, wrong } from './request.ts';

/** The parts of a request that these wires cannot ask for. */
const plain = { prompt: '', includeUsage: true, continuousUsage: false, minTokens: 0, ignoreEos: false, stop: [], schema: null } as const;

/**
 * Understands a body of Ollama's /api/chat: streamed unless it says otherwise, lengths and seed under `options`.
 * @throws ApiError 400 naming the first thing that is wrong
 */
export function parseOllamaRequest(text: string): GenerationRequest {
  const body = parseBody(text);
  const options = body['options'] ?? {};
  if (!isObject(options)) throw wrong('options', 'an object', options);
  const format = body['format'] ?? null;
  const schema =
    format === 'json' ? { type: 'object', properties: { answer: { type: 'string' } }, required: ['answer'] } : isObject(format) ? format : null;
  numberIn(options, 'temperature', 0, 2, false);
  // -1 is Ollama's word for no limit.
  const limit = options['num_predict'] === -1 ? null : numberIn(options, 'num_predict', 1, 1e9, true);
  return {
    ...plain,
    kind: 'chat',
    model: modelIn(body),
    messages: messagesIn(body),
    stream: body['stream'] === undefined || booleanIn(body, 'stream'),
    maxTokens: limit,
    seed: numberIn(options, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, true) ?? 0,
    schema,
  };
}

/**
 * Understands a body of Anthropic's /v1/messages, which has to say `max_tokens`; the system prompt stands apart from the messages.
 * @throws ApiError 400 naming the first thing that is wrong
 */
export function parseAnthropicRequest(text: string): GenerationRequest {
  const body = parseBody(text);
  const model = modelIn(body);
  const maxTokens = numberIn(body, 'max_tokens', 1, 1e9, true);
  if (maxTokens === null) throw wrong('max_tokens', 'a whole number of at least 1', body['max_tokens']);
  const messages = messagesIn(body);
  const foreign = messages.find(({ role }) => role !== 'user' && role !== 'assistant');
  if (foreign) throw wrong('messages', 'the roles user and assistant (a system prompt goes into `system`)', foreign.role);
  numberIn(body, 'temperature', 0, 1, false);
  const { system } = body;
  if (system !== undefined && typeof system !== 'string' && !Array.isArray(system)) throw wrong('system', 'a text or a list of blocks', system);
  const prompt = Array.isArray(system) ? system.map((block: unknown) => (isObject(block) ? String(block['text'] ?? '') : '')).join('') : system;
  return {
    ...plain,
    kind: 'chat',
    model,
    messages: prompt === undefined ? messages : [{ role: 'system', content: prompt }, ...messages],
    stream: booleanIn(body, 'stream'),
    maxTokens,
    seed: 0,
  };
}

function modelIn(body: Body): string {
  const { model } = body;
  if (typeof model !== 'string' || model === '') throw new ApiError(400, 'model is required', { param: 'model' });
  return model;
}
