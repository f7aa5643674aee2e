import { resolve } from 'node:path';
import { UserError } from '../../config/errors.ts';
import { type Prompt, readPrompts } from '../../config/scenario/prompts.ts';
import { type Scenario, scenarioName } from '../../config/scenario/scenario.ts';
import { readShareGpt, type ShareGptOptions } from '../../config/scenario/sharegpt.ts';
import { type ReplayOptions, type ReplayRow, readTrace, replayRows } from '../../config/scenario/trace-file.ts';
import type { TargetConfig } from '../../config/target/target.ts';
import type { Executor } from '../../load/executor.ts';
import { executors } from '../../load/executors/registry.ts';
import type { Neighbours } from '../../workload/exact-neighbours.ts';
import { openWorkload } from '../../workload/open.ts';
import { shareGptPrompts } from '../../workload/sharegpt.ts';
import { loadTokenizer } from '../../workload/tokenizer.ts';

/** A scenario with everything read that its requests need. */
export interface Plan {
  scenario: Scenario;
  executor: Executor<unknown>;
  workload: ReturnType<typeof openWorkload>;
  prompts: Prompt[];
  /** Empty where no trace is replayed. */
  trace: ReplayRow[];
  /** Null where nothing is retrieved, or not held against an exact search; looked for once it is known that the target offers a search (offered.ts). */
  neighbours: Neighbours | null;
}

/** @throws UserError (2) for prompts or a trace that cannot be read */
export async function planScenario(scenario: Scenario, target: TargetConfig, root: string): Promise<Plan> {
  const executor = executors.get(scenario.load.executor);
  if (!executor) throw new UserError(`scenario ${scenario.name}: no executor is named ${scenario.load.executor}`);
  const usesFile = scenario.request.api !== 'http' && scenario.request.prompt_tokens === undefined;
  const { sharegpt, prompts } = scenario.request;
  const lines =
    sharegpt !== undefined
      ? await conversationPrompts(scenario, sharegpt, target, root)
      : usesFile && prompts !== undefined
        ? await readPrompts(resolve(root, prompts))
        : [];
  const { load } = scenario;
  const trace = load.executor === 'trace' ? replayRows(await readTrace(resolve(root, String(load['file']))), load as unknown as ReplayOptions) : [];
  return {
    scenario,
    executor,
    workload: openWorkload(scenario, target, { prompts: lines, trace }),
    prompts: lines,
    trace,
    neighbours: null,
  };
}

/** The plan as it is driven the `round`-th time, from 0: generated prompts are others, so that a prefix cache holds none of them from the time before. */
export function inRound(plan: Plan, target: TargetConfig, round: number): Plan {
  return round === 0 ? plan : { ...plan, workload: openWorkload(plan.scenario, target, { prompts: plan.prompts, trace: plan.trace, round }) };
}

/** The plans by the scenario that they are parts of, in their order; a plan without is a scenario of its own. */
export function scenariosOf(plans: readonly Plan[]): { plan: Plan; index: number }[][] {
  const byName = new Map<string, { plan: Plan; index: number }[]>();
  for (const [index, plan] of plans.entries()) {
    const name = scenarioName(plan.scenario);
    byName.set(name, [...(byName.get(name) ?? []), { plan, index }]);
  }
  return [...byName.values()];
}

/** @throws UserError (2) when no conversation passes the filters */
async function conversationPrompts({ name }: Scenario, options: ShareGptOptions, target: TargetConfig, root: string): Promise<Prompt[]> {
  const conversations = await readShareGpt(resolve(root, options.file), options.file);
  const { prompts, leftOut } = shareGptPrompts(conversations, options, await loadTokenizer(target.tokenizer));
  if (prompts.length > 0) return prompts;
  const { noAnswer, promptLength, answerLength } = leftOut;
  throw new UserError(
    `scenario ${name}: none of the ${conversations.length} conversations in ${options.file} can be used: ${noAnswer} have no question with an answer, ${promptLength} have a prompt and ${answerLength} an answer outside the bounds of length`,
    { hint: 'Widen min_prompt_tokens, max_prompt_tokens, min_answer_tokens or max_answer_tokens under request.sharegpt.' },
  );
}

/** How much is planned, for people: null where the scenario does not say. */
export function sizeOf({ scenario: { load, seed }, executor, trace }: Plan): {
  requests: number | null;
  durationMs: number | null;
  concurrency: number | null;
} {
  const first = executor.phases(load, seed, trace).next();
  const concurrency = first.done || first.value.pacer.kind === 'open' ? null : executor.concurrency(load);
  if (trace.length > 0) return { requests: trace.length, durationMs: null, concurrency };
  const { requests, duration } = load as { requests?: number; duration?: number };
  const size = executor.size?.(load) ?? { requests: requests ?? null, durationMs: duration === undefined ? null : duration * 1000 };
  return { ...size, concurrency };
}
