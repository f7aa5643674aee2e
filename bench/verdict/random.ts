export { normal, seeded } from '../../test/random.ts';

/** `count` different members of a list. */
export function draw<T>(items: readonly T[], count: number, random: () => number): T[] {
  const taken = new Set<number>();
  while (taken.size < count) taken.add(Math.floor(random() * items.length));
  return [...taken].map((index) => items[index] as T);
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}
