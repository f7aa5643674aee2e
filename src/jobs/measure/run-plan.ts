import type { Scenario } from '../../config/scenario/scenario.ts';
import type { BudgetPlan } from '../../load/budget.ts';
import type { LoadOutcome } from '../../load/load-run.ts';
import { type RetryPolicy, retryPreset } from '../../load/retry.ts';
import { runLoad, spareWorkers } from '../../load/run.ts';
import type { RunningService } from '../../service/service.ts';
import type { MeasureOptions } from './options.ts';
import { type Plan, sizeOf } from './plan.ts';
import { definitionOf, type RunShape } from './shape.ts';

/** Drives one planned scenario at a running service once. */
export async function runPlan(
  plan: Plan,
  context: MeasureOptions & {
    service: RunningService;
    headers: Record<string, string>;
    mask: (text: string) => string;
    shape: RunShape;
    budget: BudgetPlan | null;
    run: number;
    /** Which time this scenario is driven, from 0. */
    round: number;
    /** Awaited between the warm-up and the measured window. */
    beforeMeasured?: () => Promise<void>;
  },
): Promise<LoadOutcome> {
  const { scenario, executor, workload } = plan;
  const { progress, onRecord, mask, shape, budget, run, round } = context;
  const definition = definitionOf(shape);
  progress.scenarioStarted(scenario, sizeOf(plan));
  try {
    return await runLoad({
      scenario,
      executor,
      workload,
      round,
      target: context.config.target,
      prompts: plan.prompts,
      trace: plan.trace,
      neighbours: plan.neighbours,
      baseUrl: context.service.baseUrl,
      targetHeaders: context.headers,
      entryUrl: context.entry.entryUrl,
      workers: workersFor(shape.workers, scenario.workers),
      retry: retryPolicy(scenario),
      shard: shape.shard,
      startAtEpochMs: shape.startAtEpochMs,
      budget,
      ...(definition ? { definition } : {}),
      transport: context.transport,
      freshConnections: context.freshConnections,
      userAgent: 'llm-bench',
      signal: context.signal,
      ...(context.beforeMeasured ? { beforeMeasured: context.beforeMeasured } : {}),
      ...(context.onControl ? { onControl: context.onControl } : {}),
      onSnapshot: (snapshot) => progress.snapshot(snapshot),
      ...(onRecord
        ? { onRecord: (record) => onRecord(record.errorMessage === null ? record : { ...record, errorMessage: mask(record.errorMessage) }, run) }
        : {}),
    });
  } finally {
    progress.scenarioEnded();
  }
}

function retryPolicy({ retry }: Scenario): RetryPolicy | null {
  if (retry === undefined || retry === false) return null;
  return retry === true ? retryPreset : { maxAttempts: retry.max_attempts, baseMs: retry.base * 1000 };
}

/** Threads that send; null: as many as the machine can spare and the load can use. A scenario knows nothing of the machine, so it asks for no more than there are. */
function workersFor(asked: RunShape['workers'], scenarios: number | undefined): number | null {
  if (asked === 'auto') return null;
  return asked ?? (scenarios === undefined ? null : Math.min(scenarios, spareWorkers()));
}
