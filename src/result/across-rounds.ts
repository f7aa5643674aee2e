import type { SearchSummary } from '../load/search-summary.ts';
import { median } from '../measure/median.ts';
import type { Capacity } from './capacity.ts';
import { addConversations, type ConversationBlock } from './conversations.ts';
import { addCounts } from './dispatch.ts';
import type { ResultDocument, Results, Series } from './document.ts';
import type { MeasuredPart } from './findings/finding.ts';
import { levelFindings, searchMetrics } from './load-findings.ts';
import { mergeResults } from './merge.ts';
import { pooledLevels } from './pooled-levels.ts';
import { addWarmUps, type WarmUp } from './spike-rate.ts';
import { type Stability, stabilityOf, withShards, worstOf } from './stability.ts';

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
    const found = overRounds(documents, added, scenario);
    const series = withSearch(added.series, scenario.name, found['search'] as SearchSummary | undefined);
    return { scenario, document: { ...added, series, results: { ...added.results, ...found } } };
  });
}

/** A search of several rounds is compared by what their levels together say: what each round found for itself stands with the runs. */
export function withSearch(series: readonly Series[], name: string, search: SearchSummary | undefined): Series[] {
  return series.map((one) => (search !== undefined && one.id === name ? { ...one, metrics: { ...one.metrics, ...searchMetrics(search) } } : one));
}

/** Members of `results` that adding leaves behind, because only rounds of the same load can be added up so. */
function overRounds(rounds: readonly ResultDocument[], added: ResultDocument, scenario: MeasuredPart['scenario']): Partial<Results> {
  const all = rounds.map(({ results }) => results);
  const known = <T>(name: string) => all.flatMap((results) => (results[name] as T | null | undefined) ?? []);
  const warmUp = addWarmUps(known<WarmUp>('warmup'));
  const parseTimes = known<ParseTime>('json_parse_ms');
  const replicas = known<Record<string, number>>('replica_counts');
  const [first] = known<number>('first_latency_s');
  const levels = pooledLevels(rounds, added.series, scenario.name);
  const stability = stabilityOver(rounds, added);
  const conversation = conversationsOver(rounds, added);
  const perReplica = (all[0]?.['capacity'] as Capacity['capacity'] | undefined)?.replicas ?? 1;
  return {
    ...(warmUp === null ? {} : { warmup: warmUp }),
    ...(parseTimes.length === 0 ? {} : { json_parse_ms: addParseTimes(parseTimes) }),
    ...(replicas.length === 0 ? {} : { replica_counts: addCounts(replicas) }),
    // The first of the first round is the one that met a cold service.
    ...(first === undefined ? {} : { first_latency_s: first }),
    ...levelFindings(levels, scenario, perReplica),
    ...(stability === null ? {} : { stability }),
    ...(conversation === null ? {} : { conversation }),
  };
}

/** The times of machines that shared a load are from the start of the first; those of runs one after the other from each run's own. */
function conversationsOver(rounds: readonly ResultDocument[], { runs, timestamp }: ResultDocument): ConversationBlock | null {
  const parts = rounds.flatMap(({ results, timestamp: started }) => {
    const block = results['conversation'] as ConversationBlock | undefined;
    const apart = runs.length > 1 ? 0 : (Date.parse(started) - Date.parse(timestamp)) / 1000 || 0;
    return block === undefined ? [] : [{ block, startSeconds: apart }];
  });
  return parts.length === 0 ? null : addConversations(parts);
}

/** Of rounds one after the other that of the worst; of machines that shared a load that of their seconds together. */
function stabilityOver(rounds: readonly ResultDocument[], added: ResultDocument): Stability | null {
  const own = rounds.flatMap(({ results }) => {
    // A document of several runs already: each of its own counts.
    const each = (results['rounds'] as { stability?: Stability }[] | undefined) ?? [results as { stability?: Stability }];
    return each.map(({ stability }) => stability ?? null);
  });
  const [first] = own.filter((one) => one !== null);
  if (first === undefined) return null;
  if (added.runs.length > 1) return worstOf(own);
  const whole = stabilityOf(added.timeline, first.thirds[2].to_s, added.stop_reason);
  return whole === null ? null : withShards(whole, own);
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
