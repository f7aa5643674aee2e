import { parseDurationSeconds } from '../duration.ts';
import { isTree, type Layers, originAt, overlay, without } from '../yaml/layers.ts';

/**
 * Flags that mean something else for each executor, put into the terms of the scenario's own: `requests` the total where the scenario shares a total over its
 * levels and the first rows of a trace, and a `duration` for a load of stages stretches all of them alike.
 * @param executor the one that scenario and flags together ask for
 */
export function fitLoad(scenario: Layers, flags: Layers, executor: string): { scenario: Layers; flags: Layers } {
  const given = isTree(flags.value['load']) ? flags.value['load'] : {};
  const own = isTree(scenario.value['load']) ? scenario.value['load'] : {};
  const same = executor === (own['executor'] ?? 'closed');
  let [below, above] = [scenario, flags];
  if (same && given['requests'] !== undefined && own['total_requests'] !== undefined && own['requests'] === undefined) {
    const origin = originAt(flags, ['load', 'requests']);
    above = without(above, ['load', 'requests']);
    below = overlay(below, { load: { total_requests: given['requests'] } }, () => origin);
  }
  if (executor === 'trace' && given['requests'] !== undefined && given['max_requests'] === undefined) {
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
