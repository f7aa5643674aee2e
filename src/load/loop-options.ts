import type { GapRule } from '../measure/definitions.ts';
import type { RequestRecord } from '../measure/record.ts';
import type { Protocol, WireContext } from '../protocol/protocol.ts';
import type { Transport } from '../protocol/transport.ts';
import type { Neighbours } from '../workload/exact-neighbours.ts';
import type { Workload } from '../workload/workload.ts';
import type { Alarm } from './alarm.ts';
import type { AnswerChecker } from './answer-check.ts';
import type { Budget } from './budget.ts';
import type { Deadlines } from './deadlines.ts';
import type { Phase, StopReason } from './executor.ts';
import type { Share } from './open-driver.ts';
import type { SchemaRegistrar } from './registration.ts';
import type { RetryPolicy } from './retry.ts';

/** What a loop is made with. */
export interface LoopOptions {
  transport: Transport;
  protocol: Protocol;
  wire: WireContext;
  workload: Workload;
  deadlines: Deadlines;
  gapRule: GapRule;
  retry: RetryPolicy | null;
  countTokens: ((text: string) => number) | null;
  budget: Budget | null;
  /** The scenario's name, which every series begins with. */
  scenario: string;
  /** The response header (lower case) that names replicas; left out: none. */
  replicaHeader?: string | null;
  /** An answer of another model than the one asked is a failure. */
  checkModel: boolean;
  /** Which arrivals of an open schedule are this loop's. */
  share: Share;
  /** The alarm that open schedules are kept by; created on first use. */
  alarm: () => Alarm;
  /** Holds answers against their schemas; null where there are none. */
  checker: AnswerChecker | null;
  /** What the first queries of a retrieval should find; null where nobody looked. */
  neighbours: Neighbours | null;
  /** Makes schemas known to the server before they are used; null where that is not asked for. */
  registrar: SchemaRegistrar | null;
  /** Called for each measured request that ended, and for each that was given up. */
  onRecord(record: RequestRecord): void;
  /** Called for each request of the warm-up that ended. */
  onWarmUp(record: RequestRecord): void;
}

/** A phase for this loop: the pacer's share is already its own. */
export interface LoopPhase {
  phase: Phase;
  /** performance.now() at which it begins. */
  startMs: number;
  /** Index of the phase's first request. */
  firstIndex: number;
  takeIndex(): number | null;
  /** Whether `takeIndex` has no more to give. */
  exhausted(): boolean;
  /** The word in which the threads of a machine count what a schedule has in flight; left out: this thread is alone. */
  inFlight?: Int32Array;
  measured: boolean;
}

export interface LoopOutcome {
  stopReason: StopReason;
  dropped: number;
  endedMs: number;
}
