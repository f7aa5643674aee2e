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
  if (apart.every((one) => one !== null)) return withSkipped(merged, apart);
  return withoutFindings(merged, documents);
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
  let complete = true;
  for (const name of scenarios) {
    const own = mergeWhole(documents.filter((document) => scenariosOf(document).includes(name)).map((document) => oneScenario(document, name)));
    found[name] = own.results;
    complete &&= !own.validity.checks.some((check) => check.name === lost);
  }
  const whole = { ...merged, results: { ...merged.results, scenarios: found } };
  return complete ? whole : withAdvice(whole);
}

function scenariosOf({ scenario, results }: ResultDocument): string[] {
  const { scenarios } = results as { scenarios?: Record<string, Results> };
  return typeof scenarios === 'object' && scenarios !== null ? Object.keys(scenarios) : [scenario];
}

const lost = 'findings';

/** Sums of results whose scenario has parts, with the advice that what these say together is missing: the report must not pass over it. */
export function withoutFindings(merged: ResultDocument, documents: readonly ResultDocument[]): ResultDocument {
  return documents.length > 1 && documents.some(({ results }) => Array.isArray(results['parts'])) ? withAdvice(merged) : merged;
}

function withAdvice(merged: ResultDocument): ResultDocument {
  const detail =
    'what the parts of a scenario say together (ratios, scaling, skew) is not made anew of these results: the series are exact, for the rest see each result';
  const checks = [...merged.validity.checks.filter(({ name }) => name !== lost), { name: lost, ok: false, severity: 'advice' as const, detail }];
  return { ...merged, validity: { ...merged.validity, checks } };
}
