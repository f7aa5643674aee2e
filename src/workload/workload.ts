import type { Prompt } from '../config/prompts.ts';
import type { Scenario } from '../config/scenario.ts';
import type { TargetConfig } from '../config/target.ts';
import { generatePrompt } from './generate.ts';
import type { Message, RequestSpec } from './request-spec.ts';

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
  request(index: number): { spec: RequestSpec; cell: Cell };
}

/** Prompts of warm-up requests come from their own range of indices, so that they do not warm a prefix cache for the measured ones. */
export const warmupIndexBase = 1_000_000_000;

export function createWorkload(scenario: Scenario, target: Pick<TargetConfig, 'model' | 'max_tokens'>, prompts: readonly Prompt[]): Workload {
  const { request } = scenario;
  const cells = grid(scenario, target);
  const lap = usesFile(cells) ? leastCommonMultiple(cells.length, Math.max(1, prompts.length)) : Number.POSITIVE_INFINITY;
  const model = target.model ?? null;
  const common = {
    model,
    stream: request.stream,
    ignoreEos: request.ignore_eos ?? false,
    extraBody: request.extra_body ?? {},
    method: request.method ?? null,
    path: request.path ?? null,
    body: request.body === undefined ? null : Buffer.from(request.body),
  };

  return {
    cells,
    uniquePrompts:
      request.api === 'http'
        ? null
        : request.prompt_tokens
          ? Number.POSITIVE_INFINITY
          : new Set(prompts.map((line) => JSON.stringify(messagesOf(line)))).size,
    request(index) {
      const cell = cells[(index + Math.floor(index / lap)) % cells.length] as Cell;
      const line = cell.promptTokens === null ? prompts[index % Math.max(1, prompts.length)] : undefined;
      const maxTokens = cell.maxTokens ?? capped(line?.max_tokens ?? null, target);
      const messages =
        cell.promptTokens === null
          ? line === undefined
            ? []
            : messagesOf(line)
          : [{ role: 'user' as const, content: generatePrompt(cell.promptTokens, scenario.seed, index) }];
      const temperature = request.temperature ?? line?.temperature ?? null;
      return { cell, spec: { ...common, messages, maxTokens, minTokens: common.ignoreEos ? maxTokens : null, temperature } };
    },
  };
}

function usesFile(cells: readonly Cell[]): boolean {
  return cells.every((cell) => cell.promptTokens === null);
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

/** Every prompt length with every answer length; one plain cell where nothing varies. */
function grid(scenario: Scenario, target: Pick<TargetConfig, 'max_tokens'>): Cell[] {
  const promptLengths = scenario.request.prompt_tokens ?? [null];
  const answerLengths = scenario.request.max_tokens ?? [null];
  const cells: Cell[] = [];
  for (const promptTokens of promptLengths) {
    for (const wanted of answerLengths) {
      const maxTokens = capped(wanted, target);
      const labels: Record<string, string | number> = {};
      if (promptTokens !== null) labels['prompt_tokens'] = promptTokens;
      if (maxTokens !== null) labels['max_tokens'] = maxTokens;
      const varying = [
        promptLengths.length > 1 ? `/prompt_tokens=${promptTokens}` : '',
        answerLengths.length > 1 ? `/max_tokens=${wanted}` : '',
      ].join('');
      cells.push({ id: scenario.name + varying, labels, promptTokens, maxTokens });
    }
  }
  return cells;
}
