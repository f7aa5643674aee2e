/** A small seeded generator (mulberry32), for cases by the ten thousand where a property library would take minutes. */
export function seeded(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    /** A whole number from 0 to n - 1. */
    below: (n: number) => next() % n,
    /** A member of the list. */
    pick<T>(list: readonly T[]): T {
      return list[next() % list.length]!;
    },
    /** Places to cut a length at, in order. */
    cuts(length: number, count: number): number[] {
      return Array.from({ length: count }, () => next() % (length + 1)).sort((a, b) => a - b);
    },
    shuffle<T>(list: T[]): T[] {
      for (let i = list.length - 1; i > 0; i--) {
        const k = next() % (i + 1);
        [list[i], list[k]] = [list[k]!, list[i]!];
      }
      return list;
    },
  };
}
export type Random = ReturnType<typeof seeded>;
