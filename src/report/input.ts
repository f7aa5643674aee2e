import type { ResultDocument } from '../result/document.ts';
import type { Verdict } from '../verdict/verdict.ts';
import type { Trend } from './trend.ts';

/** What a report in markdown is made of. Only the first three are needed; the rest is what the caller knows of where and why. */
export interface ReportInput {
  verdict: Verdict;
  current: ResultDocument;
  baseline: ResultDocument | null;
  /** What the sides are called; `this run` and `baseline` when not given. */
  names?: { current: string; baseline: string };
  /** The commit that was measured, where it is not the result's own (a pull request's head, not its merge commit). */
  headSha?: string | null;
  /** Wall time that the comparison took, both sides; the sum of the runs when not given. */
  elapsedSeconds?: number | null;
  /** One sentence on why there is no baseline, such as that no run of main has left one yet. */
  noBaseline?: string | null;
  /** Whether a known slow-down was accepted, and why not where it was asked for: one sentence. */
  acceptance?: string | null;
  /** What must not be overlooked, a sentence each: told above the folds. */
  remarks?: readonly string[];
  /** The command that measures the same again, when it is not the obvious one. */
  repeat?: string | null;
  history?: Trend | null;
  /** https address of the run that holds the files. */
  runUrl?: string | null;
}
