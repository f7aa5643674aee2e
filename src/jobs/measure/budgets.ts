import { UserError } from '../../config/errors.ts';
import type { TargetConfig } from '../../config/target/target.ts';
import { Budget, type BudgetLimits, type BudgetPlan, createBudget, inputBound, outputBound, type TokenBound } from '../../load/budget.ts';
import { boundAhead } from '../../load/learn.ts';
import { protocolOf } from '../../protocol/registry.ts';
import type { ResultDocument } from '../../result/document.ts';
import { askedModel } from '../../workload/request-spec.ts';
import type { Workload } from '../../workload/workload.ts';
import type { RunShape, ShapedPlan } from './shape.ts';

type Limits = Pick<RunShape, 'maxTotalTokens' | 'maxCost'>;

/**
 * Refuses a budget that nothing bounds, or that no request fits into, before anything is started.
 * @throws UserError (2)
 */
export function checkBudget(limits: Limits, plans: readonly ShapedPlan[], target: TargetConfig): void {
  const { maxTotalTokens, maxCost } = limits;
  if (maxCost !== null && target.prices === undefined) {
    throw new UserError(`--max-cost: the target ${target.name} has no prices`, {
      hint: 'Give it `prices: { input_per_million, output_per_million }`, or limit tokens with --max-total-tokens.',
    });
  }
  if (maxCost === null && maxTotalTokens === null) return;
  for (const plan of plans) {
    const { scenario, workload } = plan;
    if (scenario.request.api === 'http') throw new UserError(`scenario ${scenario.name}: plain HTTP uses no tokens that a budget could count`);
    if (!outputsBounded(workload)) {
      throw new UserError(`scenario ${scenario.name}: a budget needs a most for each answer, and a prompt without max_tokens has none`, {
        hint: 'Give --max-tokens, or max_tokens in the scenario or in each line of the prompts.',
      });
    }
    const bound = boundAhead(plan);
    if (bound !== null && !fits(1, bound, limits, target)) {
      throw new UserError(`scenario ${scenario.name}: not even one request fits into ${flagsOf(limits)}: ${setAside(bound, target)}`, {
        hint: 'Give more, or ask for less: --max-tokens, shorter prompts.',
      });
    }
  }
}

/** That so many users at once may end the run long before its budget is used, in a sentence; null where they do not. @param users null: nobody knows how many requests there are at once */
export function crowdedSentence(plan: ShapedPlan, users: number | null, limits: Limits, target: TargetConfig): string | null {
  const bound = users === null ? null : boundAhead(plan);
  if (users === null || bound === null || fits(users, bound, limits, target)) return null;
  return `warning: ${plan.scenario.name}: ${flagsOf(limits)} does not hold ${users} requests at once, so the run may end long before that is used: ${setAside(bound, target)}`;
}

function fits(requests: number, { input, output }: TokenBound, limits: Limits, target: TargetConfig): boolean {
  const plan = budgetOf(limits, target);
  return plan === null || new Budget(plan).reserve({ input: requests * input, output: requests * output });
}

function flagsOf({ maxTotalTokens, maxCost }: Limits): string {
  return [maxTotalTokens === null ? [] : `--max-total-tokens ${maxTotalTokens}`, maxCost === null ? [] : `--max-cost ${maxCost}`]
    .flat()
    .join(' and ');
}

function setAside({ input, output }: TokenBound, { prices }: TargetConfig): string {
  const cost = prices === undefined ? '' : `, ${priced(input, output, prices)}`;
  return `each sets aside ${input + output} tokens, ${input} for its prompt (one for each byte of its body) and ${output} for its answer${cost}`;
}

function priced(input: number, output: number, prices: NonNullable<TargetConfig['prices']>): string {
  const cost = (input * prices.input_per_million + output * prices.output_per_million) / 1e6;
  return `${cost.toPrecision(3)}${prices.currency === undefined ? '' : ` ${prices.currency}`}`;
}

/** Why a budget left nothing to be measured, in a sentence; null where it did not. */
export function emptiedByBudget({ results, stop_reason, budget }: ResultDocument): string | null {
  if (results.total_requests > 0 || stop_reason !== 'budget') return null;
  const { used_tokens, refused_tokens } = (budget ?? {}) as { used_tokens?: number; refused_tokens?: number };
  const figures =
    used_tokens === undefined || refused_tokens === undefined
      ? ''
      : `: ${used_tokens} tokens were used before the load, and its first request would have set aside ${refused_tokens} more`;
  return `no request was measured, for none fitted into the budget${figures}; give more, or ask for less`;
}

/** Requests looked at to see what bounds them: a file's prompts come again after so many at most. */
const enoughToSee = 10_000;

function outputsBounded({ request, uniquePrompts, cells }: Workload): boolean {
  const lap = Math.min(enoughToSee, (uniquePrompts !== null && Number.isFinite(uniquePrompts) ? uniquePrompts : 1) * cells.length);
  for (let index = 0; index < Math.max(1, lap); index++) if (outputBound(request(index).spec) === null) return false;
  return true;
}

/** The shared budget of all runs of an invocation; null where none was asked for. */
export function budgetOf({ maxTotalTokens, maxCost }: Limits, { prices }: TargetConfig): BudgetPlan | null {
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
    refused_tokens: budget.refusedTokens,
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
  return `${bound}, ${priced(input, output, prices)} by the target's prices`;
}
