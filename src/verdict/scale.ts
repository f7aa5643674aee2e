import { mean, standardDeviation } from './sample.ts';

/**
 * What is believed of the noise between runs before any was seen: a standard deviation of 5% on the log scale, with the weight of one observation.
 * Run-to-run noise spans 0.1% to 9% over the four benchmarks of the fresh-machine data of docs/verdicts.md, and 0.1% to 13% over LLM engines: so
 * wide that fitting a scaled inverse chi-squared distribution to it (as limma does over genes; Smyth 2004) gives about one observation's weight.
 * It keeps four runs that happen to agree from claiming that there is no noise; with twenty runs it holds a twentieth of the weight.
 */
export const scalePrior = { sd: 0.05, weight: 1 } as const;

export interface Scale {
  /** Standard deviation of a single value. */
  sd: number;
  df: number;
}

/** A sample standard deviation with `df` degrees of freedom, shrunk towards the prior: the variances are averaged by their weights. */
export function shrunken(sd: number, df: number, prior: { sd: number; weight: number } = scalePrior): Scale {
  const weight = prior.weight + df;
  return { sd: Math.sqrt((prior.weight * prior.sd ** 2 + df * sd ** 2) / weight), df: weight };
}

/** Location and scale of a pool of runs, outliers left out. */
export function poolScale(values: readonly number[]): Scale & { center: number } {
  return { center: mean(values), ...shrunken(standardDeviation(values), values.length - 1) };
}
