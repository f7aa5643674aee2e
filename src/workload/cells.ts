import type { Lengths } from '../config/scenario/lengths.ts';
import type { Scenario } from '../config/scenario/scenario.ts';
import type { TargetConfig } from '../config/target/target.ts';
import { chooseClasses } from './classes.ts';

/** One class of requests whose figures stand apart. */
export interface Cell {
  /** Series id: the scenario's name and `/key=value` for each label that varies. */
  id: string;
  labels: Record<string, string | number>;
  promptTokens: number | null;
  maxTokens: number | null;
}

/** The part of a target that says the longest answer it gives. */
export type CappingTarget = Pick<TargetConfig, 'max_tokens'>;

/** A prompt or answer length that requests may have; named where it is a class of a weighted mix. */
interface Length {
  name: string | null;
  tokens: number | null;
}

/** Every prompt length with every answer length; one plain cell where nothing varies. */
export function gridOf(scenario: Scenario, target: CappingTarget): Cell[] {
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

/** Which class the request of an index belongs to: by weight where classes are given, else each in turn. */
export function cellChooser(scenario: Scenario, cells: readonly Cell[], prompts: number): (index: number) => Cell {
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

/** After so many requests classes and prompts of a file would pair up as before: the classes then move on by one, so that every prompt meets every class. */
function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (a * b) / divisor;
}

/** Null leaves the length to the server, whatever the target's cap. */
export function capped(maxTokens: number | null, target: CappingTarget): number | null {
  if (target.max_tokens === undefined) return maxTokens;
  return maxTokens === null ? null : Math.min(maxTokens, target.max_tokens);
}
