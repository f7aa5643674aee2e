export type Side = 'base' | 'head';

/** One round of a paired measurement. */
export interface PlannedRound {
  side: Side;
  /** Which pair the round belongs to, from 0; null for the first round of each side, which is dropped. */
  pair: number | null;
}

/**
 * The order in which base and head take their rounds, without end: first one of each, dropped (a service's first round is up to twice as slow); then
 * blocks of four, base-head-head-base or head-base-base-head, so that a steady drift of the machine cancels within each. Of every two blocks one is of
 * each kind, in random order, so that neither side gains by its place.
 * @param random uniform in [0, 1), seeded by the caller
 */
export function* roundOrder(random: () => number): Generator<PlannedRound, never> {
  const other = (side: Side): Side => (side === 'base' ? 'head' : 'base');
  const draw = (): Side => (random() < 0.5 ? 'base' : 'head');
  const warm = draw();
  yield { side: warm, pair: null };
  yield { side: other(warm), pair: null };
  let pair = 0;
  for (;;) {
    const first = draw();
    for (const outer of [first, other(first)]) {
      for (const sides of [
        [outer, other(outer)],
        [other(outer), outer],
      ] as const) {
        for (const side of sides) yield { side, pair };
        pair += 1;
      }
    }
  }
}
