import { parseDurationSeconds } from '../duration.ts';
import { isTree, type Layers, originAt, overlay, type Tree, without } from '../yaml/layers.ts';

/** What a most of concurrency means for an executor's options as written; rates have none. */
const capped: Readonly<Record<string, (own: Tree, most: number) => Tree>> = {
  closed: () => ({}),
  soak: (own, most) => (own['rate'] === undefined ? { users: most } : { max_in_flight: most }),
  ramping_users: (own, most) => {
    const { stages } = own as { stages?: { users: number }[] };
    if (stages === undefined) return { users: most };
    const peak = Math.max(...stages.map(({ users }) => users));
    const start = typeof own['start_users'] === 'number' ? { start_users: Math.min(own['start_users'], most) } : {};
    return { stages: stages.map((stage) => ({ ...stage, users: Math.round((stage.users * most) / peak) })), ...start };
  },
  spike: (own, most) =>
    own['unit'] === 'rate' ? { max_in_flight: most } : { height: most, base: Math.min(Number(own['base']), Math.floor(most / 2)) },
  search: (own, most) =>
    own['unit'] === 'rate' ? { max_in_flight: most } : { max: most, ...(Number(own['start'] ?? 1) > most ? { start: 1 } : {}) },
  steps: (own, most) => {
    if (own['unit'] === 'rate') return { max_in_flight: most };
    const levels = (own['levels'] as number[]).filter((level) => level < most);
    return { levels: [...levels, most] };
  },
};

/** What these send is given by several options together. */
const shaped: ReadonlySet<string> = new Set(['spike', 'steps']);

/**
 * Flags that mean something else for each executor, put into the terms of the scenario's own: `max_concurrency` becomes its highest number of users (of a
 * schedule, of requests in flight), `requests` the total where the scenario shares a total over its levels and the first rows of a
 * trace, and a `duration` for a load of stages stretches all of them alike.
 * @returns scenario and flags, from which `load.max_concurrency` is gone
 */
export function fitLoad(scenario: Layers, flags: Layers): { scenario: Layers; flags: Layers } {
  const given = isTree(flags.value['load']) ? flags.value['load'] : {};
  const own = isTree(scenario.value['load']) ? scenario.value['load'] : {};
  const executor = String(given['executor'] ?? own['executor'] ?? 'closed');
  const same = executor === (own['executor'] ?? 'closed');
  let [below, above] = [scenario, flags];
  const most = given['max_concurrency'];
  if (typeof most === 'number') {
    const origin = originAt(flags, ['load', 'max_concurrency']);
    above = without(above, ['load', 'max_concurrency']);
    const fit = capped[executor];
    // An executor that the flags switch to has only what they give; a spike or steps have no highest load then that could be lowered.
    const options =
      executor === 'closed'
        ? { concurrency: most }
        : fit !== undefined && (same || !shaped.has(executor))
          ? fit(same ? own : given, most)
          : { max_in_flight: most };
    below = overlay(below, { load: options }, () => origin);
  }
  if (same && given['requests'] !== undefined && own['total_requests'] !== undefined && own['requests'] === undefined) {
    const origin = originAt(flags, ['load', 'requests']);
    above = without(above, ['load', 'requests']);
    below = overlay(below, { load: { total_requests: given['requests'] } }, () => origin);
  }
  const replays = executor === 'trace' || (given['executor'] === undefined && given['file'] !== undefined);
  if (replays && given['requests'] !== undefined && given['max_requests'] === undefined) {
    const origin = originAt(flags, ['load', 'requests']);
    above = overlay(without(above, ['load', 'requests']), { load: { max_requests: given['requests'] } }, () => origin);
  }
  const { stages } = (isTree(below.value['load']) ? below.value['load'] : {}) as { stages?: { duration: string | number }[] };
  const wanted = given['duration'] === undefined ? null : parseDurationSeconds(given['duration'] as string | number);
  if (same && wanted !== null && stages !== undefined && given['users'] === undefined) {
    const seconds = stages.map(({ duration }) => parseDurationSeconds(duration) ?? 0);
    const whole = seconds.reduce((sum, one) => sum + one, 0);
    const origin = originAt(flags, ['load', 'duration']);
    above = without(above, ['load', 'duration']);
    below = overlay(
      below,
      { load: { stages: stages.map((stage, index) => ({ ...stage, duration: ((seconds[index] as number) * wanted) / whole })) } },
      () => origin,
    );
  }
  return { scenario: below, flags: above };
}
