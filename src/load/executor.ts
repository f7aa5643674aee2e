import type * as z from 'zod';
import type { ReplayRow } from '../config/scenario/trace-file.ts';
import type { Snapshot } from '../measure/meter.ts';
import type { Slo } from '../measure/slo.ts';

/** A closed loop: users who each wait for their answer before the next request. Pure: asked with the time since the phase began. */
export interface ClosedPacer {
  kind: 'closed';
  /** How many users are active. */
  usersAt(elapsedMs: number): number;
  /** When `usersAt` changes next; null when it stays. */
  nextChangeMs(elapsedMs: number): number | null;
  /** The most users there will be: connections to open ahead. */
  maxUsers: number;
  thinkMs: number;
  /** Another number of users may be set while the phase runs. */
  adjustable?: boolean;
}

/** An open loop: arrivals by a schedule that does not wait for answers. */
export interface OpenPacer {
  kind: 'open';
  /** Arrivals in order, ms from the phase's start; null after the last. */
  next(): number | null;
  /** Arrivals beyond this many requests in flight are dropped and counted. */
  maxInFlight: number;
}

export type Pacer = ClosedPacer | OpenPacer;

/** A stretch of a run under one pacer; its label, when it has one, sets its series apart. */
export interface Phase {
  label: Record<string, string | number>;
  pacer: Pacer;
  requests: number | null;
  durationMs: number | null;
}

/** What a phase came to, for executors that choose the next one by it. */
export interface PhaseOutcome extends Snapshot {
  durationMs: number;
  /** A rule of the scenario's `stop` also where its load had been sent by the time that it was broken. */
  stopReason: StopReason;
  /** Arrivals that were not sent because too many requests were in flight. */
  dropped: number;
}

/** `ended`: somebody asked for the end on the dashboard. */
export type StopReason = 'completed' | 'duration' | 'error_rate' | 'p95_latency' | 'budget' | 'ended' | 'interrupted' | 'service_crashed';

/** An arrival pattern: its options, their validation and its pure schedule, a file each. */
export interface Executor<Options = never> {
  name: string;
  /** Options as written under `load:`, without `executor`. */
  schema: z.ZodType<Options>;
  /** The most requests that may be in flight at once, for people and for the connection pool. */
  concurrency(options: Options): number;
  /** Connections to open before the first request; left out: as many as `concurrency`. */
  connectionsAhead?(options: Options): number;
  /** How much the whole run is, for people who wait for its end; left out: the options `requests` and `duration`. */
  size?(options: Options): { requests: number | null; durationMs: number | null };
  /** What a request must keep within to be counted as good in each phase's figures. */
  slo?(options: Options): Slo | null;
  /** A phase that a stop rule ended is followed by the next all the same: the executor is looking for that very point. */
  continuesAfterStop?: boolean;
  /** The same phases in the main thread and in every worker: pure in what it is given. @param trace the requests of a recorded trace; empty where none is replayed */
  phases(options: Options, seed: number, trace: readonly ReplayRow[]): Generator<Phase, void, PhaseOutcome>;
}
