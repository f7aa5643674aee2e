import { createHash } from 'node:crypto';
import { scenarioName } from '../config/scenario/scenario.ts';
import type { SearchSummary } from '../load/search-summary.ts';
import { acrossRounds, withSearch } from './across-rounds.ts';
import { judgeCriteria } from './criteria.ts';
import type { ResultDocument, Run } from './document.ts';
import type { FindingInput, MeasuredPart } from './findings/finding.ts';
import { findings } from './findings/registry.ts';
import { mergeResults } from './merge.ts';
import { valuesOf } from './metric-values.ts';
import { recommend } from './recommendations.ts';
import { runSpreads } from './run-spread.ts';
import { addSpikeRate, spikeRate } from './spike-rate.ts';
import { type Stability, stabilityOf } from './stability.ts';

/** What is known of the parts beside what they measured. */
export type UniteContext = Pick<FindingInput, 'baseline' | 'skipped'>;

/**
 * One document of a scenario's rounds, each of them its parts in the order they ran (one where the scenario has no parts). A round is one run, whatever
 * number of parts it drove; the figures made of all parts are made for each round and for all together.
 * @param context `baseline`: what the requests' spread is held against, else their warm-up or themselves; `skipped`: told as `results.skipped`
 * @throws Error for no round, or one without a part
 */
export function uniteRounds(rounds: readonly (readonly MeasuredPart[])[], context: UniteContext = {}): ResultDocument {
  for (const { document } of rounds.flat()) withMemory(document);
  const documents = rounds.map((parts) => uniteRound(parts, context));
  const [first] = documents;
  if (first === undefined) throw new Error('no round to unite');
  if (documents.length === 1) return first;
  const whole = uniteRound(acrossRounds(rounds), context);
  whole.runs = documents.flatMap(({ runs }) => runs).map((run, index) => ({ ...run, round: index, order: index }));
  whole.results['run_level'] = runSpreads(whole);
  return whole;
}

/**
 * A document of rounds that were measured apart and added, with what its scenario found over all of them: levels, ratios, targets, criteria. Its runs stay as they are;
 * one that shards share gets the figures of the whole.
 */
export function findAnew(merged: ResultDocument, rounds: readonly (readonly MeasuredPart[])[], context: UniteContext = {}): ResultDocument {
  const composed = hasParts(rounds.flat());
  const parts = acrossRounds(rounds, composed ? null : merged);
  const whole: ResultDocument = {
    ...merged,
    results: { ...merged.results, ...(composed ? {} : parts[0]?.document.results) },
    series: parts
      .reduce((series, part) => withSearch(series, part.scenario.name, part.document.results['search'] as SearchSummary | undefined), merged.series)
      .map((series) => ({ ...series, metrics: { ...series.metrics } })),
    runs: merged.runs.length === 1 ? merged.runs.map((run) => ({ ...run, values: { ...run.values } })) : [],
  };
  addWhatPartsSay(whole, parts, context);
  if (merged.runs.length === 1) return whole;
  whole.runs = merged.runs;
  const spreads = runSpreads(whole);
  if (Object.keys(spreads).length > 0) whole.results['run_level'] = spreads;
  return whole;
}

/** Scenarios that were measured one after the other in one document; what each of them found stands below `results.scenarios`, by name. */
export function uniteScenarios(documents: readonly ResultDocument[]): ResultDocument {
  const [first] = documents;
  if (first === undefined) throw new Error('no scenario to unite');
  if (documents.length === 1) return first;
  const names = documents.map(({ scenario }) => scenario);
  const whole = mergeResults(documents, names);
  whole.results['scenarios'] = Object.fromEntries(documents.map(({ scenario, results }) => [scenario, results]));
  return whole;
}

/** Of memory only the samplers know, whose seconds are in the timeline by now. */
function withMemory(document: ResultDocument): void {
  const stability = document.results['stability'] as Stability | undefined;
  if (stability !== undefined) document.results['stability'] = stabilityOf(document.timeline, stability.thirds[2].to_s, document.stop_reason);
}

function uniteRound(parts: readonly MeasuredPart[], context: UniteContext): ResultDocument {
  const documents = parts.map(({ document }) => document);
  const [first] = documents;
  if (first === undefined) throw new Error('no part to unite');
  const names = parts.map(({ scenario }) => scenario.name);
  // What the whole found is written into its results, which hold those of each part.
  const whole = documents.length === 1 ? { ...first, results: { ...first.results } } : mergeResults(documents, names);
  if (hasParts(parts)) {
    whole.cohort = createHash('sha256').update(whole.cohort).digest('hex').slice(0, 12);
    whole.runs = [oneRun(documents)];
  }
  addWhatPartsSay(whole, parts, context);
  return whole;
}

const hasParts = (parts: readonly MeasuredPart[]): boolean => parts.some(({ scenario }) => scenario.part !== undefined);

function addWhatPartsSay(whole: ResultDocument, parts: readonly MeasuredPart[], context: UniteContext): void {
  if (hasParts(parts)) {
    delete whole.results['rounds'];
    whole.results['parts'] = parts.map(({ scenario, document: { results, errors } }) => ({
      series: scenario.name,
      labels: scenario.part?.labels ?? {},
      results,
      ...(errors.length === 0 ? {} : { errors }),
    }));
  }
  addSpikeRate(whole, spikeRate(whole, context.baseline ?? null));
  const { skipped = [] } = context;
  if (skipped.length > 0)
    whole.results['skipped'] = skipped.map(({ scenario: { name, targets }, reason }) => ({ series: name, reason, ...(targets ? { targets } : {}) }));
  addFindings(whole, parts, context);
  const criteria = judgeCriteria(whole.results, (parts[0] as MeasuredPart).scenario);
  if (criteria.length > 0) whole.results['criteria'] = criteria;
  delete whole.results['recommendations'];
  const recommended = whole.results['overall_assessment'] === undefined ? recommend(whole) : [];
  if (recommended.length > 0) whole.results['recommendations'] = recommended;
}

function oneRun(documents: readonly ResultDocument[]): Run {
  const runs = documents.flatMap(({ runs }) => runs);
  const [first] = runs as [Run, ...Run[]];
  return {
    ...first,
    duration_seconds: runs.reduce((sum, run) => sum + run.duration_seconds, 0),
    values: Object.assign({}, ...runs.map(({ values }) => values)),
  };
}

function addFindings(document: ResultDocument, parts: readonly MeasuredPart[], context: UniteContext): void {
  const [{ scenario }] = parts as [MeasuredPart, ...MeasuredPart[]];
  const name = scenarioName(scenario);
  for (const kind of new Set([...parts, ...(context.skipped ?? [])].flatMap((part) => part.scenario.findings ?? []))) {
    const { results, metrics } = findings[kind]({ ...context, name, parts, document });
    Object.assign(document.results, results);
    for (const [id, added] of Object.entries(metrics ?? {})) {
      let series = document.series.find((one) => one.id === id);
      if (series === undefined) {
        series = { id, labels: { scenario: name, target: document.target }, metrics: {} };
        document.series.push(series);
      }
      Object.assign(series.metrics, added);
      for (const run of document.runs.slice(0, 1)) run.values[id] = { ...run.values[id], ...valuesOf({ ...series, metrics: added }) };
    }
  }
}
