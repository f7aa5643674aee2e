import { UserError } from '../../config/errors.ts';
import type { Scenario } from '../../config/scenario/scenario.ts';
import type { ReplayRow } from '../../config/scenario/trace-file.ts';
import type { TargetConfig } from '../../config/target/target.ts';
import { Budget, type BudgetLimits, type BudgetPlan, createBudget, inputBound, outputBound } from '../../load/budget.ts';
import type { Executor, Phase } from '../../load/executor.ts';
import { type CompatDefinition, type CompatName, compatDefinition } from '../../measure/compat.ts';
import { protocolOf } from '../../protocol/registry.ts';
import { askedModel } from '../../workload/request-spec.ts';
import type { Workload } from '../../workload/workload.ts';

/** How a measurement is made beside what its configuration says: flags of one invocation. */
export interface RunShape {
  /** Threads that send; auto: one per spare core; null: what the scenario says, and else the same. */
  workers: number | 'auto' | null;
  /** This machine's part of a load that several share, counted from 0. */
  shard: { index: number; count: number };
  /** When the machines begin together; null: at once. */
  startAtEpochMs: number | null;
  /** Whose definitions times are folded under; null: our own. */
  compat: CompatName | null;
  /** Stop before more than this is used up; null: no limit. */
  maxTotalTokens: number | null;
  maxCost: number | null;
}

export const plainShape: RunShape = {
  workers: null,
  shard: { index: 0, count: 1 },
  startAtEpochMs: null,
  compat: null,
  maxTotalTokens: null,
  maxCost: null,
};

/** What of a planned scenario bounds its use of tokens. */
export interface ShapedPlan {
  scenario: Scenario;
  executor: Executor<unknown>;
  /** Empty where no trace is replayed. */
  trace: readonly ReplayRow[];
  workload: Workload;
  requests: number | null;
}

/**
 * Refuses what could not come out right, before anything is started.
 * @throws UserError (2) for a start that has passed, a shard of several scenarios or runs or of a load that cannot be divided, and a budget that nothing bounds
 */
export function checkShape(shape: RunShape, plans: readonly ShapedPlan[], target: TargetConfig, runs: number): void {
  const { shard, startAtEpochMs, maxCost } = shape;
  if (startAtEpochMs !== null && startAtEpochMs < Date.now()) {
    throw new UserError(`--start-at: expected a time to come, found ${new Date(startAtEpochMs).toISOString()}, which has passed`, {
      hint: 'Leave time for the service to start and to warm up.',
    });
  }
  if ((shard.count > 1 || startAtEpochMs !== null) && (plans.length > 1 || runs > 1)) {
    throw new UserError(`--shard and --start-at begin one run of one scenario together, found ${plans.length} scenarios and ${runs} runs`, {
      hint: 'The machines would drift apart after the first: run them one by one, each with its own --start-at.',
    });
  }
  if (shard.count > 1) for (const plan of plans) checkDivisible(plan, shard.count);
  if (maxCost !== null && target.prices === undefined) {
    throw new UserError(`--max-cost: the target ${target.name} has no prices`, {
      hint: 'Give it `prices: { input_per_million, output_per_million }`, or limit tokens with --max-total-tokens.',
    });
  }
  if (maxCost === null && shape.maxTotalTokens === null) return;
  for (const { scenario, workload } of plans) {
    if (scenario.request.api === 'http') throw new UserError(`scenario ${scenario.name}: plain HTTP uses no tokens that a budget could count`);
    if (!outputsBounded(workload)) {
      throw new UserError(`scenario ${scenario.name}: a budget needs a most for each answer, and a prompt without max_tokens has none`, {
        hint: 'Give --max-tokens, or max_tokens in the scenario or in each line of the prompts.',
      });
    }
  }
}

/** @throws UserError (2) for a load that so many machines could not drive as one does */
function checkDivisible({ scenario: { name, load, seed }, executor, trace }: ShapedPlan, machines: number): void {
  const refuse = (what: string, hint?: string) =>
    new UserError(`scenario ${name}: --shard cannot divide ${what}`, hint === undefined ? {} : { hint });
  if (executor.continuesAfterStop) throw refuse(`the executor ${executor.name}, which chooses each load by what one machine saw of the last`);
  // What is left chooses its phases by nothing that was seen.
  const phases = [...(executor.phases(load, seed, trace) as Iterable<Phase>)];
  if (phases.length > 1 && phases.some(({ requests }) => requests !== null)) {
    throw refuse(
      `levels that end by their number of requests: each machine would end them at its own time, and be at another level than the others`,
      'Give the levels a `duration` instead.',
    );
  }
  for (const { pacer } of phases) {
    if (pacer.kind === 'open' && pacer.maxInFlight < machines)
      throw refuse(
        `max_in_flight ${pacer.maxInFlight} among ${machines} machines: one without a part of it would drop all of its arrivals`,
        `Give max_in_flight at least ${machines}, or use fewer machines.`,
      );
  }
}

/** Requests looked at to see what bounds them: a file's prompts come again after so many at most. */
const enoughToSee = 10_000;

function outputsBounded({ request, uniquePrompts, cells }: Workload): boolean {
  const lap = Math.min(enoughToSee, (uniquePrompts !== null && Number.isFinite(uniquePrompts) ? uniquePrompts : 1) * cells.length);
  for (let index = 0; index < Math.max(1, lap); index++) if (outputBound(request(index).spec) === null) return false;
  return true;
}

/** The shared budget of all runs of an invocation; null where none was asked for. */
export function budgetOf({ maxTotalTokens, maxCost }: RunShape, { prices }: TargetConfig): BudgetPlan | null {
  if (maxTotalTokens === null && maxCost === null) return null;
  const limits: BudgetLimits = { tokens: maxTotalTokens, cost: null };
  if (maxCost !== null && prices)
    limits.cost = { amount: maxCost, inputPerMillion: prices.input_per_million, outputPerMillion: prices.output_per_million };
  return createBudget(limits);
}

/** What the result says of a budget. */
export function budgetBlock(plan: BudgetPlan, { prices }: TargetConfig): Record<string, unknown> {
  const budget = new Budget(plan);
  const { tokens, cost } = budget.used;
  return {
    max_total_tokens: plan.limits.tokens,
    max_cost: plan.limits.cost?.amount ?? null,
    currency: prices?.currency ?? null,
    used_tokens: tokens,
    used_cost: cost,
    exhausted: budget.exhausted,
  };
}

/**
 * The most tokens that a paid target can be asked for, in a sentence; null where the target has no prices or nothing bounds it. Prompts are taken at
 * one token per byte of the request, which no tokenizer exceeds.
 */
export function boundSentence(
  { scenario, workload, requests }: ShapedPlan,
  { name: target, prices, paid, model }: TargetConfig,
  runs: number,
): string | null {
  const protocol = protocolOf(scenario.request);
  const asked = askedModel(scenario.request, { ...(model === undefined ? {} : { model }) });
  if ((prices === undefined && paid !== true) || !protocol || scenario.request.api === 'http') return null;
  const costs = paid === true ? `costs apply on target ${target}; ` : '';
  if (requests === null || !outputsBounded(workload))
    return costs === '' ? null : `${scenario.name}: ${costs}nothing bounds the tokens: give -n and --max-tokens, or --max-total-tokens`;
  const wire = { basePath: '', headers: [], includeUsage: true, continuousUsage: true };
  const seen = Math.min(requests, enoughToSee);
  let [input, output] = [0, 0];
  for (let index = 0; index < seen; index++) {
    const { spec } = workload.request(index);
    input += inputBound(protocol.encode(spec, wire).body);
    output += outputBound(spec) ?? 0;
  }
  const times = (runs * (requests + scenario.warmup)) / Math.max(1, seen);
  [input, output] = [Math.ceil(input * times), Math.ceil(output * times)];
  const count = (value: number) => value.toLocaleString('en-US');
  const bound = `${scenario.name}: ${costs}at most about ${count(input)} prompt tokens and ${count(output)} output tokens${asked === null ? '' : ` of ${asked}`}`;
  if (prices === undefined) return bound;
  const cost = (input * prices.input_per_million + output * prices.output_per_million) / 1e6;
  const price = `${cost.toPrecision(3)}${prices.currency === undefined ? '' : ` ${prices.currency}`}`;
  return `${bound}, ${price} by the target's prices`;
}

/** The other tool's definitions that times and rates are to follow; null: our own. */
export function definitionOf({ compat }: RunShape): CompatDefinition | null {
  return compat === null ? null : compatDefinition(compat);
}
