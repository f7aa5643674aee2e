import type { Prompt } from '../config/scenario/prompts.ts';
import type { Scenario } from '../config/scenario/scenario.ts';
import type { ReplayRow } from '../config/scenario/trace-file.ts';
import type { TargetConfig } from '../config/target/target.ts';
import { type GapRule, ownDefinition } from '../measure/definitions.ts';
import type { TransportKind } from '../protocol/connect.ts';
import type { WireContext } from '../protocol/protocol.ts';
import type { Neighbours } from '../workload/exact-neighbours.ts';
import type { BudgetPlan } from './budget.ts';
import type { Deadlines } from './deadlines.ts';
import type { Learned } from './learn.ts';
import type { LoadInput } from './load-run.ts';
import type { RetryPolicy } from './retry.ts';
import { connectTimeoutMs } from './transport-limits.ts';

/** Everything a worker needs to send its share of a scenario: plain data, for a message between threads. */
export interface LoadPlan {
  scenario: Scenario;
  /** What the workload asks of the target; nothing secret. */
  target: Pick<TargetConfig, 'name' | 'model' | 'max_tokens' | 'tokenizer' | 'replica_header'>;
  prompts: Prompt[];
  /** What the first queries of a retrieval should find; null where nobody looked. */
  neighbours: Neighbours | null;
  /** Empty where no trace is replayed. */
  trace: readonly ReplayRow[];
  /** Which time the scenario is run, from 0: generated texts are others each time. */
  round: number;
  origin: string;
  wire: WireContext;
  transport: TransportKind;
  freshConnections: boolean;
  connectTimeoutMs: number;
  /** Over all workers. */
  connections: number;
  deadlines: Deadlines;
  gapRule: GapRule;
  /** Null: no limit on what is used up. */
  budget: BudgetPlan | null;
  retry: RetryPolicy | null;
  /** The tokens of an answer that does not say them are counted. */
  countTokens: boolean;
  /** Machines that share one schedule: this one's place and how many there are. */
  shard: { index: number; count: number };
  /** Threads of this machine. */
  workers: number;
}

/** @param connections of this machine, over all workers */
export function planOf(input: LoadInput, { wire, outputTokens }: Learned, connections: number, workers: number): LoadPlan {
  const { scenario, target, prompts, trace, baseUrl, transport, freshConnections, retry, shard } = input;
  const { name, model, max_tokens, tokenizer, replica_header } = target;
  return {
    scenario,
    target: {
      name,
      ...(model === undefined ? {} : { model }),
      ...(max_tokens === undefined ? {} : { max_tokens }),
      ...(tokenizer === undefined ? {} : { tokenizer }),
      ...(replica_header === undefined ? {} : { replica_header }),
    },
    prompts,
    trace: trace ?? [],
    neighbours: input.neighbours ?? null,
    round: input.round ?? 0,
    origin: new URL(baseUrl).origin,
    wire,
    transport,
    freshConnections,
    connectTimeoutMs: Math.min(connectTimeoutMs, scenario.timeout * 1000),
    connections,
    deadlines: { totalMs: scenario.timeout * 1000, firstTokenMs: inMs(scenario.first_token_timeout), idleMs: inMs(scenario.idle_timeout) },
    gapRule: (input.definition ?? ownDefinition).gaps,
    budget: input.budget ?? null,
    retry,
    countTokens: outputTokens !== 'reported',
    shard,
    workers,
  };
}

function inMs(seconds: number | undefined): number | null {
  return seconds === undefined ? null : seconds * 1000;
}
