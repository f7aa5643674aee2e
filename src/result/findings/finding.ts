import type { Scenario } from '../../config/scenario/scenario.ts';
import type { Metric, ResultDocument } from '../document.ts';

/** One part of a scenario and what it came to; a scenario without parts is its own only part. */
export interface MeasuredPart {
  scenario: Scenario;
  document: ResultDocument;
}

export interface FindingInput {
  /** The scenario's name as it was chosen; the series of the whole is called so. */
  name: string;
  /** In the order they ran. Fewer than planned where the run ended early: a figure that needs one that is not there is null. */
  parts: readonly MeasuredPart[];
  /** All parts in one. */
  document: ResultDocument;
  /** What it is held against, where that was known before it was measured. */
  baseline?: ResultDocument | null;
  /** Parts that the target does not offer. */
  skipped?: readonly SkippedPart[];
}

/** A part that was not measured, and why in a sentence. */
export interface SkippedPart {
  scenario: Scenario;
  reason: string;
}

export interface Found {
  /** Members to add to `results`. */
  results?: Record<string, unknown>;
  /** Series id -> metrics to add; a series that is not there yet is made. */
  metrics?: Record<string, Record<string, Metric>>;
}

/** Figures that are made of all parts of a scenario once they ran. Pure. */
export type Finding = (input: FindingInput) => Found;
