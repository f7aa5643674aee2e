import type { Thresholds } from '../config/thresholds/thresholds.ts';
import type { Better, ResultDocument, Run } from '../result/document.ts';
import { detectable } from './decide.ts';
import { defaultPairedLimitPercent, pairsOf, type Rounds, roundsOf } from './judge-paired.ts';
import { defaultAlpha, defaultBeta, defaultScreenLimitPercent } from './judge-screen.ts';
import { limitOnLogScale } from './log-scale.ts';
import { pairSeries } from './pair-series.ts';
import { estimatePairs } from './paired.ts';
import { isTail } from './role.ts';
import { standardDeviation, toPercent } from './sample.ts';
import { shrunken } from './scale.ts';
import { smallestFamily } from './screen.ts';
import { finalLevel, firstLook } from './sequential.ts';
import { type AlarmRates, falseAlarms, type Measured } from './simulate.ts';
import { type Question, rowsAndQuestions } from './statistical-rows.ts';

/** Minutes and sizes of pools that a calibration answers for. */
export const calibratedMinutes = [2, 5, 10] as const;
export const calibratedPools = [4, 10, 20] as const;

/** False alarms are those of such a budget. Rounds of milliseconds would make it thousands of pairs, whose simulation takes many times as long as measuring them. */
const simulatedMinutes = 5;
const mostSimulatedPairs = 1000;
const mostDrawnPairs = 200_000;
const fewestTrials = 200;

/** A limit beyond this tells hardly anything: such a metric should only advise. */
const widestLimitPercent = 50;

/** What two sides that are alike tell of the noise of one metric. Percentages are of the value; null where it cannot be told. */
export interface CalibratedMetric {
  series: string;
  metric: string;
  unit: string;
  better: Better;
  /** Geometric mean over all runs, in the unit. */
  value: number;
  /** Standard deviation from run to run of one side, and of the ratio of the two rounds of a pair. */
  run_noise_percent: number;
  pair_noise_percent: number;
  /** Smallest change that is told from none nine times in ten: minutes of a paired measurement -> percent, runs of a pool -> percent. */
  paired_detectable_percent: Record<string, number | null>;
  screen_detectable_percent: Record<string, number | null>;
  /** Limits in force: of a paired comparison and of a screen. */
  paired_limit_percent: number;
  screen_limit_percent: number;
  /** A limit that this noise allows; null where only advising makes sense. */
  suggested_limit_percent: number | null;
}

export interface Calibration {
  pairs: number;
  seconds_per_pair: number;
  alpha: number;
  beta: number;
  /** Gating metrics alone: they decide. */
  metrics: CalibratedMetric[];
  false_alarms: AlarmRates;
  /** What could not be calibrated and why, a sentence each. */
  notes: string[];
}

/** What a paired comparison is held to, and what a screen. */
export interface LimitsInForce {
  paired: Thresholds;
  screen: Thresholds;
}

export interface CalibrationOptions {
  secondsPerPair: number;
  /** Comparisons to simulate; fewer where each has many hundred pairs. */
  trials: number;
  /** Uniform in [0, 1), seeded by the caller. */
  random: () => number;
}

/**
 * Noise, false alarms and detectable changes from an A/A measurement: two sides that are alike, measured in turn; see docs/verdicts.md. The first run of
 * each side is dropped. The judge of the simulation is the one that judges comparisons.
 * @returns a sentence instead where fewer than four pairs were measured
 */
export function calibrate(base: ResultDocument, head: ResultDocument, thresholds: LimitsInForce, options: CalibrationOptions): Calibration | string {
  const rounds = roundsOf(base, head, true);
  const pairs = Math.min(rounds.base.length, rounds.head.length);
  if (pairs < fewestPairs) return `${pairs} pair${pairs === 1 ? '' : 's'} of rounds: at least ${fewestPairs} are needed to know the noise`;
  const notes: string[] = [];
  const measured = questionsOf(base, head, thresholds.paired, rounds, defaultPairedLimitPercent).flatMap((question) => {
    const found = measuredOf(question, rounds);
    if (typeof found !== 'string') return [found];
    notes.push(`${question.key} of ${question.series.id} was not calibrated: ${found}`);
    return [];
  });
  const screens = questionsOf(base, head, thresholds.screen, rounds, defaultScreenLimitPercent);
  const screenLimit = ({ series, key }: Question): number =>
    screens.find((other) => other.series.id === series.id && other.key === key)?.limitPercent ?? defaultScreenLimitPercent;
  const plan = { alpha: defaultAlpha, beta: defaultBeta };
  const held = pairsWithin(simulatedMinutes, options.secondsPerPair);
  const maxPairs = Math.min(held, mostSimulatedPairs);
  if (held > maxPairs)
    notes.push(`${simulatedMinutes} minutes hold ${held} pairs of rounds as short as these; false alarms are simulated for ${maxPairs}`);
  const trials = Math.min(options.trials, Math.max(fewestTrials, Math.floor(mostDrawnPairs / Math.max(1, maxPairs))));
  const metrics = measured.map((one) => describe(one, screenLimit(one.question), measured.length, options.secondsPerPair));
  const alarms = falseAlarms(
    measured.map(
      ({ logRatios, logValues, question }): Measured => ({
        logRatios,
        logValues,
        pairedLimit: limitOnLogScale(question.limitPercent, question.direction ?? 1),
        screenLimit: limitOnLogScale(screenLimit(question), question.direction ?? 1),
      }),
    ),
    { ...plan, maxPairs, trials, random: options.random },
  );
  return { pairs, seconds_per_pair: options.secondsPerPair, ...plan, metrics, false_alarms: alarms, notes };
}

/** Fewest pairs from which a spread is told; two blocks. */
const fewestPairs = 4;

function questionsOf(base: ResultDocument, head: ResultDocument, thresholds: Thresholds, rounds: Rounds, limitPercent: number): Question[] {
  const kept = (document: ResultDocument, runs: Run[]): ResultDocument => ({ ...document, runs });
  const baselines = [{ document: kept(base, rounds.base), pairing: pairSeries(head, base) }];
  return rowsAndQuestions(kept(head, rounds.head), baselines, thresholds, { limitPercent, override: false }, []).flatMap((item) =>
    'question' in item && item.question.role === 'gating' && item.question.key !== 'error_rate' ? [item.question] : [],
  );
}

interface MeasuredMetric {
  question: Question;
  logRatios: (number | null)[];
  /** Of both sides, each about its own mean, as one side's runs vary. */
  logValues: number[];
  value: number;
  runNoise: number;
}

function measuredOf(question: Question, rounds: Rounds): MeasuredMetric | string {
  const { logRatios, baseValues, headValues, fault } = pairsOf(question, rounds.base, rounds.head);
  if (fault !== null) return fault;
  const logs = [baseValues, headValues].map((side) => side.filter((value) => value !== null).map(Math.log));
  const usable = logRatios.filter((ratio) => ratio !== null).length;
  if (usable < fewestPairs) return `${usable} pairs measured it`;
  const sides = logs.map((values) => ({ center: values.reduce((sum, value) => sum + value, 0) / values.length, values }));
  const logValues = sides.flatMap(({ center, values }) => values.map((value) => value - center));
  const df = logValues.length - 2;
  const runNoise = standardDeviation(logValues) * Math.sqrt((logValues.length - 1) / Math.max(1, df));
  const value = Math.exp(sides.reduce((sum, { center }) => sum + center, 0) / 2);
  return { question, logRatios, logValues, value, runNoise };
}

function describe(
  { question, logRatios, value, runNoise }: MeasuredMetric,
  screenLimitPercent: number,
  family: number,
  secondsPerPair: number,
): CalibratedMetric {
  const pairNoise = estimatePairs(logRatios)?.noise ?? 0;
  const paired = Object.fromEntries(
    calibratedMinutes.map((minutes) => [minutes, percentOf(pairedDetectable(pairNoise, pairsWithin(minutes, secondsPerPair), family))]),
  );
  const wanted = paired['5'] ?? null;
  const { series, key, unit, better, limitPercent } = question;
  return {
    series: series.id,
    metric: key,
    unit,
    better,
    value,
    run_noise_percent: toPercent(runNoise),
    pair_noise_percent: toPercent(standardDeviation(logRatios.filter((ratio) => ratio !== null))),
    paired_detectable_percent: paired,
    screen_detectable_percent: Object.fromEntries(calibratedPools.map((runs) => [runs, percentOf(screenDetectable(runNoise, runs, family))])),
    paired_limit_percent: limitPercent,
    screen_limit_percent: screenLimitPercent,
    suggested_limit_percent: wanted === null ? null : suggested(wanted, isTail(key)),
  };
}

const percentOf = (change: number | null): number | null => (change === null ? null : toPercent(change));

/** Whole percents upwards, fives from 20 on; not below what a paired comparison takes by default. */
function suggested(percent: number, tail: boolean): number | null {
  if (percent > widestLimitPercent || tail) return null;
  return Math.max(defaultPairedLimitPercent, percent < 20 ? Math.ceil(percent) : 5 * Math.ceil(percent / 5));
}

/** Pairs that so many minutes hold: the first round of each side is dropped, and the last look comes after a whole block. */
export function pairsWithin(minutes: number, secondsPerPair: number): number {
  return Math.max(0, 2 * Math.floor(((60 * minutes) / Math.max(0.001, secondsPerPair) - 1) / 2));
}

/** By the last look alone, so that earlier ones only add to it. Null where the pairs do not suffice for a first look. Log scale. */
export function pairedDetectable(pairNoise: number, pairs: number, family: number): number | null {
  if (pairs < firstLook) return null;
  const alpha = finalLevel(pairs, defaultAlpha / family);
  return detectable({ change: 0, standardError: pairNoise / Math.sqrt(pairs), df: pairs, noise: pairNoise }, { alpha, beta: defaultBeta });
}

/** One new run against a pool of so many, its scale shrunk towards the prior as the screen's is. Log scale. */
export function screenDetectable(runNoise: number, runs: number, family: number): number | null {
  const { sd, df } = shrunken(runNoise, runs - 1);
  const levels = { alpha: defaultAlpha / Math.max(smallestFamily, family), beta: defaultBeta };
  return detectable({ change: 0, standardError: sd * Math.sqrt(1 + 1 / runs), df, noise: sd }, levels);
}
