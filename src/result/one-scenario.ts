import { UserError } from '../config/errors.ts';
import { nearMiss } from '../config/yaml/near-miss.ts';
import type { ResultDocument, Results } from './document.ts';

/**
 * One scenario of a document that holds several: its series, its runs' values and what it found. Errors and seconds are not told apart in such a document and are
 * left out. A document of that scenario alone is returned as it is. Pure.
 * @throws UserError (2) naming the scenarios that are there
 */
export function oneScenario(document: ResultDocument, name: string): ResultDocument {
  if (document.scenario === name) return document;
  const { scenarios } = document.results as { scenarios?: Record<string, Results> };
  const results = scenarios !== undefined && Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
  if (results === undefined) {
    const there = scenarios === undefined ? [document.scenario] : Object.keys(scenarios);
    const near = nearMiss(name, there);
    throw new UserError(`no scenario ${name} in this result; it holds ${there.join(', ')}${near === null ? '' : `. Did you mean ${near}?`}`);
  }
  const isOf = (id: string) => id === name || id.startsWith(`${name}/`);
  const series = document.series.filter(({ id, labels }) => labels['scenario'] === name || isOf(id));
  const ids = new Set(series.map(({ id }) => id));
  const runs = document.runs
    .map((run) => ({ ...run, values: Object.fromEntries(Object.entries(run.values).filter(([id]) => ids.has(id))) }))
    .filter(({ values }) => Object.keys(values).length > 0);
  return {
    ...document,
    scenario: name,
    results,
    series,
    runs,
    slowest: document.slowest.filter((one) => ids.has(one.series)),
    errors: [],
    timeline: [],
  };
}
