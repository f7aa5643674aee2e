/** A place where a series may change: the index of the first value after the change, and how unlike both sides are. */
export interface Candidate {
  index: number;
  unlikeness: number;
}

/**
 * The most likely change point of values[start..end), by energy distance (Matteson & James 2014, "A Nonparametric Approach for Multiple Change Point
 * Analysis", E-divisive with exponent 1): the split at t that, for the best end k of its right side, makes
 *   2 / (m + n) * [ sum |x - y|  -  m / (n - 1) * sum_{i<j} |x_i - x_j|  -  n / (m - 1) * sum_{i<j} |y_i - y_j| ]
 * largest, x the n values [start, t) and y the m values [t, k). Quadratic in time: the sums follow each other by one column of distances at a time.
 * @returns null for fewer than two values. Of equals the earliest split wins, then the earliest end.
 */
export function bestSplit(values: readonly number[], start: number, end: number): Candidate | null {
  const count = end - start;
  if (count < 2) return null;
  // fromStart[i]: distances between value i and all before it, back to the start.
  const fromStart = new Float64Array(count);
  for (let i = 1; i < count; i++) {
    let sum = 0;
    for (let j = 0; j < i; j++) sum += Math.abs((values[start + i] as number) - (values[start + j] as number));
    fromStart[i] = sum;
  }
  let best: Candidate | null = null;
  let withinLeft = 0;
  for (let n = 1; n < count; n++) {
    withinLeft += fromStart[n - 1] as number;
    let within = withinLeft;
    let withinRight = 0;
    for (let k = n + 1; k <= count; k++) {
      const added = start + k - 1;
      within += fromStart[k - 1] as number;
      for (let j = start + n; j < added; j++) withinRight += Math.abs((values[added] as number) - (values[j] as number));
      const m = k - n;
      const between = within - withinLeft - withinRight;
      const left = n > 1 ? (m / (n - 1)) * withinLeft : 0;
      const right = m > 1 ? (n / (m - 1)) * withinRight : 0;
      const unlikeness = (2 / (m + n)) * (between - left - right);
      if (best === null || unlikeness > best.unlikeness) best = { index: start + n, unlikeness };
    }
  }
  return best;
}
