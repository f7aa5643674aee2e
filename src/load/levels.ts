import type { Phase, PhaseOutcome } from './executor.ts';
import { errorPercent, goodputPercent } from './search-rules.ts';

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
  /** Percent; dropped arrivals count as failed. */
  error_rate: number | null;
  dropped: number;
  /** Percent of the requests that kept within the objective; null without one. */
  goodput: number | null;
  /** Latency degradation: p95 relative to that of the lowest load. */
  p95_ratio: number | null;
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
  const { phase } = outcome;
  const seconds = outcome.durationMs / 1000;
  const perSecond = (count: number) => (seconds > 0 ? count / seconds : null);
  const inSeconds = (ms: number | null) => (ms === null ? null : ms / 1000);
  return {
    load: label[unit === 'users' ? 'concurrency' : 'rate'] as number,
    unit,
    requests: phase.succeeded + phase.failed,
    requests_per_sec: perSecond(phase.succeeded + phase.failed),
    tokens_per_sec: tokensKnown ? perSecond(phase.outputTokens) : null,
    p50_latency_s: inSeconds(phase.latencyP50Ms),
    p95_latency_s: inSeconds(phase.latencyP95Ms),
    error_rate: errorPercent(outcome),
    dropped: outcome.dropped,
    goodput: goodputPercent(outcome),
    p95_ratio: null,
  };
}
