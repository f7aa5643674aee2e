import type { Prompt } from '../config/prompts.ts';
import type { Scenario } from '../config/scenario.ts';
import type { TargetConfig } from '../config/target.ts';
import type { ReplayRow } from '../config/trace-file.ts';
import type { GapRule } from '../measure/definitions.ts';
import type { TransportKind } from '../protocol/connect.ts';
import type { WireContext } from '../protocol/protocol.ts';
import type { BudgetPlan } from './budget.ts';
import type { Deadlines } from './flight.ts';
import type { RetryPolicy } from './retry.ts';

/** Everything a worker needs to send its share of a scenario: plain data, for a message between threads. */
export interface LoadPlan {
  scenario: Scenario;
  /** What the workload asks of the target; nothing secret. */
  target: Pick<TargetConfig, 'name' | 'model' | 'max_tokens' | 'tokenizer' | 'replica_header'>;
  prompts: Prompt[];
  /** Empty where no trace is replayed. */
  trace: readonly ReplayRow[];
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
  /** The server reports no usage: tokens are counted here. */
  countTokens: boolean;
  /** Machines that share one schedule: this one's place and how many there are. */
  shard: { index: number; count: number };
  /** Threads of this machine. */
  workers: number;
}
