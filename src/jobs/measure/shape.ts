import { UserError } from '../../config/errors.ts';
import type { Scenario } from '../../config/scenario/scenario.ts';
import type { ReplayRow } from '../../config/scenario/trace-file.ts';
import type { Executor, Phase } from '../../load/executor.ts';
import { type CompatDefinition, type CompatName, compatDefinition } from '../../measure/compat.ts';
import type { Workload } from '../../workload/workload.ts';

/** How a measurement is made beside what its configuration says: flags of one invocation. */
export interface RunShape {
  /** Threads that send; auto: one per spare core; null: what the scenario says, and else the same. */
  workers: number | 'auto' | null;
  /** This machine's part of a load that several share, counted from 0. */
  shard: { index: number; count: number };
  /** When the machines begin together; null: at once. */
  startAtEpochMs: number | null;
  /** Whose definitions times are folded under; null: our own. */
  compat: CompatName | null;
  /** Stop before more than this is used up; null: no limit. */
  maxTotalTokens: number | null;
  maxCost: number | null;
}

export const plainShape: RunShape = {
  workers: null,
  shard: { index: 0, count: 1 },
  startAtEpochMs: null,
  compat: null,
  maxTotalTokens: null,
  maxCost: null,
};

/** What of a planned scenario bounds its use of tokens. */
export interface ShapedPlan {
  scenario: Scenario;
  executor: Executor<unknown>;
  /** Empty where no trace is replayed. */
  trace: readonly ReplayRow[];
  workload: Workload;
  requests: number | null;
}

/**
 * Refuses what could not come out right, before anything is started.
 * @throws UserError (2) for a start that has passed, and a shard of several scenarios or runs or of a load that cannot be divided
 */
export function checkShape({ shard, startAtEpochMs }: RunShape, plans: readonly ShapedPlan[], runs: number): void {
  if (startAtEpochMs !== null && startAtEpochMs < Date.now()) {
    throw new UserError(`--start-at: expected a time to come, found ${new Date(startAtEpochMs).toISOString()}, which has passed`, {
      hint: 'Leave time for the service to start and to warm up.',
    });
  }
  if ((shard.count > 1 || startAtEpochMs !== null) && (plans.length > 1 || runs > 1)) {
    throw new UserError(`--shard and --start-at begin one run of one scenario together, found ${plans.length} scenarios and ${runs} runs`, {
      hint: 'The machines would drift apart after the first: run them one by one, each with its own --start-at.',
    });
  }
  if (shard.count > 1) for (const plan of plans) checkDivisible(plan, shard.count);
}

/** @throws UserError (2) for a load that so many machines could not drive as one does */
function checkDivisible({ scenario: { name, load, seed }, executor, trace }: ShapedPlan, machines: number): void {
  const refuse = (what: string, hint?: string) =>
    new UserError(`scenario ${name}: --shard cannot divide ${what}`, hint === undefined ? {} : { hint });
  if (executor.continuesAfterStop) throw refuse(`the executor ${executor.name}, which chooses each load by what one machine saw of the last`);
  // What is left chooses its phases by nothing that was seen.
  const phases = [...(executor.phases(load, seed, trace) as Iterable<Phase>)];
  if (phases.length > 1 && phases.some(({ requests }) => requests !== null)) {
    throw refuse(
      `levels that end by their number of requests: each machine would end them at its own time, and be at another level than the others`,
      'Give the levels a `duration` instead.',
    );
  }
  for (const { pacer } of phases) {
    if (pacer.kind === 'open' && pacer.maxInFlight < machines)
      throw refuse(
        `max_in_flight ${pacer.maxInFlight} among ${machines} machines: one without a part of it would drop all of its arrivals`,
        `Give max_in_flight at least ${machines}, or use fewer machines.`,
      );
  }
}

/** The other tool's definitions that times and rates are to follow; null: our own. */
export function definitionOf({ compat }: RunShape): CompatDefinition | null {
  return compat === null ? null : compatDefinition(compat);
}
