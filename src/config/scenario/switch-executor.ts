import type * as z from 'zod';
import type { ConfigIssue } from '../errors.ts';
import { shapeOf } from '../missing-options.ts';
import { isTree, type Layers, type Origin, originAt, overlay, type Tree, without } from '../yaml/layers.ts';

/** The executor that a flag means where the scenario's own does not take it. */
const meant: Readonly<Record<string, string>> = {
  concurrency: 'closed',
  rate: 'constant_rate',
  shape: 'gamma',
  users: 'ramping_users',
  spawn_rate: 'ramping_users',
  file: 'trace',
  speed: 'trace',
};

/** Which executor scenario and flags together ask for, and what says so. */
export interface ExecutorChoice {
  wanted: string;
  because: Origin;
}

/**
 * A flag such as --rate says by itself which executor is wanted: the scenario's own where that takes it, else the one it belongs to, as users of other load
 * generators expect.
 */
export function wantedExecutor(scenario: Layers, flags: Layers, executors: Readonly<Record<string, z.ZodType>>): ExecutorChoice {
  const given = loadOf(flags);
  const present = String(loadOf(scenario)['executor'] ?? 'closed');
  const because = originAt(flags, ['load', 'executor']);
  if (given['executor'] !== undefined) return { wanted: String(given['executor']), because };
  const options = Object.keys(given);
  const takes = (executor: string, option: string) => Object.hasOwn(shapeOf(executors[executor]), option);
  const foreign = options.filter((option) => !takes(present, option) && Object.hasOwn(executors, meant[option] ?? ''));
  const [first] = foreign;
  if (!Object.hasOwn(executors, present) || first === undefined) return { wanted: present, because };
  let wanted = meant[first] as string;
  // --speed goes with --trace, --spawn-rate with --users, whichever comes first: the executor is the one that takes most of them.
  for (const option of foreign) {
    const other = meant[option] as string;
    if (options.filter((each) => takes(other, each)).length > options.filter((each) => takes(wanted, each)).length) wanted = other;
  }
  return { wanted, because: originAt(flags, ['load', foreign.find((option) => meant[option] === wanted) ?? first]) };
}

/**
 * Makes the wanted executor the scenario's: of the scenario's options those that it takes too (requests, duration ...) are kept.
 * @returns the scenario's layers as the flags are to be laid over, and the flags, which name the executor where they switch it; contradictions go to `issues`
 */
export function switchExecutor(
  scenario: Layers,
  flags: Layers,
  { wanted, because }: ExecutorChoice,
  executors: Readonly<Record<string, z.ZodType>>,
  issues: ConfigIssue[],
): { scenario: Layers; flags: Layers } {
  const unchanged = { scenario, flags };
  const [own, given] = [loadOf(scenario), loadOf(flags)];
  const present = String(own['executor'] ?? 'closed');
  const options = Object.keys(given).filter((key) => key !== 'executor');
  const takes = (executor: string, option: string) => Object.hasOwn(shapeOf(executors[executor]), option);
  // A name that is none is told, not taken for what a flag may have meant.
  if (!Object.hasOwn(executors, wanted)) return unchanged;

  const stray = options.filter((option) => !takes(wanted, option));
  for (const option of stray) {
    const where = originAt(flags, ['load', option]);
    const others = Object.keys(executors).filter((name) => takes(name, option));
    // An option that no executor takes is left to the executor's own check.
    if (others.length === 0) continue;
    const reason =
      wanted === present && given['executor'] === undefined ? `the scenario's executor is ${wanted}` : `${because.label} asks for ${wanted}`;
    issues.push({ ...where.place, message: `is for ${list(others)}, but ${reason}; give one or the other${hint(option, wanted, takes)}` });
  }
  if (stray.length > 0 || wanted === present) return unchanged;

  // Stages and traces say themselves when the load ends, a soak lasts as long as it is told: what the other load was bounded by would cut them off.
  const bounds = given['stages'] !== undefined || wanted === 'trace' ? ['requests', 'duration'] : wanted === 'soak' ? ['requests'] : [];
  const ended = ['executor', ...bounds];
  const kept = Object.fromEntries(Object.entries(own).filter(([option]) => !ended.includes(option) && takes(wanted, option)));
  const dropped = Object.keys(own).filter((option) => !Object.hasOwn(kept, option));
  const switched = overlay(without(scenario, ...dropped.map((option) => ['load', option])), { load: { executor: wanted } }, () => because);
  return { scenario: switched, flags: overlay(flags, { load: { executor: wanted } }, () => because) };
}

function loadOf({ value }: Layers): Tree {
  return isTree(value['load']) ? value['load'] : {};
}

function list(names: readonly string[]): string {
  return names.length === 1 ? `executor ${names[0]}` : `executors ${names.join(', ')}`;
}

function hint(option: string, wanted: string, takes: (executor: string, option: string) => boolean): string {
  if (option === 'requests' && takes(wanted, 'max_requests')) return ' (--load max_requests=... bounds it)';
  return option === 'concurrency' && takes(wanted, 'max_in_flight') ? ' (--max-in-flight bounds the requests in flight)' : '';
}
