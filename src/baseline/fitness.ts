import { ExitCode, UserError } from '../config/errors.ts';
import { isRule } from '../load/stop-rules.ts';
import type { ResultDocument } from '../result/document.ts';
import { Refused } from './store.ts';

/**
 * Whether a stored result may be compared with what is asked. What the user named is taken as it is and its faults are told; what was found
 * automatically must be admissible and hold at least one of the scenarios (one that was added or dropped shows as new or missing in the verdict).
 * @returns notes for the reader
 * @throws Refused
 */
export function checkFitness(document: ResultDocument, candidate: { name: string; named: boolean }, scenarios: readonly string[]): string[] {
  const faults: string[] = [];
  if (document.partial) faults.push(`is of an interrupted run (${document.stop_reason})`);
  if (!document.admissible || !document.validity.valid) faults.push(`is not fit to be a baseline${becauseOf(document)}`);
  const held = scenariosOf(document);
  const common = scenarios.filter((scenario) => held.includes(scenario));
  if (held.length === 0) faults.push('does not say which scenario it is of');
  else if (common.length === 0) faults.push(`is of ${plural('scenario', held)}, not ${scenarios.join(', ')}`);
  if (faults.length > 0) {
    if (!candidate.named) throw new Refused(faults.join('; '));
    return faults.map((fault) => `${candidate.name} ${fault}.`);
  }
  const added = scenarios.filter((scenario) => !held.includes(scenario));
  const dropped = held.filter((scenario) => !scenarios.includes(scenario));
  const notes: string[] = [];
  if (added.length > 0) notes.push(`The baseline (${candidate.name}) does not have ${plural('scenario', added)}.`);
  if (dropped.length > 0) notes.push(`The baseline (${candidate.name}) also has ${plural('scenario', dropped)}, not measured here.`);
  return notes;
}

interface Unfit {
  /** Why it cannot be a baseline; goes on from `NAME cannot become a baseline: `. */
  why: string;
  exitCode: ExitCode;
  hint: string;
}

/** Why a result is not fit to be a baseline; null where it is. */
export function unfitFor(document: ResultDocument): Unfit | null {
  const { validity, partial, stop_reason: reason, admissible, series } = document;
  if (!validity.valid) {
    const failed = failedChecks(document).map((check) => check.detail || check.name);
    const why = failed.length > 0 ? ` (${failed.join('; ')})` : '';
    return { why: `the measurement is not valid${why}`, exitCode: ExitCode.invalid, hint: 'Measure again on a less busy machine.' };
  }
  const { usage: exitCode } = ExitCode;
  if (partial) return { why: `it is partial, stopped early (${reason})`, exitCode, hint: 'Measure again and let it finish.' };
  if (!admissible) {
    const stopped = stoppedEarly(document);
    if (stopped !== null) return { why: `it is not complete: ${stopped}`, exitCode, hint: 'Measure again with a load that comes to its end.' };
    const faults = [errorsOf(document) ?? [], failedChecks(document).map((check) => check.detail || check.name)].flat();
    const why = `it is marked as not admissible${faults.length > 0 ? ` (${faults.join('; ')})` : ''}`;
    return { why, exitCode, hint: 'Measure again when the service answers without errors, and as it was asked to.' };
  }
  return series.length === 0 ? { why: 'it holds no series', exitCode, hint: 'Expected a result that `llm-bench run` wrote.' } : null;
}

/**
 * Only what is fit to be compared with is stored; there is no way around it.
 * @param name what errors call it
 * @throws UserError: exit 3 for a measurement that is not valid, exit 2 for one that is partial, not admissible or empty
 */
export function refuseUnfit(document: ResultDocument, name: string): void {
  const unfit = unfitFor(document);
  if (unfit !== null) throw new UserError(`${name} cannot become a baseline: ${unfit.why}`, unfit);
}

/** What ended a load before its time, in words; null where it came to its end, and where it was cut off (that is `partial`). */
function stoppedEarly({ stop_reason: reason, results }: ResultDocument): string | null {
  if (isRule(reason)) return results.levels === undefined ? `a rule of \`stop\` ended it (${reason})` : null;
  if (reason === 'budget') return 'its budget was used up';
  return reason === 'ended' ? 'its end was asked for' : null;
}

/** `scenario` names one or, after a run of several, all of them; the series' labels say it as well. */
export function scenariosOf(document: ResultDocument): string[] {
  const named = document.scenario.split(',').map((name) => name.trim());
  const labels = document.series.map((series) => series.labels.scenario).filter((label) => typeof label === 'string');
  return [...new Set(labels.length > 0 ? labels : named)].filter((name) => name !== '');
}

/** What is known of why a result is not fit, in brackets; empty where nothing is. */
export function becauseOf(document: ResultDocument): string {
  const failed = failedChecks(document).map((check) => check.name);
  const why = document.validity.valid ? (stoppedEarly(document) ?? [errorsOf(document) ?? [], failed].flat().join(', ')) : failed.join(', ');
  return why === '' ? '' : ` (${why})`;
}

function errorsOf({ results: { error_rate: rate } }: ResultDocument): string | null {
  return rate ? `error rate ${Number(rate.toFixed(2))} %` : null;
}

/** Advices on the answers and the load, by which a valid result is not fit all the same. */
const unfitting: ReadonlySet<string> = new Set(['output_length', 'uncounted_answers', 'shards_together']);

/** The checks that stand in the way: of a valid result the others are hints at its quality. */
function failedChecks({ validity: { valid, checks } }: ResultDocument): ResultDocument['validity']['checks'] {
  return checks.filter(({ ok, severity, name }) => !ok && (valid ? unfitting.has(name) : severity === 'fatal'));
}

function plural(word: string, names: string[]): string {
  return `${word}${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
}
