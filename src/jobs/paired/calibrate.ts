import { ExitCode, UserError } from '../../config/errors.ts';
import { renderCalibration, renderCalibrationMarkdown, suggestedThresholds } from '../../report/calibration.ts';
import type { ResultDocument } from '../../result/document.ts';
import { type Calibration, calibrate } from '../../verdict/calibration.ts';
import { Random } from '../../workload/random.ts';
import { type PairedOptions, pairedJob } from './ab.ts';
import { pairedThresholds } from './limits.ts';
import { measurePaired, type PairedResult } from './paired.ts';

/** Simulated comparisons; the Monte Carlo error of 1% is a third of a percent. */
const trials = 1000;

export interface CalibrateOptions extends Omit<PairedOptions, 'base' | 'baseRef' | 'limitPercent'> {
  format: 'text' | 'markdown' | 'json';
  color: boolean;
  out(text: string): void;
  /** Why there is no verdict, or not all of one: said also where progress is not. */
  err(line: string): void;
}

/**
 * `llm-bench calibrate`: measures the service in turn with itself for the whole budget and prints what its noise allows to tell. Interrupted, it prints
 * what was measured until then.
 * @throws UserError as measuring does
 */
export async function calibrateService(options: CalibrateOptions): Promise<ExitCode> {
  const { head, log } = options;
  const job = pairedJob({ ...options, base: head, baseRef: null, limitPercent: null }, null);
  const result = await measurePaired({ ...job, wholeBudget: true });
  const found = judged(result, options);
  if (typeof found === 'string') {
    const cause = result.crash?.message ?? found;
    if (result.crash || result.interrupted) options.err(cause);
    else throw new UserError(`calibrate: ${cause}`, { exitCode: ExitCode.invalid, hint: 'Give it a longer --budget, or shorter rounds with -n.' });
    return result.crash ? ExitCode.service : ExitCode.interrupted;
  }
  options.out(render(found, result, options));
  log(`${result.rounds} rounds in ${result.seconds.toFixed(0)} s`);
  if (result.interrupted) return ExitCode.interrupted;
  if (result.crash) {
    options.err(result.crash.message);
    return ExitCode.service;
  }
  return [result.base, result.head].every((document) => document?.validity.valid) ? ExitCode.ok : ExitCode.invalid;
}

function judged({ base, head, secondsPerPair }: PairedResult, options: CalibrateOptions): Calibration | string {
  if (base === null || head === null || secondsPerPair === null) return 'no round was complete';
  const random = new Random(options.head.scenarios[0]?.seed ?? 0, 1);
  const limits = { paired: pairedThresholds(options.head), screen: options.head.thresholds };
  const found = calibrate(base, head, limits, { secondsPerPair, trials, random: () => random.uniform() });
  if (typeof found === 'string') return found;
  return { ...found, notes: [...found.notes, ...faults(base, head)] };
}

/** A client that was the bottleneck measured its own noise. */
function faults(...documents: ResultDocument[]): string[] {
  const failed = documents.flatMap(({ validity }) => validity.checks.filter(({ ok, severity }) => !ok && severity === 'fatal'));
  return [...new Set(failed.map(({ detail }) => `not valid: ${detail}`))];
}

function render(calibration: Calibration, { rounds, seconds, interrupted }: PairedResult, { format, color }: CalibrateOptions): string {
  if (format === 'markdown') return renderCalibrationMarkdown(calibration);
  if (format === 'text') return renderCalibration(calibration, { color });
  const spent = { rounds, minutes: Number((seconds / 60).toFixed(2)), partial: interrupted };
  return `${JSON.stringify({ ...spent, ...calibration, thresholds: suggestedThresholds(calibration) }, null, 2)}\n`;
}
