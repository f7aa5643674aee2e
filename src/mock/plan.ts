import { ApiError } from './api-error.ts';
import { blockTokens } from './kv-cache.ts';
import type { MockOptions } from './options.ts';
import { hashText } from './random.ts';
import type { GenerationRequest } from './request.ts';
import { instanceOf } from './schema-instance.ts';
import type { SequenceSpec } from './simulator.ts';
import { countTokens, hashBlocks, renderChat, tokenChars, writeText } from './text.ts';

/** What the model will say, known before it begins. Token i (from 0) is `text.slice(4 * i, 4 * i + 4)`; it may be empty at the end. */
export interface Plan {
  /** Under this name it answers. */
  model: string;
  promptTokens: number;
  outputTokens: number;
  /** The first of the output tokens; they go into the reasoning field. */
  reasoningTokens: number;
  text: string;
  finishReason: 'stop' | 'length';
  spec: SequenceSpec;
}

/** What a fault makes of an answer that should satisfy a schema. */
export type Spoilt = 'invalid_json' | 'schema_violation';

/** Most tokens of prompt and answer together. */
export function longestSequence(options: Pick<MockOptions, 'maxModelLen' | 'kvCacheTokens'>): number {
  return Math.min(options.maxModelLen, Math.floor(options.kvCacheTokens / blockTokens) * blockTokens);
}

/**
 * Decides the answer: which text, how long, and why it ends. A pure function of the request and the options.
 * @throws ApiError 404 for an unknown model where names are strict, 400 for a prompt and answer longer than the model can hold.
 */
export function planAnswer(request: GenerationRequest, options: MockOptions, slow: number, spoilt: Spoilt | null = null): Plan {
  const model = request.model ?? options.models[0]!;
  if (options.strictModel && !options.models.includes(model)) {
    throw new ApiError(404, `The model ${JSON.stringify(model)} does not exist; there is ${options.models.join(', ')}.`, {
      code: 'model_not_found',
      param: 'model',
    });
  }
  const prompt = request.messages.length > 0 ? renderChat(request.messages) : request.prompt;
  const promptTokens = countTokens(prompt);
  const longest = longestSequence(options);
  const room = longest - promptTokens;
  if (room < 1 || (request.maxTokens ?? 1) > room) {
    const asked = request.maxTokens === null ? '' : ` and ${request.maxTokens} for the answer`;
    throw new ApiError(400, `This model holds ${longest} tokens; the prompt has ${promptTokens}${asked}. Shorten the prompt or lower max_tokens.`, {
      code: 'context_length_exceeded',
      param: request.messages.length > 0 ? 'messages' : 'prompt',
    });
  }
  const limit = request.maxTokens ?? room;
  const reasoning = request.kind === 'chat' ? options.reasoningTokens : 0;
  const seed = hashText(prompt, hashText(`${options.seed} ${request.seed}`)) >>> 0;
  const json = request.schema === null ? null : writeJson(request.schema, spoilt);
  const contentTokens = json === null ? options.naturalTokens : countTokens(json);
  const wanted = request.ignoreEos ? limit : Math.max(reasoning + contentTokens, request.minTokens);
  const outputTokens = Math.min(wanted, limit);
  const reasoningTokens = Math.min(reasoning, outputTokens);
  const visible = outputTokens - reasoningTokens;
  const content = (json === null ? writeText(visible, seed) : visible > contentTokens ? json.padEnd(visible * tokenChars) : json).slice(
    0,
    visible * tokenChars,
  );
  const stopped = request.ignoreEos ? null : cutAtStop(content, request.stop);
  const text = writeText(reasoningTokens, seed ^ 0x5eed) + (stopped?.text ?? content);
  const finalTokens = stopped === null ? outputTokens : reasoningTokens + stopped.tokens;
  return {
    model,
    promptTokens,
    outputTokens: finalTokens,
    reasoningTokens,
    text,
    finishReason: stopped !== null || (wanted <= limit && !request.ignoreEos) ? 'stop' : 'length',
    spec: { promptTokens, outputTokens: finalTokens, ...hashBlocks(model, prompt, text), slow },
  };
}

function writeJson(schema: unknown, spoilt: Spoilt | null): string {
  const value = instanceOf(schema);
  if (spoilt === 'schema_violation') return JSON.stringify(typeof value === 'string' ? 0 : 'not what was asked for');
  const json = JSON.stringify(value);
  return spoilt === 'invalid_json' ? `[${json}` : json;
}

/** The text before the first stop text, and the tokens that had to be computed to see it; null when none occurs. */
function cutAtStop(content: string, stops: readonly string[]): { text: string; tokens: number } | null {
  let cut: { text: string; tokens: number } | null = null;
  for (const stop of stops) {
    const index = content.indexOf(stop);
    if (index >= 0 && (cut === null || index < cut.text.length))
      cut = { text: content.slice(0, index), tokens: Math.ceil((index + stop.length) / tokenChars) };
  }
  return cut;
}
