import type { Phase, PhaseOutcome, StopReason } from './executor.ts';

/** What one load came to, as the result document has it. */
export interface Level {
  load: number;
  unit: 'users' | 'rate';
  requests: number;
  requests_per_sec: number | null;
  /** Null where output tokens are not known. */
  tokens_per_sec: number | null;
  p50_latency_s: number | null;
  p95_latency_s: number | null;
  /** The p95 that rules go by: with the requests that timed out, each at the time that it was waited for. Left out in a result of an earlier version. */
  waited_p95_s?: number | null;
  /** Percent; dropped arrivals count as failed. */
  error_rate: number | null;
  dropped: number;
  /** Percent of the requests that kept within the objective; null without one. */
  goodput: number | null;
  /** Latency degradation: p95 relative to that of the lowest load. */
  p95_ratio: number | null;
  /** How the sending of this level ended; null where it is not known (a result of an earlier version). */
  stop_reason: StopReason | null;
}

export interface RunPhase {
  phase: Phase;
  outcome: PhaseOutcome;
}

/** The levels of a run in the order they were driven; empty where its phases are no levels. Pure. */
export function levelsOf(phases: readonly RunPhase[], tokensKnown: boolean): Level[] {
  const levels = phases.flatMap((run) => levelOf(run, tokensKnown) ?? []);
  const lowest = levels.toSorted((a, b) => a.load - b.load)[0]?.p95_latency_s ?? null;
  return levels.map((level) => ({
    ...level,
    p95_ratio: lowest === null || lowest === 0 || level.p95_latency_s === null ? null : level.p95_latency_s / lowest,
  }));
}

function levelOf({ phase: { label }, outcome }: RunPhase, tokensKnown: boolean): Level | null {
  const unit = typeof label['concurrency'] === 'number' ? 'users' : typeof label['rate'] === 'number' ? 'rate' : null;
  if (unit === null) return null;
  const figures = figuresOf(outcome);
  return {
    load: label[unit === 'users' ? 'concurrency' : 'rate'] as number,
    unit,
    ...figures,
    tokens_per_sec: tokensKnown ? figures.tokens_per_sec : null,
  };
}

/** What a phase came to, without the load that it was. */
export function figuresOf({ phase, durationMs, dropped, stopReason }: PhaseOutcome): Omit<Level, 'load' | 'unit'> {
  const seconds = durationMs / 1000;
  const perSecond = (count: number) => (seconds > 0 ? count / seconds : null);
  const inSeconds = (ms: number | null) => (ms === null ? null : ms / 1000);
  const requests = phase.succeeded + phase.failed;
  // An arrival that was dropped is one that the service did not answer.
  const percent = (count: number) => (requests + dropped === 0 ? null : (100 * count) / (requests + dropped));
  return {
    requests,
    requests_per_sec: perSecond(requests),
    tokens_per_sec: perSecond(phase.outputTokens),
    p50_latency_s: inSeconds(phase.latencyP50Ms),
    p95_latency_s: inSeconds(phase.latencyP95Ms),
    waited_p95_s: inSeconds(phase.waitedP95Ms),
    error_rate: percent(phase.failed + dropped),
    dropped,
    goodput: phase.good === null ? null : percent(phase.good),
    p95_ratio: null,
    stop_reason: stopReason,
  };
}

/** Successful requests per second: a refusal is quick, and as throughput would make the level that broke look like the best one. */
export function answeredPerSecond({ requests, requests_per_sec, dropped, error_rate }: Level): number | null {
  if (requests_per_sec === null || requests === 0 || error_rate === null) return requests_per_sec;
  // Dropped arrivals count into the error rate, and not into the requests.
  return (requests_per_sec * (requests + dropped) * (1 - error_rate / 100)) / requests;
}
