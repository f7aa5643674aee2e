import { ConfigError, type ConfigIssue } from '../config/errors.ts';
import { faultHelp, faultProblems } from './faults.ts';

/** Everything that can be set on the embedded engine. Defaults, units and bounds are in `mockFields`. */
export interface MockOptions {
  host: string;
  port: number;
  models: readonly string[];
  strictModel: boolean;
  apiKey: string | null;
  replica: string | null;
  prefillTokensPerSecond: number;
  decodeStepMs: number;
  decodeStepMsPerSequence: number;
  maxBatch: number;
  maxBatchedTokens: number;
  maxQueue: number;
  overloadStatus: number;
  kvCacheTokens: number;
  maxModelLen: number;
  prefixCache: boolean;
  jitterPercent: number;
  seed: number;
  slowFactor: number;
  naturalTokens: number;
  reasoningTokens: number;
  reasoningField: 'reasoning_content' | 'reasoning';
  startDelayMs: number;
  tokensPerChunk: number;
  roleChunk: 'early' | 'empty' | 'null' | 'merged' | 'none';
  finishChunk: 'content' | 'own';
  usage: 'last' | 'content' | 'none';
  continuousUsage: boolean;
  faults: Readonly<Record<string, number>>;
  hugeLineBytes: number;
  retryAfterSeconds: number;
  logEvery: number;
  retrieval: boolean;
  retrievalEntries: readonly number[];
  dimension: number;
  retrievalSeed: number;
}

export type MockField =
  | { kind: 'number' | 'integer'; default: number; min: number; max: number; help: string }
  | { kind: 'boolean'; default: boolean; help: string }
  | { kind: 'text'; default: string | null; help: string }
  | { kind: 'list'; default: readonly string[]; help: string }
  | { kind: 'sizes'; default: readonly number[]; max: number; help: string }
  | { kind: 'choice'; default: string | number; choices: readonly (string | number)[]; help: string }
  | { kind: 'faults'; default: Readonly<Record<string, number>>; help: string };

const number = (value: number, min: number, max: number, help: string) => ({ kind: 'number', default: value, min, max, help }) as const;
const integer = (value: number, min: number, max: number, help: string) => ({ kind: 'integer', default: value, min, max, help }) as const;
const flag = (value: boolean, help: string) => ({ kind: 'boolean', default: value, help }) as const;
const choice = (choices: readonly (string | number)[], help: string) => ({ kind: 'choice', default: choices[0]!, choices, help }) as const;

/**
 * Each option with its default, bounds and unit. With these defaults a short prompt is answered in about 11 ms when nothing else runs (12 tokens of
 * 0.65 ms after some 3 ms of prefill): quick enough for a demonstration, long enough for a slow-down to stand out from the cost of HTTP.
 */
export const mockFields: { readonly [Name in keyof MockOptions]: MockField } = {
  host: { kind: 'text', default: '127.0.0.1', help: 'address to listen on' },
  port: integer(0, 0, 65_535, 'port to listen on; 0 takes a free one'),
  models: { kind: 'list', default: ['mock-model'], help: 'model names that /v1/models lists' },
  strictModel: flag(false, 'answer 404 for a model that is not listed, instead of answering under that name'),
  apiKey: { kind: 'text', default: null, help: 'answer 401 without this key, as a Bearer token or as X-API-Key' },
  replica: {
    kind: 'text',
    default: null,
    help: 'name told in the header x-served-by of every answer, as a gateway in front of several engines does',
  },
  prefillTokensPerSecond: number(6000, 0.001, 1e12, 'prompt tokens processed per second'),
  decodeStepMs: number(0.6, 0, 1e7, 'base time of one engine step, ms'),
  decodeStepMsPerSequence: number(0.05, 0, 1e6, 'added to a step for each sequence in the batch, ms'),
  maxBatch: integer(64, 1, 100_000, 'most sequences in the batch'),
  maxBatchedTokens: integer(2048, 1, 1e9, 'most prompt tokens processed in one step (chunked prefill)'),
  maxQueue: integer(1024, 0, 1e6, 'most requests waiting; beyond it they are refused'),
  overloadStatus: choice([503, 429], 'status of a refusal when the queue is full'),
  kvCacheTokens: integer(524_288, 16, 1e9, 'KV-cache capacity, tokens, in blocks of 16'),
  maxModelLen: integer(131_072, 2, 1e9, 'most tokens of prompt and answer together; never more than the KV cache holds'),
  prefixCache: flag(true, 'keep prompt blocks for later requests with the same beginning'),
  jitterPercent: number(2, 0, 99, 'each step lasts up to so many percent more or less, evenly spread'),
  seed: integer(1, 0, 0xffff_ffff, 'seed of jitter, texts and faults'),
  slowFactor: number(1, 0.001, 1e6, 'multiplies every prefill and decode time: 1.3 plants a regression of 30%'),
  naturalTokens: integer(12, 1, 1e6, 'tokens after which the model stops by itself'),
  reasoningTokens: integer(0, 0, 1e6, 'tokens of reasoning before the content of a chat answer'),
  reasoningField: choice(['reasoning_content', 'reasoning'], 'field that carries the reasoning'),
  startDelayMs: number(0, 0, 1e7, 'until then everything but /metrics answers 503, ms'),
  tokensPerChunk: integer(1, 1, 1e6, 'tokens in one streamed chunk'),
  roleChunk: choice(
    ['empty', 'early', 'null', 'merged', 'none'],
    'role of a chat stream: a chunk with empty content just before the first token, the same as soon as the request arrives, with null content, within the first content chunk, or not at all',
  ),
  finishChunk: choice(['content', 'own'], 'finish_reason on the last content chunk, or in a chunk of its own'),
  usage: choice(
    ['last', 'content', 'none'],
    'usage of a stream that asks for it: a last chunk without choices, on the chunk with finish_reason, or never',
  ),
  continuousUsage: flag(true, 'honour stream_options.continuous_usage_stats: usage in every chunk'),
  faults: { kind: 'faults', default: {}, help: `NAME[@AMOUNT]=RATE, the share of requests that meet a fault: ${Object.keys(faultHelp).join(', ')}` },
  hugeLineBytes: integer(8 * 1024 * 1024, 1, 1e9, 'length of the line that the fault huge_line sends, bytes'),
  retryAfterSeconds: number(1, 0, 86_400, 'Retry-After of refusals, seconds'),
  logEvery: integer(1000, 0, 1e9, 'requests between two lines of the log; 0 for none'),
  retrieval: flag(false, 'serve an index of vectors too, at /v1/search; it needs the package usearch, and is built once and kept in the cache'),
  retrievalEntries: {
    kind: 'sizes',
    default: [1_000_000],
    max: 1e9,
    help: 'with --retrieval: vectors in the index; several, separated by commas, for several indexes, of which a query names one by `entries`',
  },
  dimension: integer(64, 2, 65_536, 'with --retrieval: numbers of a vector'),
  retrievalSeed: integer(0, 0, 0xffff_ffff, 'with --retrieval: seed of the vectors'),
};

/** Names of the options, in the order of the help. */
export const mockFieldNames = Object.keys(mockFields) as (keyof MockOptions)[];

/**
 * Fills in the defaults and checks every value.
 * @param placeOf what to call an option in a message; the command line names its flag.
 * @throws ConfigError with every problem at once.
 */
export function resolveMockOptions(
  values: { readonly [Name in keyof MockOptions]?: unknown },
  placeOf: (name: string) => string = (name) => `mock option ${name}`,
): MockOptions {
  const issues: ConfigIssue[] = [];
  const report = (name: string, message: string) => issues.push({ file: placeOf(name), line: null, column: null, message });
  for (const name of Object.keys(values))
    if (!Object.hasOwn(mockFields, name)) report(name, `is not an option; there are ${mockFieldNames.join(', ')}`);
  const resolved: Record<string, unknown> = {};
  for (const name of mockFieldNames) {
    const field = mockFields[name];
    const value = values[name] === undefined ? field.default : values[name];
    for (const problem of problemsOf(field, value)) report(name, problem);
    resolved[name] = value;
  }
  if (issues.length > 0) throw new ConfigError(issues);
  return resolved as unknown as MockOptions;
}

function problemsOf(field: MockField, value: unknown): string[] {
  const found = `found ${JSON.stringify(value)}`;
  switch (field.kind) {
    case 'number':
    case 'integer': {
      const fits = typeof value === 'number' && value >= field.min && value <= field.max && (field.kind === 'number' || Number.isInteger(value));
      return fits ? [] : [`expected ${field.kind === 'integer' ? 'a whole number' : 'a number'} from ${field.min} to ${field.max}, ${found}`];
    }
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`expected true or false, ${found}`];
    case 'text':
      return (typeof value === 'string' && value !== '') || (value === null && field.default === null) ? [] : [`expected a text, ${found}`];
    case 'list': {
      const fits = Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' && item !== '');
      return fits ? [] : [`expected at least one name, ${found}`];
    }
    case 'sizes': {
      const fits = Array.isArray(value) && value.length > 0 && value.every((one) => Number.isInteger(one) && one >= 1 && one <= field.max);
      return fits ? [] : [`expected whole numbers from 1 to ${field.max}, separated by commas, ${found}`];
    }
    case 'choice':
      return field.choices.includes(value as string | number) ? [] : [`expected one of ${field.choices.join(', ')}, ${found}`];
    case 'faults':
      if (typeof value !== 'object' || value === null) return [`expected rates by fault, ${found}`];
      return faultProblems(value as Record<string, unknown>);
  }
}
