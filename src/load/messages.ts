import type { ClientFigures } from '../measure/validity.ts';
import type { WarmReport } from '../protocol/transport.ts';
import type { PhaseOutcome, StopReason } from './executor.ts';
import type { CountsOfPhase } from './phase-counts.ts';
import type { LoadPlan } from './plan.ts';
import type { RecordBatch } from './rows.ts';
import type { WarmUpLatencies } from './warm-up.ts';

/** What a worker is started with. */
export interface WorkerData {
  role: 'load-worker';
  entryUrl: string;
}

/** Main thread to worker. */
export type Command =
  /** Begins a load, for the worker of this index. Two words are counted in by all, anew in each phase: the next index, and what a schedule has in flight. */
  | { type: 'plan'; plan: LoadPlan; index: number; counters: SharedArrayBuffer }
  | { type: 'warm'; connections: number; requests: number; concurrency: number }
  /** The next phase of the scenario's executor, by the outcome of the one before; begins at a time common to all. Records count from the origin. */
  | { type: 'phase'; outcome: PhaseOutcome | null; originMs: number; startMs: number; firstIndex: number }
  /** How many users are to be active from now on, over all workers; for a phase that can be adjusted. */
  | { type: 'users'; users: number }
  | { type: 'end-sending'; reason: StopReason }
  | { type: 'abort'; reason: StopReason }
  /** Ends the load: the next plan may follow. */
  | { type: 'close' };

/** Worker to main thread. */
export type Report =
  | { type: 'ready' }
  | { type: 'warmed'; connections: WarmReport; latencies: WarmUpLatencies }
  | { type: 'batch'; batch: RecordBatch | null; inFlight: number }
  | { type: 'phase-ended'; stopReason: StopReason; dropped: number; endedMs: number; counts: CountsOfPhase }
  | { type: 'closed'; client: ClientFigures };
