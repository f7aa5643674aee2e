import type { Phase, PhaseOutcome } from '../../../src/load/executor.ts';
import { executors } from '../../../src/load/executors/registry.ts';
import type { RunPhase } from '../../../src/load/levels.ts';
import { optionsOf } from './schedule.ts';

/** A phase of 100 requests in ten seconds, all answered within half a second. */
export function outcomeOf(phase: Partial<PhaseOutcome['phase']> = {}, changes: Partial<PhaseOutcome> = {}): PhaseOutcome {
  const { latencyP95Ms = 500 } = phase;
  const figures = {
    succeeded: 100,
    failed: 0,
    outputTokens: 1000,
    latencyP50Ms: 300,
    latencyP95Ms,
    waitedP95Ms: latencyP95Ms,
    ttftP50Ms: 50,
    good: null,
    ...phase,
  };
  return { ...figures, phase: figures, elapsedMs: 10_000, inFlight: 0, durationMs: 10_000, stopReason: 'completed', dropped: 0, ...changes };
}

export function loadOf({ label }: Phase): number {
  return Number(label['concurrency'] ?? label['rate']);
}

/** Drives a search as the engine does, at a service whose answer to a load is given. */
export function searched(options: Record<string, unknown>, answer: (load: number) => PhaseOutcome): RunPhase[] {
  const executor = executors.get('search');
  if (!executor) throw new Error('no search');
  const planned = executor.phases(optionsOf('search', options), 0, []);
  const phases: RunPhase[] = [];
  for (let next = planned.next(undefined as never); !next.done; next = planned.next(phases.at(-1)?.outcome as PhaseOutcome)) {
    phases.push({ phase: next.value, outcome: answer(loadOf(next.value)) });
    if (phases.length > 200) throw new Error('the search does not end');
  }
  return phases;
}
