import type { Prompt } from '../config/scenario/prompts.ts';
import type { Scenario } from '../config/scenario/scenario.ts';
import type { ReplayRow } from '../config/scenario/trace-file.ts';
import type { TargetConfig } from '../config/target/target.ts';
import type { ConversationMeter } from '../measure/conversation-meter.ts';
import type { Definition } from '../measure/definitions.ts';
import type { Meter, Snapshot } from '../measure/meter.ts';
import type { RequestRecord } from '../measure/record.ts';
import type { ClientFigures } from '../measure/validity.ts';
import type { TransportKind } from '../protocol/connect.ts';
import type { WarmReport } from '../protocol/transport.ts';
import type { Neighbours } from '../workload/exact-neighbours.ts';
import type { Workload } from '../workload/workload.ts';
import type { BudgetPlan } from './budget.ts';
import type { Executor, Phase, PhaseOutcome, StopReason } from './executor.ts';
import type { RetryPolicy } from './retry.ts';
import type { warmUpLatency } from './warm-up.ts';

/** What one run is given. */
export interface LoadInput {
  scenario: Scenario;
  target: TargetConfig;
  baseUrl: string;
  /** The target's own headers, the API key among them. */
  targetHeaders: Readonly<Record<string, string>>;
  prompts: Prompt[];
  /** The requests of a recorded trace, for the executor that replays one. */
  trace?: readonly ReplayRow[];
  /** What the first queries of a retrieval should find. */
  neighbours?: Neighbours | null;
  /** Which time the scenario is run, from 0 (left out: 0); `workload` is that round's. */
  round?: number;
  workload: Workload;
  executor: Executor<unknown>;
  transport: TransportKind;
  freshConnections: boolean;
  retry: RetryPolicy | null;
  userAgent: string;
  /** The file that worker threads are started from. */
  entryUrl: URL;
  /** Threads that send; null: one per spare core. */
  workers: number | null;
  /** This machine's part of a schedule that several share, and when it starts (epoch ms; null: at once). */
  shard: { index: number; count: number };
  startAtEpochMs: number | null;
  /** What times mean; left out: our own definitions. */
  definition?: Definition;
  /** What the run may use up, shared with the runs before and after it; left out: no limit. */
  budget?: BudgetPlan | null;
  /** Aborting stops the run and keeps what was measured; the signal's reason is the stop reason. */
  signal: AbortSignal;
  /** Awaited after the warm-up, before the measured window. */
  beforeMeasured?: () => Promise<void>;
  onSnapshot?: (snapshot: Snapshot) => void;
  onRecord?: (record: RequestRecord) => void;
  /** Handed what steers the load, as its measured window begins. */
  onControl?: (control: LoadControl) => void;
}

/** Steers a load that is under way. */
export interface LoadControl {
  /** For an executor whose users can be set while it runs; nothing happens for others. */
  setUsers(users: number): void;
  /** Ends the sending as if the load had come to its end; what is in flight is waited for. */
  finish(): void;
}

/**
 * Where the number of an answer's output tokens comes from. `reported`: the server says it, or nobody does. `counted`: here, since the server reports none.
 * `either`: the request that asked failed, so an answer that does not say is counted here, and one that does is believed.
 */
export type TokenSource = 'reported' | 'counted' | 'either';

/** One run of a scenario against a running service. */
export interface LoadOutcome {
  meter: Meter;
  /** Null where requests do not depend on each other. */
  conversations: ConversationMeter | null;
  phases: { phase: Phase; outcome: PhaseOutcome }[];
  started: string;
  durationSeconds: number;
  client: ClientFigures;
  workers: number;
  stopReason: StopReason;
  outputTokens: TokenSource;
  /** What the request took that was sent ahead of everything else: to its first output (or its end, where it was not streamed), ms; null where none was, or it failed. */
  firstAnswerMs: number | null;
  warm: WarmReport[];
  /** Latency of the warm-up; null where fewer than two of its requests succeeded. */
  warmUp: ReturnType<typeof warmUpLatency>;
}
