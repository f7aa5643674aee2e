import type { Scenario } from '../config/scenario/scenario.ts';
import type { PresetTargets } from '../config/target/preset-targets.ts';
import type { ErrorCount, ResultDocument, Results, Run } from './document.ts';
import type { MeasuredPart, SkippedPart } from './findings/finding.ts';

/** A document of one scenario, taken apart again. */
export interface Apart {
  parts: MeasuredPart[];
  skipped: SkippedPart[];
}

interface WrittenPart {
  series: string;
  results: Results;
  errors?: ErrorCount[];
}

interface WrittenSkip {
  series: string;
  reason: string;
  targets?: PresetTargets;
}

/**
 * What each part of a document's scenario measured, as it was before they were united; a scenario without parts is its own only one. Null where the document does
 * not hold enough: another tool's, several scenarios', or one from before parts kept their errors. Pure.
 */
export function partsIn(document: ResultDocument): Apart | null {
  const scenarios = scenariosIn(document.config.resolved);
  const written = document.results['parts'];
  if (!Array.isArray(written)) {
    const scenario = scenarios.get(document.scenario);
    return scenario === undefined ? null : { parts: [{ scenario, document }], skipped: [] };
  }
  const names = written.map((part: WrittenPart) => part.series);
  const parts: MeasuredPart[] = [];
  for (const part of written as WrittenPart[]) {
    const scenario = scenarios.get(part.series);
    const errors = part.errors ?? (part.results.failed === 0 ? [] : null);
    if (scenario === undefined || errors === null) return null;
    parts.push({ scenario, document: onlyPart(document, part, (id) => ownerOf(id, names) === part.series, errors) });
  }
  return { parts, skipped: skippedIn(document.results) };
}

/** Every scenario that a resolved configuration holds, by name; those of results that were added lie within `merged`. */
export function scenariosIn(resolved: unknown): Map<string, Scenario> {
  const { scenario, merged } = (resolved ?? {}) as { scenario?: unknown; merged?: unknown };
  if (Array.isArray(merged)) return new Map(merged.flatMap((one) => [...scenariosIn(one)]));
  const named = scenario as Partial<Scenario> | undefined;
  const usable = typeof named?.name === 'string' && typeof named.load === 'object' && typeof named.request === 'object';
  return usable ? new Map([[named.name as string, named as Scenario]]) : new Map();
}

/** The part that a series belongs to, whose name may begin as another's does; undefined for one of the whole. */
function ownerOf(id: string, names: readonly string[]): string | undefined {
  return names.filter((name) => id === name || id.startsWith(`${name}/`)).toSorted((a, b) => b.length - a.length)[0];
}

/** Seconds are not told apart in the whole, so there are none. */
function onlyPart(document: ResultDocument, { results }: WrittenPart, isOwn: (id: string) => boolean, errors: ErrorCount[]): ResultDocument {
  const own = <T>(values: Record<string, T>) => Object.fromEntries(Object.entries(values).filter(([id]) => isOwn(id)));
  return {
    ...document,
    results,
    errors,
    series: document.series.filter(({ id }) => isOwn(id)),
    runs: document.runs.map((run): Run => ({ ...run, values: own(run.values), ...(run.counts ? { counts: own(run.counts) } : {}) })),
    slowest: document.slowest.filter(({ series }) => isOwn(series)),
    timeline: [],
  };
}

/** Of a part that was left out only what it asked for is known. */
function skippedIn({ skipped }: Results): SkippedPart[] {
  if (!Array.isArray(skipped)) return [];
  return (skipped as WrittenSkip[]).map(({ series, reason, targets }) => ({
    scenario: {
      name: series,
      request: targets?.retrieval_ms === undefined ? {} : { retrieval: {} },
      ...(targets ? { targets } : {}),
    } as unknown as Scenario,
    reason,
  }));
}
