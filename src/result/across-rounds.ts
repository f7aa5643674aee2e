import { median } from '../measure/median.ts';
import { type Capacity, capacityOf } from './capacity.ts';
import { addCounts } from './dispatch.ts';
import type { ResultDocument, Results } from './document.ts';
import type { MeasuredPart } from './findings/finding.ts';
import { levelLimits } from './load-findings.ts';
import { mergeResults } from './merge.ts';
import { pooledLevels } from './pooled-levels.ts';
import { addWarmUps, type WarmUp } from './spike-rate.ts';

/** Each part over all rounds that drove it. @param merged the documents of the rounds, where somebody has added them already and a round is one part */
export function acrossRounds(rounds: readonly (readonly MeasuredPart[])[], merged: ResultDocument | null = null): MeasuredPart[] {
  const byName = new Map<string, MeasuredPart[]>();
  for (const part of rounds.flat()) byName.set(part.scenario.name, [...(byName.get(part.scenario.name) ?? []), part]);
  return [...byName.values()].map((same) => {
    const documents = same.map(({ document }) => document);
    const { scenario } = same[0] as MeasuredPart;
    const added =
      merged ??
      mergeResults(
        documents,
        documents.map((_, index) => `run ${index + 1}`),
      );
    return { scenario, document: { ...added, results: { ...added.results, ...overRounds(documents, added, scenario) } } };
  });
}

/** Members of `results` that adding leaves behind, because only rounds of the same load can be added up so. */
function overRounds(rounds: readonly ResultDocument[], { series }: ResultDocument, scenario: MeasuredPart['scenario']): Partial<Results> {
  const all = rounds.map(({ results }) => results);
  const known = <T>(name: string) => all.flatMap((results) => (results[name] as T | null | undefined) ?? []);
  const warmUp = addWarmUps(known<WarmUp>('warmup'));
  const parseTimes = known<ParseTime>('json_parse_ms');
  const replicas = known<Record<string, number>>('replica_counts');
  const [first] = known<number>('first_latency_s');
  const levels = pooledLevels(rounds, series);
  const perReplica = (all[0]?.['capacity'] as Capacity['capacity'] | undefined)?.replicas ?? 1;
  return {
    ...(warmUp === null ? {} : { warmup: warmUp }),
    ...(parseTimes.length === 0 ? {} : { json_parse_ms: addParseTimes(parseTimes) }),
    ...(replicas.length === 0 ? {} : { replica_counts: addCounts(replicas) }),
    // The first of the first round is the one that met a cold service.
    ...(first === undefined ? {} : { first_latency_s: first }),
    ...(levels === null ? {} : { levels, ...capacityOf(levels, levelLimits(scenario), perReplica) }),
  };
}

interface ParseTime {
  p50: number;
  max: number;
  answers: number;
}

/** As many answers in each: the median is that of their medians, or near it. */
function addParseTimes(times: readonly ParseTime[]): ParseTime {
  return {
    p50: median(times.map(({ p50 }) => p50)) as number,
    max: Math.max(...times.map(({ max }) => max)),
    answers: times.reduce((sum, { answers }) => sum + answers, 0),
  };
}
