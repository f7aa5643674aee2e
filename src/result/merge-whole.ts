import { isObject } from '../config/is-object.ts';
import type { ResultDocument, Results } from './document.ts';
import { mergeResults } from './merge.ts';
import { oneScenario } from './one-scenario.ts';
import { type Apart, partsIn } from './part-documents.ts';
import { findAnew } from './unite.ts';

/**
 * Adds results as `mergeResults` does, and makes anew what their scenario says of its levels and of its parts together (ratios, scaling, skew, targets). Where a
 * scenario has parts and a document cannot be taken apart, that stays behind and an advice says so. Pure.
 * @throws UserError as `mergeResults` does
 */
export function mergeWhole(documents: readonly ResultDocument[], names: readonly string[] = []): ResultDocument {
  const merged = mergeResults(documents, names);
  if (documents.length < 2) return merged;
  const scenarios = new Set(documents.flatMap(scenariosOf));
  if (scenarios.size > 1) return ofSeveral(merged, documents, [...scenarios]);
  const apart = documents.map(partsIn);
  return withLeftBehind(apart.every((one) => one !== null) ? withSkipped(merged, apart) : withoutFindings(merged, documents), documents);
}

/** Written of a result as a whole, so that another one's has nothing to say beside it. */
const ofOneResult: ReadonlySet<string> = new Set(['rounds', 'parts', 'recommendations', 'run_level', 'overall_assessment']);

/** Members of `results` that a part has and the sum has not, neither as a whole nor run by run: an advice names them, for a reader who looks for them. */
function withLeftBehind(merged: ResultDocument, documents: readonly ResultDocument[]): ResultDocument {
  const { rounds } = merged.results as { rounds?: unknown };
  const byRun = new Set(Array.isArray(rounds) ? rounds.flatMap((round) => Object.keys(isObject(round) ? round : {})) : []);
  const names = new Set(documents.flatMap(({ results }) => Object.keys(results).filter((name) => results[name] !== null)));
  const left = [...names].filter((name) => merged.results[name] === undefined && !byRun.has(name) && !ofOneResult.has(name));
  if (left.length === 0) return merged;
  return withAdvice(
    merged,
    `${left.map((name) => `results.${name}`).join(', ')} cannot be added and ${left.length === 1 ? 'is' : 'are'} left out: see each result`,
  );
}

/** What a reader of merged results should hear at once: checks of the adding itself that found something, a sentence each. Pure. */
export function mergeWarnings({ validity }: ResultDocument): string[] {
  return validity.checks.filter(({ name, ok }) => !ok && ofMerging.has(name)).map(({ detail }) => detail);
}

function withSkipped(merged: ResultDocument, apart: readonly Apart[]): ResultDocument {
  const skipped = new Map(apart.flatMap((one) => one.skipped.map((part) => [part.scenario.name, part])));
  return findAnew(
    merged,
    apart.map(({ parts }) => parts),
    { skipped: [...skipped.values()] },
  );
}

/** Several scenarios in one document: what each of them found stands below `scenarios`, made of the documents that hold it. */
function ofSeveral(merged: ResultDocument, documents: readonly ResultDocument[], scenarios: readonly string[]): ResultDocument {
  const found: Record<string, Results> = {};
  const left: string[] = [];
  for (const name of scenarios) {
    const own = mergeWhole(documents.filter((document) => scenariosOf(document).includes(name)).map((document) => oneScenario(document, name)));
    found[name] = own.results;
    for (const { name: check, detail } of own.validity.checks) if (check === lost) left.push(`${name}: ${detail}`);
  }
  const whole = { ...merged, results: { ...merged.results, scenarios: found } };
  return left.length === 0 ? whole : withAdvice(whole, left.join('; '));
}

function scenariosOf({ scenario, results }: ResultDocument): string[] {
  const { scenarios } = results as { scenarios?: Record<string, Results> };
  return typeof scenarios === 'object' && scenarios !== null ? Object.keys(scenarios) : [scenario];
}

const lost = 'findings';
const ofMerging: ReadonlySet<string> = new Set([lost, 'shards_together', 'same_load']);

/** Sums of results whose scenario has parts, with the advice that what these say together is missing: the report must not pass over it. */
export function withoutFindings(merged: ResultDocument, documents: readonly ResultDocument[]): ResultDocument {
  return documents.length > 1 && documents.some(({ results }) => Array.isArray(results['parts'])) ? withAdvice(merged, partsLost) : merged;
}

const partsLost =
  'what the parts of a scenario say together (ratios, scaling, skew) is not made anew of these results: the series are exact, for the rest see each result';

function withAdvice(merged: ResultDocument, detail: string): ResultDocument {
  const known = merged.validity.checks.find(({ name }) => name === lost);
  if (known?.detail.includes(detail)) return merged;
  const advice = { name: lost, ok: false, severity: 'advice' as const, detail: known === undefined ? detail : `${known.detail}; ${detail}` };
  return { ...merged, validity: { ...merged.validity, checks: [...merged.validity.checks.filter((check) => check !== known), advice] } };
}
