import type { TimelineBucket } from './timeline.ts';

/** What the client knows of its own state while it measured; shares are of the wall time, 0 to 1, and of the busiest sending thread. */
export interface ClientFigures {
  /** Of the whole process. */
  cpuSeconds: number;
  wallSeconds: number;
  /** The event loop had something to do. */
  loopUtilization: number;
  eventLoopP99Ms: number;
  /** The thread ran on a core. */
  threadCpu: number;
  /** The thread was ready to run and others had the core; null where the system does not say. */
  runQueueWait: number | null;
  /** Seconds, of those looked at one by one, in which the client itself was saturated. */
  saturatedSeconds: number;
}

/** A finding about the measurement itself; the shape is the result document's. */
export interface ValidityFinding {
  name: string;
  ok: boolean;
  /** fatal: the client is at fault and the measurement is not valid. advice: told, never fails. */
  severity: 'fatal' | 'advice';
  detail: string;
}

/** What this machine had no socket, port or memory for. */
export interface ClientLimit {
  /** Requests that failed by it. */
  requests: number;
  /** Attempts of requests that were sent again. */
  attempts: number;
  /** What it said of one of them. */
  example: string;
}

/** How an open schedule was kept. */
export interface ScheduleFigures {
  /** Sends later than `lateBoundMs` allows. */
  lateSends: number;
  sends: number;
  /** Requests that were to be sent, without those that were dropped. */
  arrivals: number;
  latenessP99Ms: number | null;
  /** Arrivals that were not sent because too many requests were in flight. */
  dropped: number;
  /** `max_in_flight` was set by the user, who so asked for drops. */
  dropsAskedFor: boolean;
}

/** What the client was certified for, beside a server of known timings. */
export interface CertifiedFigures {
  /** The client's own error of TTFT, ms. */
  timingErrorMs: { p50: number | null; p99: number | null };
  /** What one sending thread can take. */
  ceiling: { tokensPerSecond: number | null; requestsPerSecond: number | null };
  /** The client and that server had one core between them: the figures are of both. */
  sharedCore: boolean;
}

/** What else went on on this machine while it measured; null: the system does not say. Shares are 0 to 1. */
export interface NoiseFigures {
  /** Of the cores' time, what the hypervisor gave to others. */
  stealShare: number | null;
  /** Of the time, that in which the container's CPU limit held it up. */
  throttledShare: number | null;
  /** Tasks per core in the minute before the measurement began. */
  loadPerCore: number | null;
  /** Another run of ours was going. */
  otherRun: boolean;
}

export interface ValidityInput {
  client: ClientFigures;
  /** Cores that this process may use, and threads that sent. */
  cores: number;
  workers: number;
  /** Median latency of the successful requests; null when there were none. */
  medianLatencyMs: number | null;
  medianTtftMs: number | null;
  succeeded: number;
  durationSeconds: number;
  tokensPerSecond: number | null;
  requestsPerSecond: number | null;
  p99Samples: number;
  timeline: readonly TimelineBucket[];
  /** Null where this machine had a socket, a port and memory for every attempt. */
  clientLimit: ClientLimit | null;
  /** Null for a closed load: it has no schedule. */
  schedule: ScheduleFigures | null;
  /** Null where no selftest was asked for; a text says why there is none although one was. */
  certified: CertifiedFigures | string | null;
  noise: NoiseFigures | null;
  /** Where an exact output length was asked for; null elsewhere. */
  exactLength: ExactLength | null;
  /** Successful answers of which the output tokens are known, those of them without any, and those of a model of which they are not known. */
  answers: { counted: number; empty: number; uncounted: number };
  /** Attempts beyond each request's first. */
  retried: number;
}

/** What came of `ignore_eos`: for each class of requests the tokens that were asked for and those that came. */
export type ExactLength = readonly { asked: number; least: number; most: number; mean: number }[];
