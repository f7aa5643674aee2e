import { isObject } from '../config/is-object.ts';
import { countOf } from './token-count.ts';

/** What one stream event holds: a set of bits, because one chunk may hold several. */
export const Seen = {
  /** `delta.role` is there. */
  role: 1,
  /** Answer text that is not empty: `delta.content` or the completions wire's `text`. */
  content: 2,
  /** `reasoning_content` or `reasoning` that is not empty. */
  reasoning: 4,
  /** A tool call's name or arguments that are not empty. */
  toolCall: 8,
  /** `delta.refusal` that is not empty. */
  refusal: 16,
  /** A `usage` object. */
  usage: 32,
  /** A `finish_reason` that is neither null nor empty. */
  finish: 64,
  /** An `error` member that is not null, false or empty, an object named "error", or a choice that ended by an error (see `finishBits`). */
  error: 128,
  /** `[DONE]` */
  done: 256,
  /** Neither `[DONE]` nor a JSON object. */
  malformed: 512,
  /** No data at all: some servers keep a connection alive this way. */
  ping: 1024,
} as const;

/** Bits that make a chunk count as output. */
export const outputBits = Seen.content | Seen.reasoning | Seen.toolCall | Seen.refusal;

/** What a chunk says beside its bits. Counts are -1 where it does not say. */
export interface ChunkFields {
  promptTokens: number;
  completionTokens: number;
  cachedTokens: number;
  reasoningTokens: number;
  finishReason: string | null;
  model: string | null;
  /** Choices that the chunk speaks of, and those that it gives a finish reason, as `choiceBit`s. */
  choicesSeen: number;
  choicesEnded: number;
}

/** Choices from this index on are not told apart. */
export const sharedChoice = 31;

/** The bit of a choice by its index; one without an index is the first. */
export function choiceBit(index: unknown): number {
  return typeof index === 'number' && Number.isSafeInteger(index) && index > 0 ? 1 << Math.min(index, sharedChoice) : 1;
}

/** What a parsed chunk (or a whole answer, whose choices hold `message` in place of `delta`) holds: the definition that the byte walk of `ChunkClassifier` is held to. */
export function classifyValue(value: unknown, into: ChunkFields): number {
  if (!isObject(value)) return Seen.malformed;
  let bits = 0;
  if (value['error'] || value['object'] === 'error') bits |= Seen.error;
  if (typeof value['model'] === 'string') into.model = value['model'];
  if (isObject(value['usage'])) {
    bits |= Seen.usage;
    readUsage(value['usage'], into);
  }
  if (Array.isArray(value['choices'])) for (const choice of value['choices']) if (isObject(choice)) bits |= classifyChoice(choice, into);
  return bits;
}

function classifyChoice(choice: Record<string, unknown>, into: ChunkFields): number {
  const which = choiceBit(choice['index']);
  into.choicesSeen |= which;
  let bits = hasText(choice['text']) ? Seen.content : 0;
  for (const name of ['delta', 'message']) if (isObject(choice[name])) bits |= classifyDelta(choice[name]);
  const reason = choice['finish_reason'];
  if (typeof reason === 'string' && reason !== '') {
    bits |= finishBits(reason);
    into.finishReason = reason;
    into.choicesEnded |= which;
  }
  return bits;
}

/** What a finish reason says: a router whose service failed behind it ends by `error`, an engine that gave the request up by `abort`. Neither is an answer. */
export function finishBits(reason: string): number {
  return reason === 'error' || reason === 'abort' ? Seen.finish | Seen.error : Seen.finish;
}

function classifyDelta(delta: Record<string, unknown>): number {
  let bits = typeof delta['role'] === 'string' ? Seen.role : 0;
  if (hasText(delta['content'])) bits |= Seen.content;
  // Content as a list of parts; a part of type "thinking" is reasoning.
  if (Array.isArray(delta['content'])) {
    for (const part of delta['content']) {
      if (!isObject(part)) continue;
      if (hasText(part['text'])) bits |= Seen.content;
      if (
        hasText(part['thinking']) ||
        (Array.isArray(part['thinking']) && part['thinking'].some((piece) => isObject(piece) && hasText(piece['text'])))
      ) {
        bits |= Seen.reasoning;
      }
    }
  }
  if (hasText(delta['reasoning_content']) || hasText(delta['reasoning'])) bits |= Seen.reasoning;
  if (hasText(delta['refusal'])) bits |= Seen.refusal;
  if (
    Array.isArray(delta['tool_calls']) &&
    delta['tool_calls'].some((call) => isObject(call) && (callHasOutput(call['function']) || callHasOutput(call['custom'])))
  ) {
    bits |= Seen.toolCall;
  }
  if (callHasOutput(delta['function_call'])) bits |= Seen.toolCall;
  return bits;
}

function callHasOutput(call: unknown): boolean {
  if (!isObject(call)) return false;
  const { name, arguments: args, input } = call;
  return hasText(name) || hasText(args) || hasText(input) || (isObject(args) && Object.keys(args).length > 0);
}

function readUsage(usage: Record<string, unknown>, into: ChunkFields): void {
  into.promptTokens = count(usage['prompt_tokens']);
  into.completionTokens = count(usage['completion_tokens']);
  if (isObject(usage['prompt_tokens_details'])) into.cachedTokens = count(usage['prompt_tokens_details']['cached_tokens']);
  if (isObject(usage['completion_tokens_details'])) into.reasoningTokens = count(usage['completion_tokens_details']['reasoning_tokens']);
}

const count = (value: unknown): number => countOf(value) ?? -1;

function hasText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
