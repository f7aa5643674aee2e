/** Mean of at least one value. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation (divisor n - 1); 0 of a single value. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}

/** A change on the log scale as a percentage of the baseline: 0.0953 -> 10. */
export function toPercent(logChange: number): number {
  return 100 * Math.expm1(logChange);
}
