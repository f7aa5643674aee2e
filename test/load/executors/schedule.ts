import assert from 'node:assert/strict';
import type { ReplayRow } from '../../../src/config/scenario/trace-file.ts';
import type { ClosedPacer, OpenPacer, Phase } from '../../../src/load/executor.ts';
import { executors } from '../../../src/load/executors/registry.ts';

/** The options as an executor's schema gives them. */
export function optionsOf(name: string, options: Record<string, unknown>): Record<string, unknown> {
  const executor = executors.get(name);
  assert.ok(executor, name);
  return executor.schema.parse(options) as Record<string, unknown>;
}

/** What is wrong with options, a message each; none where they are accepted. */
export function faultsOf(name: string, options: Record<string, unknown>): string[] {
  const result = executors.get(name)?.schema.safeParse(options);
  return result?.success === false ? result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) : [];
}

/** The phases of executors that do not choose them by their outcomes. */
export function phasesOf(name: string, options: Record<string, unknown>, seed = 0, trace: readonly ReplayRow[] = []): Phase[] {
  const executor = executors.get(name);
  assert.ok(executor, name);
  const planned = executor.phases(optionsOf(name, options), seed, trace);
  const phases: Phase[] = [];
  for (let next = planned.next(undefined as never); !next.done; next = planned.next(undefined as never)) phases.push(next.value);
  return phases;
}

export function closedOf(phase: Phase | undefined): ClosedPacer {
  assert.equal(phase?.pacer.kind, 'closed');
  return phase.pacer;
}

export function openOf(phase: Phase | undefined): OpenPacer {
  assert.equal(phase?.pacer.kind, 'open');
  return phase.pacer;
}

/** Arrivals of a schedule: as many as asked for, before `untilMs`. */
export function arrivals(phase: Phase | undefined, most: number, untilMs = Number.POSITIVE_INFINITY): number[] {
  const pacer = openOf(phase);
  const found: number[] = [];
  while (found.length < most) {
    const next = pacer.next();
    if (next === null || next >= untilMs) break;
    found.push(next);
  }
  return found;
}

/** Every change of a closed schedule before `untilMs`: [ms, users]. */
export function changes(phase: Phase | undefined, untilMs: number): [number, number][] {
  const pacer = closedOf(phase);
  const found: [number, number][] = [];
  for (let atMs: number | null = 0; atMs !== null && atMs < untilMs; atMs = pacer.nextChangeMs(atMs)) found.push([atMs, pacer.usersAt(atMs)]);
  return found;
}
