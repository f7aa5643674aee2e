import { isObject } from '../../config/is-object.ts';
import type { Level } from '../../load/levels.ts';
import type { SearchSummary } from '../../load/search-summary.ts';
import type { ResultDocument } from '../../result/document.ts';
import type { Stability } from '../../result/stability.ts';

/** What a load that changes, or lasts, said beside its figures; of one scenario, part or round. */
export interface FoundIn {
  /** Whose it is, unescaped; empty where the document holds one scenario. */
  name: string;
  levels: readonly Level[];
  search: SearchSummary | null;
  stability: Stability | null;
  /** The block it was read from, for what only some scenarios say. */
  results: Record<string, unknown>;
}

export type Block = Record<string, unknown>;

export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const figure = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/**
 * The blocks of a document that hold findings: its own `results`, those of its scenarios (`results.scenarios`), of their parts (`results.parts`) and of
 * rounds that cannot be added up (`results.rounds`). Another tool's document may hold anything there: what does not look as it should is left out.
 */
export function foundIn({ results }: ResultDocument): FoundIn[] {
  return blocksOf('', results as Block).map(({ name, results: block }) => ({
    name,
    levels: levelsOf(block['levels']),
    search: searchOf(block['search']),
    stability: stabilityOf(block['stability']),
    results: block,
  }));
}

const deepest = 4;

function blocksOf(name: string, results: Block, depth = 0): { name: string; results: Block }[] {
  const own = [{ name, results }];
  if (depth === deepest) return own;
  const scenarios = isObject(results['scenarios']) ? Object.entries(results['scenarios']) : [];
  const parts = listOf(results['parts'])
    .filter(isObject)
    .map((part): [string, unknown] => [String(part['series'] ?? ''), part['results']]);
  // Levels that were added up over the rounds stand for theirs.
  const pooled = listOf(results['levels']).length > 0;
  const rounds = listOf(results['rounds']).map((round, index): [string, unknown] => [
    `${name === '' ? '' : `${name}, `}round ${index + 1}`,
    pooled && isObject(round) ? { ...round, levels: [] } : round,
  ]);
  return [...own, ...[...scenarios, ...parts, ...rounds].flatMap(([inner, block]) => (isObject(block) ? blocksOf(inner, block, depth + 1) : []))];
}

function levelsOf(value: unknown): Level[] {
  return listOf(value).flatMap((level): Level[] => {
    if (!isObject(level) || figure(level['load']) === null) return [];
    return [
      {
        load: figure(level['load']) as number,
        unit: level['unit'] === 'rate' ? 'rate' : 'users',
        requests: figure(level['requests']) ?? 0,
        requests_per_sec: figure(level['requests_per_sec']),
        tokens_per_sec: figure(level['tokens_per_sec']),
        p50_latency_s: figure(level['p50_latency_s']),
        p95_latency_s: figure(level['p95_latency_s']),
        error_rate: figure(level['error_rate']),
        dropped: figure(level['dropped']) ?? 0,
        goodput: figure(level['goodput']),
        p95_ratio: figure(level['p95_ratio']),
        stop_reason: typeof level['stop_reason'] === 'string' ? (level['stop_reason'] as Level['stop_reason']) : null,
      },
    ];
  });
}

function searchOf(value: unknown): SearchSummary | null {
  if (!isObject(value)) return null;
  const { unit, max_sustainable_load, breaking_point: breaking, knee } = value;
  const loads = (name: string) => listOf(value[name]).flatMap((load) => figure(load) ?? []);
  return {
    unit: unit === 'rate' ? 'rate' : 'users',
    max_sustainable_load: figure(max_sustainable_load),
    breaking_point:
      isObject(breaking) && figure(breaking['load']) !== null
        ? {
            load: figure(breaking['load']) as number,
            rule: String(breaking['rule'] ?? '') as NonNullable<SearchSummary['breaking_point']>['rule'],
            value: figure(breaking['value']),
            limit: figure(breaking['limit']),
          }
        : null,
    knee:
      isObject(knee) && figure(knee['load']) !== null
        ? {
            load: figure(knee['load']) as number,
            requests_per_sec: figure(knee['requests_per_sec']) ?? Number.NaN,
            p95_latency_s: figure(knee['p95_latency_s']) ?? Number.NaN,
          }
        : null,
    stable_levels: loads('stable_levels'),
    cut_off_levels: loads('cut_off_levels'),
  };
}

function stabilityOf(value: unknown): Stability | null {
  return isObject(value) && isObject(value['drift']) && listOf(value['thirds']).length === 3 ? (value as unknown as Stability) : null;
}
