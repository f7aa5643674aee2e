import type { Criterion } from '../config/scenario/criteria.ts';
import { sloProfiles } from '../config/scenario/criteria.ts';
import type { Scenario } from '../config/scenario/scenario.ts';
import type { Results } from './document.ts';

/** A criterion and what became of it, as `results.criteria` has it. */
export interface JudgedCriterion {
  of: string;
  /** In words. */
  text: string;
  max?: number;
  min?: number;
  is?: boolean;
  value: number | boolean | null;
  /** Null: the figure was not measured. */
  met: boolean | null;
  /** The service level that asks for it; left out for the scenario's own. */
  slo?: string;
}

/** The scenario's own criteria and those of its service levels, judged by `results`. Pure. */
export function judgeCriteria(results: Results, { criteria, slo }: Pick<Scenario, 'criteria' | 'slo'>): JudgedCriterion[] {
  const levels = (slo ?? []).flatMap((name) => sloProfiles[name].map((criterion) => ({ ...judged(results, criterion), slo: name })));
  return [...(criteria ?? []).map((criterion) => judged(results, criterion)), ...levels];
}

function judged(results: Results, criterion: Criterion): JudgedCriterion {
  const { of, max, min, is, says } = criterion;
  const value = figureAt(results, of);
  const limits = { ...(max === undefined ? {} : { max }), ...(min === undefined ? {} : { min }), ...(is === undefined ? {} : { is }) };
  return { of, text: says ?? sentenceOf(criterion), ...limits, value, met: value === null ? null : holds(value, criterion) };
}

function holds(value: number | boolean, { max, min, is }: Criterion): boolean {
  if (typeof value === 'boolean') return is === undefined || value === is;
  return (max === undefined || value <= max) && (min === undefined || value >= min) && is === undefined;
}

function sentenceOf({ of, max, min, is }: Criterion): string {
  if (is !== undefined) return `${of} is ${is ? 'true' : 'false'}`;
  return [max === undefined ? null : `${of} at most ${max}`, min === undefined ? null : `${of} at least ${min}`]
    .filter((part) => part !== null)
    .join(', ');
}

/** A number or a truth value at a dotted path below `results`; null where there is neither. */
export function figureAt(results: Results, path: string): number | boolean | null {
  let at: unknown = results;
  for (const step of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return null;
    at = (at as Record<string, unknown>)[step];
  }
  return typeof at === 'boolean' || (typeof at === 'number' && Number.isFinite(at)) ? at : null;
}
