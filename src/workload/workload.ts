import type { Lengths } from '../config/lengths.ts';
import type { Prompt } from '../config/prompts.ts';
import type { RetrievalConfig } from '../config/retrieval.ts';
import type { Scenario } from '../config/scenario.ts';
import type { TargetConfig } from '../config/target.ts';
import type { ReplayRow } from '../config/trace-file.ts';
import { chooseClasses } from './classes.ts';
import type { Dialogues } from './dialogues.ts';
import { generatePrompt } from './generate.ts';
import { lengthDrawer } from './lengths.ts';
import { sharedPrefixes } from './prefixes.ts';
import { askedModel, type Message, type RequestSpec } from './request-spec.ts';
import type { SchemaSource } from './schemas.ts';
import { traceRequests } from './trace.ts';

/** One class of requests whose figures stand apart. */
export interface Cell {
  /** Series id: the scenario's name and `/key=value` for each label that varies. */
  id: string;
  labels: Record<string, string | number>;
  promptTokens: number | null;
  maxTokens: number | null;
}

/** A scenario turned into requests: the request of an index is always the same. Pure. */
export interface Workload {
  cells: readonly Cell[];
  uniquePrompts: number | null;
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

/** What tells drawn lengths of prompts from those of answers. */
const promptStream = 1;
const answerStream = 2;
/** What makes the texts of one set of prompts other than those of the next. */
const promptSetSalt = 0x61c88647;
/** The same for the rounds of a run that is repeated. */
const roundSalt = 0x2c1b3c6d;

/** Prompts of warm-up requests come from their own range of indices, so that they do not warm a prefix cache for the measured ones. */
export const warmupIndexBase = 1_000_000_000;

/** The seed of generated texts: another for each set of prompts and each round. Set 0 of round 0 has the scenario's own. */
export function textSeed(seed: number, promptSet: number, round: number): number {
  return (seed ^ Math.imul(promptSet, promptSetSalt) ^ Math.imul(round, roundSalt)) >>> 0;
}

/**
 * @param trace the requests of a recorded trace; they stand instead of prompts and lengths
 * @param round which time the scenario is run, from 0: texts are others, lengths, classes and their order the same
 */
export function createWorkload(
  scenario: Scenario,
  target: Pick<TargetConfig, 'model' | 'max_tokens'>,
  prompts: readonly Prompt[],
  trace: readonly ReplayRow[] = [],
  round = 0,
): Workload {
  const { request } = scenario;
  const cells = grid(scenario, target);
  const cellOf = cellChooser(scenario, cells, prompts.length);
  const recorded = trace.length === 0 ? null : traceRequests(trace, textSeed(scenario.seed, 0, round));
  const drawPrompt = drawerOf(request.prompt_tokens, scenario.seed, promptStream);
  const drawAnswer = drawerOf(request.max_tokens, scenario.seed, answerStream);
  const promptSeed = textSeed(scenario.seed, request.prompt_set ?? 0, round);
  const shared =
    request.shared_prefix_tokens === undefined ? null : sharedPrefixes(request.shared_prefix_tokens, request.shared_prefixes ?? 1, promptSeed);
  const model = askedModel(request, target);
  const common = {
    model,
    stream: request.stream,
    ignoreEos: request.ignore_eos ?? false,
    extraBody: request.extra_body ?? {},
    method: request.method ?? null,
    path: request.path ?? null,
  };
  const bodyOf = httpBody(request.body);

  return {
    cells,
    uniquePrompts:
      request.api === 'http' ? null : (recorded?.uniquePrompts ?? (drawPrompt === null ? uniquePrompts(cells, prompts) : Number.POSITIVE_INFINITY)),
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
      const temperature = request.temperature ?? line?.temperature ?? null;
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

/** Which class the request of an index belongs to: by weight where classes are given, else each in turn. */
function cellChooser(scenario: Scenario, cells: readonly Cell[], prompts: number): (index: number) => Cell {
  const { classes } = scenario.request;
  if (classes?.prompt || classes?.answer) {
    const choose = chooseClasses(classes, scenario.seed);
    const answers = classes.answer?.length ?? 1;
    return (index) => {
      const { prompt, answer } = choose(index);
      return cells[prompt * answers + answer] as Cell;
    };
  }
  const fromFile = cells.every((cell) => cell.promptTokens === null);
  const lap = fromFile ? leastCommonMultiple(cells.length, Math.max(1, prompts)) : Number.POSITIVE_INFINITY;
  return (index) => cells[(index + Math.floor(index / lap)) % cells.length] as Cell;
}

/** Generated prompts are all different. */
function uniquePrompts(cells: readonly Cell[], prompts: readonly Prompt[]): number {
  if (cells.some((cell) => cell.promptTokens !== null)) return Number.POSITIVE_INFINITY;
  return new Set(prompts.map((line) => JSON.stringify(messagesOf(line)))).size;
}

/** After so many requests classes and prompts of a file would pair up as before: the classes then move on by one, so that every prompt meets every class. */
function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (a * b) / divisor;
}

function messagesOf(line: Prompt): readonly Message[] {
  return line.messages ?? [{ role: 'user', content: line.prompt }];
}

function capped(maxTokens: number | null, target: Pick<TargetConfig, 'max_tokens'>): number | null {
  if (target.max_tokens === undefined) return maxTokens;
  return maxTokens === null ? null : Math.min(maxTokens, target.max_tokens);
}

/** A prompt or answer length that requests may have; named where it is a class of a weighted mix. */
interface Length {
  name: string | null;
  tokens: number | null;
}

/** Every prompt length with every answer length; one plain cell where nothing varies. */
function grid(scenario: Scenario, target: Pick<TargetConfig, 'max_tokens'>): Cell[] {
  const { prompt_tokens, max_tokens, classes } = scenario.request;
  // Lengths that are drawn from a distribution are no classes.
  const plain = (lengths: Lengths | null | undefined): Length[] =>
    (Array.isArray(lengths) ? lengths : [null]).map((tokens) => ({ name: null, tokens }));
  const prompts: Length[] = classes?.prompt ?? plain(prompt_tokens);
  const answers: Length[] = classes?.answer?.map((one) => ({ name: one.name, tokens: one.max_tokens })) ?? plain(max_tokens);
  return prompts.flatMap((prompt) =>
    answers.map((answer): Cell => {
      const maxTokens = capped(answer.tokens, target);
      const labels: Record<string, string | number> = {};
      if (prompt.name !== null) labels['prompt_class'] = prompt.name;
      if (answer.name !== null) labels['answer_class'] = answer.name;
      if (prompt.tokens !== null) labels['prompt_tokens'] = prompt.tokens;
      else if (prompt_tokens !== undefined && !Array.isArray(prompt_tokens)) labels['prompt_tokens'] = prompt_tokens.distribution;
      if (maxTokens !== null) labels['max_tokens'] = maxTokens;
      else if (max_tokens !== null && !Array.isArray(max_tokens)) labels['max_tokens'] = max_tokens.distribution;
      const varying = [
        prompts.length > 1 ? nameOf('prompt', prompt, 'prompt_tokens') : '',
        answers.length > 1 ? nameOf('answer', answer, 'max_tokens') : '',
      ].join('');
      return { id: scenario.name + varying, labels, promptTokens: prompt.tokens, maxTokens };
    }),
  );
}

function nameOf(kind: 'prompt' | 'answer', { name, tokens }: Length, setting: string): string {
  return name === null ? `/${setting}=${tokens}` : `/${kind}_class=${name}`;
}
