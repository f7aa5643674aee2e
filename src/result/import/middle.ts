import { median } from '../../measure/median.ts';

/** Median of the finite values; null of none. */
export function middleOf(values: readonly number[]): number | null {
  return median(values.filter(Number.isFinite));
}
