import type * as z from 'zod';
import type { ConfigIssue } from '../errors.ts';
import { shapeOf } from '../missing-options.ts';
import { isTree, type Layers, originAt, overlay, type Tree, without } from '../yaml/layers.ts';
import { describeFound } from '../yaml/schema-issues.ts';

const most = ['load', 'max_concurrency'];

const numberIn = (load: Tree, option: string): number | null => (typeof load[option] === 'number' ? load[option] : null);
const numbersOf = (list: unknown): number[] => (Array.isArray(list) ? list.filter((each) => typeof each === 'number') : []);
const stagesIn = (load: Tree): Tree[] => (Array.isArray(load['stages']) ? load['stages'].filter(isTree) : []);
const peakOf = (load: Tree): number | null => {
  const peak = Math.max(...numbersOf(stagesIn(load).map((stage) => stage['users'])));
  return peak > 0 ? peak : null;
};
/** An option that the load itself has lowered to the cap; nothing where it has none or is below. */
const lowered = (load: Tree, option: string, cap: number): Tree => ((numberIn(load, option) ?? 0) > cap ? { [option]: cap } : {});

/** How the loads of users name the most of them: the highest that options say, and the options that make it `cap`. */
interface Users {
  highest(load: Tree): number | null;
  capped(load: Tree, cap: number): Tree;
}

const single = (option: string): Users => ({ highest: (load) => numberIn(load, option), capped: (_, cap) => ({ [option]: cap }) });

const users: Readonly<Record<string, Users>> = {
  closed: single('concurrency'),
  conversation: single('concurrency'),
  soak: single('users'),
  interactive: { ...single('max_users'), capped: (load, cap) => ({ max_users: cap, ...lowered(load, 'users', cap) }) },
  ramping_users: {
    highest: (load) => peakOf(load) ?? numberIn(load, 'users'),
    capped(load, cap) {
      const peak = peakOf(load);
      if (peak === null) return { users: cap, ...lowered(load, 'start_users', cap) };
      const stages = stagesIn(load).map((stage) => ({ ...stage, users: Math.round((Number(stage['users']) * cap) / peak) }));
      return { stages, ...lowered(load, 'start_users', cap) };
    },
  },
  spike: {
    highest: (load) => numberIn(load, 'height'),
    capped: (load, cap) => ({ height: cap, ...lowered(load, 'base', Math.floor(cap / 2)) }),
  },
  search: {
    highest: (load) => numberIn(load, 'max'),
    capped: (load, cap) => ({ max: cap, ...(Number(load['start'] ?? 1) > cap ? { start: 1 } : {}) }),
  },
  steps: {
    highest: (load) => numbersOf(load['levels']).reduce((high: number | null, level) => Math.max(high ?? level, level), null),
    capped(load, cap) {
      const levels = numbersOf(load['levels']);
      return levels.length === 0 ? {} : { levels: [...levels.filter((level) => level < cap), cap] };
    },
  },
};

/** Takes `load.max_concurrency` out of the flags, for it is no executor's option; @returns what lays it over the whole load, in its executor's terms */
export function takeCap(
  flags: Layers,
  issues: ConfigIssue[],
): { flags: Layers; cap: (layers: Layers, executors: Readonly<Record<string, z.ZodType>>) => Layers } {
  const given = isTree(flags.value['load']) ? flags.value['load'] : {};
  const wanted = given['max_concurrency'];
  if (wanted === undefined) return { flags, cap: (layers) => layers };
  const origin = originAt(flags, most);
  if (!Number.isInteger(wanted) || Number(wanted) < 1)
    issues.push({ ...origin.place, message: `load.max_concurrency: expected a whole number of at least 1, found ${describeFound(wanted)}` });
  return {
    flags: without(flags, most),
    cap(layers, executors) {
      const load = isTree(layers.value['load']) ? layers.value['load'] : {};
      const executor = String(load['executor'] ?? 'closed');
      return overlay(layers, { load: cappedOptions(executor, load, given, Number(wanted), shapeOf(executors[executor])) }, () => origin);
    },
  };
}

/** Of a load of users the highest number of them becomes the cap, or stays below it where a flag says so itself; of a schedule, which knows no users, what may be in flight. */
function cappedOptions(executor: string, load: Tree, given: Tree, cap: number, shape: Tree): Tree {
  const known = Object.hasOwn(users, executor) ? users[executor] : undefined;
  const rated = load['unit'] === 'rate' || (executor === 'soak' && load['rate'] !== undefined);
  if (known === undefined || rated)
    return Object.hasOwn(shape, 'max_in_flight') ? { max_in_flight: Math.min(cap, numberIn(given, 'max_in_flight') ?? cap) } : {};
  return known.capped(load, Math.min(cap, known.highest(given) ?? cap));
}
