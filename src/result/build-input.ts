import type { Scenario } from '../config/scenario/scenario.ts';
import type { TargetConfig } from '../config/target/target.ts';
import type { Phase, PhaseOutcome, StopReason } from '../load/executor.ts';
import type { CompatDefinition } from '../measure/compat.ts';
import type { ConversationMeter } from '../measure/conversation-meter.ts';
import type { Meter } from '../measure/meter.ts';
import type { ClientFigures, ValidityFinding } from '../measure/validity.ts';
import type { MachineEnvironment } from '../observe/environment.ts';
import type { Workload } from '../workload/workload.ts';
import type { ResultDocument } from './document.ts';

/** One run as the load room hands it over. */
export interface MeasuredRun {
  /** Latency of the warm-up; left out or null: there was none. */
  warmUp?: { requests: number; mean_latency_s: number; stddev_latency_s: number } | null;
  meter: Meter;
  /** Left out or null where requests do not depend on each other. */
  conversations?: ConversationMeter | null;
  phases: { phase: Phase; outcome: PhaseOutcome }[];
  /** ISO 8601. */
  started: string;
  /** From the start of the measured window to the last answer. */
  durationSeconds: number;
  client: ClientFigures;
  stopReason: StopReason;
  /** Threads that sent; left out where nobody counted. */
  workers?: number;
}

/** What a result document is made of: one run, what was to be run, and where. */
export interface BuildInput {
  run: MeasuredRun;
  scenario: Scenario;
  target: Pick<TargetConfig, 'name' | 'model' | 'replicas' | 'expected_concurrency'>;
  baseUrl: string;
  workload: Pick<Workload, 'cells' | 'uniquePrompts' | 'promptSource'>;
  /** The most requests in flight that the executor asked for, over all machines; null where it is not known. */
  concurrency: number | null;
  findings: ValidityFinding[];
  /** Percent; a run with more errors is no baseline. */
  maxErrorRate: number;
  environment: MachineEnvironment;
  cohort: string;
  tool: { name: string; version: string };
  git: ResultDocument['git'];
  ci: ResultDocument['ci'];
  config: ResultDocument['config'];
  notes: { itl?: string; outputTokens?: string };
  /** The definitions of another tool that the meter folded its times under; null: our own. */
  compat?: CompatDefinition | null;
  /** This machine's part of a load that several share, counted from 0; null: all of it. */
  shard?: { index: number; count: number } | null;
}
