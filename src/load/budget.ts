import type { Answer, RequestSpec } from '../protocol/protocol.ts';
import { mostTokens } from '../protocol/token-count.ts';

/** What a run may use up at most. */
export interface BudgetLimits {
  /** Prompt and output tokens together; null: no limit. */
  tokens: number | null;
  /** In the currency of the prices; null: no limit. */
  cost: { amount: number; inputPerMillion: number; outputPerMillion: number } | null;
}

/** The limits and the memory that every worker counts in: plain data, for a message between threads. */
export interface BudgetPlan {
  limits: BudgetLimits;
  memory: SharedArrayBuffer;
}

/** What is reserved for a request under way, in tokens. */
export interface TokenBound {
  input: number;
  output: number;
}

/** Money is counted in whole parts of a million millionth: a price of 0.1 per million tokens is 100,000 of them per token. */
const costParts = 1e12;
const slot = { tokens: 0, cost: 1, exhausted: 2, refused: 3 } as const;

/** A budget with its memory, to be handed to the threads that share it. */
export function createBudget(limits: BudgetLimits): BudgetPlan {
  return { limits, memory: new SharedArrayBuffer(Object.keys(slot).length * BigInt64Array.BYTES_PER_ELEMENT) };
}

/**
 * A budget of tokens, of money or of both, shared by all threads of a run: what ended requests used, and of those under way the most that they can use.
 * A request is sent only when all of it fits; after the first one that did not fit none is.
 */
export class Budget {
  private readonly words: BigInt64Array;
  private readonly limits: BudgetLimits;

  constructor({ limits, memory }: BudgetPlan) {
    this.limits = limits;
    this.words = new BigInt64Array(memory);
  }

  /** Sets aside what a request can use at most. False: it does not fit, nothing was set aside and the run is to stop. */
  reserve(bound: TokenBound): boolean {
    if (this.exhausted) return false;
    const { tokens, cost } = this.limits;
    this.add(bound, 1n);
    const over =
      (tokens !== null && Atomics.load(this.words, slot.tokens) > BigInt(Math.floor(tokens))) ||
      (cost !== null && Atomics.load(this.words, slot.cost) > parts(cost.amount * costParts));
    if (!over) return true;
    this.add(bound, -1n);
    // The first that did not fit is told, whoever came after it.
    Atomics.compareExchange(this.words, slot.refused, 0n, whole(bound.input) + whole(bound.output));
    Atomics.store(this.words, slot.exhausted, 1n);
    return false;
  }

  /** The request ended: what it used takes the place of what was set aside. */
  settle(bound: TokenBound, used: TokenBound): void {
    this.add(bound, -1n);
    this.add(used, 1n);
  }

  /** A request did not fit any more. */
  get exhausted(): boolean {
    return Atomics.load(this.words, slot.exhausted) !== 0n;
  }

  /** What the request that did not fit would have set aside, in tokens; null while all did. */
  get refusedTokens(): number | null {
    return this.exhausted ? Number(Atomics.load(this.words, slot.refused)) : null;
  }

  /** What was used, and what is set aside for requests under way. Cost is null without prices. */
  get used(): { tokens: number; cost: number | null } {
    const cost = Number(Atomics.load(this.words, slot.cost)) / costParts;
    return { tokens: Number(Atomics.load(this.words, slot.tokens)), cost: this.limits.cost === null ? null : cost };
  }

  private add({ input, output }: TokenBound, times: bigint): void {
    const [inputs, outputs] = [whole(input), whole(output)];
    Atomics.add(this.words, slot.tokens, times * (inputs + outputs));
    const { cost } = this.limits;
    if (cost === null) return;
    const each = (perMillion: number) => parts((perMillion / 1e6) * costParts);
    Atomics.add(this.words, slot.cost, times * (each(cost.inputPerMillion) * inputs + each(cost.outputPerMillion) * outputs));
  }
}

/** A server may say half a token: it counts as one. No more than a request can use: beyond it the sums, of 64 bits, could run over. */
const whole = (tokens: number): bigint => BigInt(Math.min(mostTokens, Math.max(0, Math.ceil(tokens))));

/** One request's part of a budget, from attempt to attempt. */
export class Allowance {
  private readonly budget: Budget | null;
  private bound: TokenBound | null = null;

  /** @param budget null: nothing is counted */
  constructor(budget: Budget | null) {
    this.budget = budget;
  }

  /** @param bound what the budget has set aside for the first attempt; null: nothing */
  hold(bound: TokenBound | null): void {
    this.bound = bound;
  }

  /** An attempt failed, and may have been paid for all the same; the next one needs a part of its own. False: it has none. */
  renew(answer: Pick<Answer, 'status' | 'inputTokens' | 'outputTokens'>, sent: boolean): boolean {
    const { budget, bound } = this;
    if (budget === null || bound === null) return true;
    this.spend(answer, sent, answer.outputTokens);
    if (!budget.reserve(bound)) return false;
    this.bound = bound;
    return true;
  }

  /** The attempt that it was set aside for is not made. */
  release(): void {
    if (this.bound !== null) this.budget?.settle(this.bound, { input: 0, output: 0 });
    this.bound = null;
  }

  /** An attempt ended. @param sent whether its request was @param outputTokens of the answer, as far as they are known */
  spend(answer: Pick<Answer, 'status' | 'inputTokens'>, sent: boolean, outputTokens: number | null): void {
    if (this.bound !== null) this.budget?.settle(this.bound, tokensUsed(this.bound, answer, sent, outputTokens));
    this.bound = null;
  }
}

const parts = (amount: number): bigint => BigInt(Math.round(amount));

/**
 * The most output tokens that a request can bring: its max_tokens for each of its choices; null where nothing bounds it.
 * What `extra_body` says wins, as it does in the request.
 */
export function outputBound({ maxTokens, extraBody }: Pick<RequestSpec, 'maxTokens' | 'extraBody'>): number | null {
  const number = (name: string) => (typeof extraBody[name] === 'number' ? (extraBody[name] as number) : null);
  const each = number('max_completion_tokens') ?? number('max_tokens') ?? maxTokens;
  // Some servers take -1 for as many as there are.
  return each === null || each < 0 ? null : each * Math.max(1, number('n') ?? 1, number('best_of') ?? 1);
}

/** The most prompt tokens that a request can have: a token is at least one byte of its body, which holds the roles and names that a chat template adds. */
export function inputBound(body: Uint8Array | null): number {
  return body?.length ?? 0;
}

/**
 * What an ended request used: what the server says; where it says nothing, all that was set aside for a request that may have been worked on, and nothing
 * for one that was refused or never sent.
 */
export function tokensUsed(
  bound: TokenBound,
  answer: Pick<Answer, 'status' | 'inputTokens'>,
  sent: boolean,
  outputTokens: number | null,
): TokenBound {
  const worked = sent && (answer.status === null || (answer.status >= 200 && answer.status < 300));
  return { input: answer.inputTokens ?? (worked ? bound.input : 0), output: outputTokens ?? (worked ? bound.output : 0) };
}
