import type { Scenario } from '../../config/scenario/scenario.ts';
import { askedFigures, beyond, type TargetRange } from '../../result/findings/asked-figures.ts';

/** Targets by the key of the live figure that each is about. */
export type LiveTargets = Readonly<Record<string, TargetRange>>;

/** What the targets of a scenario ask of live figures; those that no live figure tells are left out. */
export function liveTargets({ targets = {}, request }: Pick<Scenario, 'targets' | 'request'>): LiveTargets {
  const told = askedFigures(targets).filter(
    // Of any other request a latency says nothing of a search, and energy is added up once a run is over.
    ({ name }) => name !== 'energy' && (name !== 'retrieval' || request.retrieval !== undefined),
  );
  return Object.fromEntries(
    told.map(({ key, scale, range: { min, max } }) => [
      key,
      { ...(min === undefined ? {} : { min: min / scale }), ...(max === undefined ? {} : { max: max / scale }) },
    ]),
  );
}

/** The side of a range that a value lies beyond, as rules are written: `target min 30`; null within it. */
export function missedTarget(value: number, range: TargetRange): string | null {
  const side = beyond(value, range);
  return side === null ? null : `target ${side} ${range[side]}`;
}
