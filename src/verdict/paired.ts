import { center, Sample } from 'pragmastat';
import type { Estimate } from './decide.ts';
import { mean, standardDeviation } from './sample.ts';
import { shrunken } from './scale.ts';

/** Share of the values cut off at either end before their spread is taken; from ten values on that is at least one. */
const trimmedShare = 0.1;

/** Few blocks say little of their spread: as much as two of them, the pairs' own spread counts. */
const pairsWeight = 2;

/** The log ratios of a metric's pairs in the order taken, worse positive; null where a round did not measure it. */
export type LogRatios = readonly (number | null)[];

/**
 * The change that interleaved pairs show, on the log scale.
 *
 * Centre: Hodges-Lehmann (pragmastat `center`). Its standard error is the trimmed mean's (Tukey & McLaughlin 1963): the winsorised spread of the pairs,
 * shrunk towards a prior (`scalePrior`). The two rounds of one side in the middle of a block of four stand next to each other, so that a burst of the
 * machine hits both: pairs of one block hang together (tails by 0.4 to 0.6 in busy stretches, hardly otherwise). So the standard error is taken from the blocks'
 * means as well, leaning on the pairs' with the weight of two blocks, and the larger one counts.
 * Assumes blocks independent of each other, and a noise that is symmetric where nothing changed: with both sides alike and in random order, it is.
 * @returns null of fewer than two pairs
 */
export function estimatePairs(logRatios: LogRatios): (Estimate & { pairs: number }) | null {
  const values = logRatios.filter((value) => value !== null);
  if (values.length < 2) return null;
  const byPair = trimmedError(values);
  const blocks = blockMeans(logRatios);
  const own = blocks.length - 1;
  const byBlock = Math.sqrt((pairsWeight * byPair.standardError ** 2 + own * trimmedError(blocks).standardError ** 2) / (pairsWeight + own));
  const standardError = Math.max(byPair.standardError, byBlock);
  return {
    change: center(Sample.of(values)).value,
    standardError,
    df: byPair.df,
    noise: standardError * Math.sqrt(values.length),
    pairs: values.length,
  };
}

/** The mean of each block of two pairs; of one where the other was not measured. */
function blockMeans(logRatios: LogRatios): number[] {
  const means: number[] = [];
  for (let i = 0; i < logRatios.length; i += 2) {
    const block = logRatios.slice(i, i + 2).filter((value) => value !== null);
    if (block.length > 0) means.push(mean(block));
  }
  return means;
}

/** Standard error of the trimmed mean: winsorised standard deviation * sqrt((n - 1) / (h (h - 1))), h of n values left, h - 1 degrees of freedom. */
function trimmedError(values: readonly number[]): { standardError: number; df: number } {
  const n = values.length;
  const cut = Math.floor(n * trimmedShare);
  const left = n - 2 * cut;
  if (left < 2) return { standardError: 0, df: 1 };
  const sorted = [...values].sort((a, b) => a - b);
  const winsorised = sorted.map((_, index) => sorted[Math.min(Math.max(index, cut), n - cut - 1)] as number);
  const { sd, df } = shrunken(standardDeviation(winsorised) * Math.sqrt((n - 1) / (left - 1)), left - 1);
  return { standardError: sd / Math.sqrt(left), df };
}
