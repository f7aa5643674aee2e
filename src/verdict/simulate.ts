import { decideScreen, screen } from './screen.ts';
import { firstLook, judgePairs } from './sequential.ts';

/** What an A/A measurement left of one metric. Log scale. */
export interface Measured {
  /** In the order taken; two pairs make a block. */
  logRatios: readonly (number | null)[];
  /** Runs about the mean of their side. */
  logValues: readonly number[];
  pairedLimit: number;
  screenLimit: number;
}

/** A share of trials with its Monte Carlo standard error; both in percent. */
export interface Share {
  percent: number;
  standard_error: number;
}

/** How often unchanged code is called regressed, and how often ok, by any or all of the metrics together. */
export interface AlarmRates {
  trials: number;
  /** Pairs that the simulated budget of five minutes holds; null rates where they do not suffice for a first look. */
  paired: { pairs: number; regressed: Share | null; ok: Share | null };
  screen: { pool: number; regressed: Share; ok: Share };
}

const simulatedPool = 20;

/**
 * False alarms of the present limits, by drawing from what was measured. Paired: whole blocks of pairs, all metrics of a block together, the side that
 * stands for the head drawn by chance (both are alike). Screen: runs, drawn with replacement, each metric by itself. Judged by `judgePairs` and
 * `decideScreen`, as comparisons are.
 * Assumes that blocks (runs) are independent and that the few that were measured stand for all: a burst that did not occur is not in it.
 */
export function falseAlarms(
  metrics: readonly Measured[],
  plan: { alpha: number; beta: number; maxPairs: number; trials: number; random: () => number },
): AlarmRates {
  const { trials, maxPairs } = plan;
  const paired = maxPairs >= firstLook && metrics.length > 0 ? repeat(trials, () => onePaired(metrics, plan)) : null;
  const screened = repeat(metrics.length > 0 ? trials : 0, () => oneScreen(metrics, plan));
  return {
    trials,
    paired: { pairs: maxPairs, regressed: paired?.regressed ?? null, ok: paired?.ok ?? null },
    screen: { pool: simulatedPool, ...screened },
  };
}

function repeat(trials: number, once: () => 'regressed' | 'ok' | null): { regressed: Share; ok: Share } {
  const counts = { regressed: 0, ok: 0 };
  for (let trial = 0; trial < trials; trial++) {
    const word = once();
    if (word !== null) counts[word] += 1;
  }
  return { regressed: shareOf(counts.regressed, trials), ok: shareOf(counts.ok, trials) };
}

/** The error of a share that never or always occurred is told as if it had once been half otherwise. */
function shareOf(hits: number, trials: number): Share {
  if (trials === 0) return { percent: 0, standard_error: 0 };
  const rate = hits / trials;
  return { percent: 100 * rate, standard_error: 100 * Math.sqrt(Math.max(rate * (1 - rate), 1 / (4 * trials)) / trials) };
}

function onePaired(
  metrics: readonly Measured[],
  { alpha, beta, maxPairs, random }: { alpha: number; beta: number; maxPairs: number; random: () => number },
) {
  const blocks = Math.max(1, Math.floor(Math.min(...metrics.map(({ logRatios }) => logRatios.length)) / 2));
  const drawn = metrics.map((): (number | null)[] => []);
  for (let pair = 0; pair < maxPairs; pair += 2) {
    const block = Math.floor(random() * blocks);
    const sign = random() < 0.5 ? -1 : 1;
    for (const [index, { logRatios }] of metrics.entries()) {
      for (const at of [2 * block, 2 * block + 1]) {
        const ratio = logRatios[at] ?? null;
        (drawn[index] as (number | null)[]).push(ratio === null ? null : sign * ratio);
      }
    }
  }
  const asked = metrics.map(({ pairedLimit }, index) => ({ logRatios: drawn[index] as (number | null)[], limit: pairedLimit }));
  const { decision } = judgePairs(asked, [], { maxPairs, alpha, beta, final: true });
  return decision === 'regressed' || decision === 'ok' ? decision : null;
}

function oneScreen(metrics: readonly Measured[], { alpha, beta, random }: { alpha: number; beta: number; random: () => number }) {
  const asked = metrics.flatMap(({ logValues, screenLimit }) => {
    const drawOne = () => Math.exp(logValues[Math.floor(random() * logValues.length)] as number);
    const found = screen({ pool: Array.from({ length: simulatedPool }, drawOne), head: [drawOne()], direction: 1 });
    return 'estimate' in found ? [{ estimate: found.estimate, limit: screenLimit }] : [];
  });
  const words = decideScreen(asked, alpha, beta).map(({ decision }) => decision);
  if (words.includes('regressed')) return 'regressed';
  return words.every((word) => word === 'ok' || word === 'improved') ? 'ok' : null;
}
