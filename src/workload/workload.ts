import type { Lengths } from '../config/scenario/lengths.ts';
import type { Prompt } from '../config/scenario/prompts.ts';
import type { RetrievalConfig } from '../config/scenario/retrieval.ts';
import { type Scenario, scenarioName } from '../config/scenario/scenario.ts';
import type { ReplayRow } from '../config/scenario/trace-file.ts';
import type { TargetConfig } from '../config/target/target.ts';
import { type Cell, capped, cellChooser, gridOf } from './cells.ts';
import type { Dialogues } from './dialogues.ts';
import { generatePrompt } from './generate.ts';
import { lengthDrawer } from './lengths.ts';
import { sharedPrefixes } from './prefixes.ts';
import { generatedPrompts, givenPrompts, type PromptSource } from './prompt-source.ts';
import { commonSpec, type Message, type RequestSpec } from './request-spec.ts';
import type { SchemaSource } from './schemas.ts';
import { traceRequests } from './trace.ts';

/** A scenario turned into requests: the request of an index is always the same. Pure. */
export interface Workload {
  cells: readonly Cell[];
  uniquePrompts: number | null;
  /** Where they come from; null where there are none. Made when it is asked for. */
  promptSource(): PromptSource | null;
  /** @param answers within a conversation what the server has said so far */
  request(index: number, answers?: readonly string[]): { spec: RequestSpec; cell: Cell };
  /** Left out where no answer has to satisfy a schema. */
  schemas?: SchemaSource;
  /** Left out where nothing is retrieved. */
  retrieval?: RetrievalConfig;
  /** Left out where requests do not depend on each other. */
  dialogues?: Dialogues;
  /** Which of the shared beginnings the prompt of an index has, from 0; null where prompts share none. */
  prefixOf: ((index: number) => number) | null;
}

/** What of a target its requests depend on. */
export type AskedTarget = Pick<TargetConfig, 'model' | 'max_tokens'>;

/** What requests are made of beside what the scenario says itself; left out: none of it, and round 0. */
export interface WorkloadContent {
  /** The lines of a prompts file. */
  prompts?: readonly Prompt[];
  /** The requests of a recorded trace; they stand instead of prompts and lengths. */
  trace?: readonly ReplayRow[];
  /** Which time the scenario is run, from 0: texts are others, lengths, classes and their order the same. */
  round?: number;
}

/** What tells drawn lengths of prompts from those of answers. */
const promptStream = 1;
const answerStream = 2;
/** Prompts of warm-up requests come from their own range of indices, so that they do not warm a prefix cache for the measured ones. */
export const warmupIndexBase = 1_000_000_000;

/**
 * The seed of generated texts: another for each scenario, each set of prompts and each round. What one scenario left in the cache of a prefix flatters no other that is
 * driven at the same service after it. Mixed well, because seeds that differ by a pattern would give some of their texts twice.
 */
function textSeed(scenario: Scenario, promptSet: number, round: number): number {
  // FNV-1a, and the end of MurmurHash3.
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${scenario.seed} ${promptSet} ${round} ${scenarioName(scenario)}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The requests of a scenario that asks for prompts of a file, generated ones, those of a trace, or plain HTTP. Pure. */
export function createWorkload(scenario: Scenario, target: AskedTarget, { prompts = [], trace = [], round = 0 }: WorkloadContent = {}): Workload {
  const { request } = scenario;
  const cells = gridOf(scenario, target);
  const cellOf = cellChooser(scenario, cells, prompts.length);
  const recorded = trace.length === 0 ? null : traceRequests(trace, textSeed(scenario, 0, round));
  const drawPrompt = drawerOf(request.prompt_tokens, scenario.seed, promptStream);
  const drawAnswer = drawerOf(request.max_tokens, scenario.seed, answerStream);
  const promptSeed = textSeed(scenario, request.prompt_set ?? 0, round);
  const shared =
    request.shared_prefix_tokens === undefined ? null : sharedPrefixes(request.shared_prefix_tokens, request.shared_prefixes ?? 1, promptSeed);
  const common = {
    ...commonSpec(request, target),
    ignoreEos: request.ignore_eos ?? false,
    method: request.method ?? null,
    path: request.path ?? null,
  };
  const bodyOf = httpBody(request.body);

  return {
    cells,
    uniquePrompts:
      request.api === 'http' ? null : (recorded?.uniquePrompts ?? (drawPrompt === null ? uniquePrompts(cells, prompts) : Number.POSITIVE_INFINITY)),
    promptSource() {
      if (request.api === 'http') return null;
      if (recorded !== null) return generatedPrompts(textSeed(scenario, 0, round), null, trace);
      const lengths = cells.map(({ promptTokens }) => promptTokens);
      if (drawPrompt === null && lengths.every((tokens) => tokens === null)) return givenPrompts(prompts.map(messagesOf));
      const { prompt_tokens, classes, shared_prefix_tokens, shared_prefixes } = request;
      const drawn = drawPrompt === null ? null : [scenario.seed, prompt_tokens];
      const known = lengths.every((tokens) => tokens !== null) ? [...new Set(lengths)] : null;
      return generatedPrompts(promptSeed, known, [lengths, classes && [scenario.seed, classes], drawn, shared_prefix_tokens, shared_prefixes]);
    },
    prefixOf: shared === null ? null : shared.prefixOf,
    request(index) {
      const cell = cellOf(index);
      const promptTokens = cell.promptTokens ?? drawPrompt?.(index) ?? null;
      const line = promptTokens === null && prompts.length > 0 ? prompts[index % prompts.length] : undefined;
      const replayed = recorded?.request(index);
      const maxTokens = cell.maxTokens ?? capped(drawAnswer?.(index) ?? replayed?.outputTokens ?? line?.max_tokens ?? null, target);
      const generated =
        replayed?.content ??
        (promptTokens === null ? null : (shared?.prompt(promptTokens, index) ?? generatePrompt(promptTokens, promptSeed, index)));
      const messages = generated !== null ? [{ role: 'user' as const, content: generated }] : line === undefined ? [] : messagesOf(line);
      const temperature = common.temperature ?? line?.temperature ?? null;
      return { cell, spec: { ...common, body: bodyOf(index), messages, maxTokens, minTokens: common.ignoreEos ? maxTokens : null, temperature } };
    },
  };
}

/** Null where lengths are not drawn. */
function drawerOf(lengths: Lengths | null | undefined, seed: number, stream: number): ((index: number) => number) | null {
  return lengths == null || Array.isArray(lengths) ? null : lengthDrawer(lengths, seed, stream);
}

/** The body of a plain HTTP request: always the same, or one of its own where it holds `${index}`. */
function httpBody(text: string | undefined): (index: number) => Buffer | null {
  if (text === undefined) return () => null;
  if (text.includes('${index}')) return (index) => Buffer.from(text.replaceAll('${index}', String(index)));
  const body = Buffer.from(text);
  return () => body;
}

/** Generated prompts are all different. */
function uniquePrompts(cells: readonly Cell[], prompts: readonly Prompt[]): number {
  if (cells.some((cell) => cell.promptTokens !== null)) return Number.POSITIVE_INFINITY;
  return new Set(prompts.map((line) => JSON.stringify(messagesOf(line)))).size;
}

function messagesOf(line: Prompt): readonly Message[] {
  return line.messages ?? [{ role: 'user', content: line.prompt }];
}
