/** The part of `total` that falls to the one at `place` of `of`; the parts add up to the total. */
export function shareOf(total: number, place: number, of: number): number {
  return Math.floor(total / of) + (place < total % of ? 1 : 0);
}
