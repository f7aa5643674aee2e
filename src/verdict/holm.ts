/** Which hypotheses Holm's method rejects, and the level at which each was tested. */
export interface HolmOutcome {
  rejected: boolean[];
  levels: number[];
}

/**
 * Holm's step-down test (Holm 1979): with `alpha` over all, the chance of any false rejection is at most alpha however the p-values hang together.
 * The smallest p is tested at alpha / m, the next at alpha / (m - 1) and so on; the first that fails ends it.
 * @param family the number of hypotheses to allow for, at least that of the p-values
 */
export function holm(pValues: readonly number[], alpha: number, family: number = pValues.length): HolmOutcome {
  const m = Math.max(family, pValues.length);
  const order = pValues.map((_, index) => index).sort((a, b) => (pValues[a] as number) - (pValues[b] as number));
  const rejected = pValues.map(() => false);
  const levels = pValues.map(() => alpha / m);
  let passed = 0;
  let open = true;
  for (const index of order) {
    levels[index] = alpha / (m - passed);
    open &&= (pValues[index] as number) <= (levels[index] as number);
    if (!open) continue;
    rejected[index] = true;
    passed += 1;
  }
  return { rejected, levels };
}
