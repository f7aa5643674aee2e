import { seeded as uniform } from '../random.ts';

/** Choices from a seed, for cases by the ten thousand where a property library would take minutes. */
export function seeded(seed: number) {
  const random = uniform(seed);
  const below = (n: number) => Math.floor(random() * n);
  return {
    /** A whole number from 0 to n - 1. */
    below,
    /** A member of the list. */
    pick<T>(list: readonly T[]): T {
      return list[below(list.length)]!;
    },
    /** Places to cut a length at, in order. */
    cuts(length: number, count: number): number[] {
      return Array.from({ length: count }, () => below(length + 1)).sort((a, b) => a - b);
    },
    shuffle<T>(list: T[]): T[] {
      for (let i = list.length - 1; i > 0; i--) {
        const k = below(i + 1);
        [list[i], list[k]] = [list[k]!, list[i]!];
      }
      return list;
    },
  };
}
export type Random = ReturnType<typeof seeded>;
