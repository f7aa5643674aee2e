/** The middle of those that were measured; the mean of the middle two of an even number. Null of none. */
export function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (known.length === 0) return null;
  return ((known[(known.length - 1) >> 1] as number) + (known[known.length >> 1] as number)) / 2;
}
