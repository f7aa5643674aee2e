import { createHash } from 'node:crypto';
import { UserError } from '../config/errors.ts';
import { fewOf, loadDifferences } from './differences.ts';
import type { ResultDocument, Run, ValidityCheck } from './document.ts';
import { combineImported } from './import/combine.ts';
import { mergeObserved } from './merge-observed.ts';
import { secondsInTurn, secondsTogether } from './merge-order.ts';
import { mergeBudgets, mergeClients, mergeErrors, mergeResultsBlock, mergeRetries, mergeTimelines, shared } from './merge-people.ts';
import { mergeSeries, type Part } from './merge-series.ts';
import { groupRuns, shardOf, togetherCheck } from './merge-shards.ts';
import { mergeValidity } from './merge-validity.ts';
import { runValues } from './metric-values.ts';

const slowestKept = 20;

/**
 * Adds results. Runs of the same scenario one after the other: their runs stand side by side as evidence and their distributions are added exactly,
 * histogram by histogram. Shards of one run, recognised by what they say of themselves or else by their overlapping times: they become one run, their
 * throughputs and concurrencies add.
 * Results of different scenarios: their series are united. `results` is computed anew.
 * @param names what errors call each document; the same order
 * @throws UserError (exit 2) for no document, the same run twice, unlike units, unlike models or targets under one series,
 * unlike definitions of times, or a run of which a shard is missing or came twice
 */
export function mergeResults(documents: readonly ResultDocument[], names: readonly string[] = []): ResultDocument {
  const parts = documents.map((document, index): Part => ({ document, name: names[index] ?? `result ${index + 1}` }));
  const [first] = parts;
  if (first === undefined) throw new UserError('nothing to merge: expected at least one result');
  if (parts.length === 1 && shardOf(first.document) === null) return first.document;
  if (documents.every(({ imported }) => imported !== undefined))
    return combineImported(
      documents,
      parts.map(({ name }) => name),
    );
  checkDistinct(parts);
  checkDefinitions(parts);
  const runs = groupRuns(parts);
  const groups = runs.map((group): Part => {
    const name = group.map((part) => part.name).join(' and ');
    return { document: group.length === 1 ? (group[0] as Part).document : combine(group, true), name };
  });
  const whole = groups.length === 1 ? (groups[0] as Part).document : combine(groups, false);
  const together = runs.flatMap((group) => togetherCheck(group) ?? []);
  const validity = mergeValidity(parts, whole, [...together.map(({ check }) => check), ...likenessCheck(runs.map(([part]) => part as Part))]);
  return { ...whole, validity, admissible: validity.valid && whole.admissible && together.every(({ oneLoad }) => oneLoad) };
}

/** An advice where runs of unlike loads or requests were added under one series; their seeds may differ. @param runs a part of each */
function likenessCheck(runs: readonly Part[]): ValidityCheck[] {
  const firstOf = new Map<string, Part>();
  const found: string[] = [];
  for (const run of runs) {
    const before = run.document.series.map(({ id }) => firstOf.get(id)).find((part) => part !== undefined);
    for (const { id } of run.document.series) if (!firstOf.has(id)) firstOf.set(id, run);
    if (before === undefined) continue;
    const unlike = loadDifferences(before.document, run.document).filter((one) => /^config scenario\.(load|request)\b/.test(one));
    if (unlike.length > 0) found.push(`${before.name} and ${run.name}: ${fewOf(unlike)}`);
  }
  if (found.length === 0) return [];
  const detail = `runs of unlike loads were added, so that the figures are of neither: ${fewOf(found)}`;
  return [{ name: 'same_load', ok: false, severity: 'advice', detail }];
}

/** @param together the parts were measured at the same time */
function combine(parts: readonly Part[], together: boolean): ResultDocument {
  const documents = parts.map((part) => part.document);
  const first = documents[0] as ResultDocument;
  const all = <K extends keyof ResultDocument>(key: K) => documents.map((document) => document[key]) as ResultDocument[K][];
  const seconds = together ? secondsTogether : secondsInTurn;
  const series = mergeSeries(parts, seconds, together);
  const wholeSeconds = seconds(parts);
  const notes = unique(documents.map((document) => document.note));
  const tags = unique(documents.map((document) => document.tag));
  const { note, tag, shard, budget, observed: _, ...unchanged } = first;
  const observed = mergeObserved(parts, wholeSeconds);
  const budgets = mergeBudgets(documents);
  return {
    ...unchanged,
    timestamp: earliest(all('timestamp')),
    target: unique(all('target')).join(', '),
    scenario: unique(all('scenario')).join(', '),
    base_url: unique(all('base_url')).join(', '),
    model: unique(all('model')).join(', ') || null,
    partial: all('partial').some(Boolean),
    stop_reason: stopReasonOf(all('stop_reason')),
    results: mergeResultsBlock(parts, series, wholeSeconds, together),
    series,
    runs: together && sharesSeries(documents) ? [oneRun(documents, series, wholeSeconds)] : runsInTurn(documents),
    timeline: mergeTimelines(parts, together),
    slowest: all('slowest')
      .flat()
      .sort((a, b) => b.latency_ms - a.latency_ms)
      .slice(0, slowestKept),
    errors: mergeErrors(parts),
    retries: mergeRetries(documents),
    admissible:
      documents.some((document) => document.admissible) && documents.every((document) => document.admissible || (together && isIdle(document))),
    client: mergeClients(documents, together),
    environment: first.environment,
    cohort: unique(all('cohort')).sort().join('+'),
    git: {
      sha: shared(documents.map(({ git }) => git.sha)),
      ref: shared(documents.map(({ git }) => git.ref)),
      base_sha: shared(documents.map(({ git }) => git.base_sha)),
    },
    ci: shared(documents.map(({ ci }) => JSON.stringify(ci))) === null ? null : first.ci,
    config: mergeConfigs(documents),
    ...(observed === null ? {} : { observed }),
    ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
    ...(tags.length === 0 ? {} : { tag: tags.join(', ') }),
    ...(budgets === null ? {} : { budget: budgets }),
  };
}

const unique = (values: readonly (string | null | undefined)[]): string[] => [...new Set(values.filter((value): value is string => !!value))];
const earliest = (times: readonly string[]): string => times.filter((time) => time !== '').sort()[0] ?? '';

/** A machine that none of a load's requests fell to: its part is as it should be, though no baseline by itself. */
function isIdle({ results, validity, partial, stop_reason: reason }: ResultDocument): boolean {
  return results.total_requests === 0 && validity.valid && !partial && (reason === 'completed' || reason === 'duration');
}

/** What ended a part before its time stands for the whole; a time that came, where no part was ended so. */
function stopReasonOf(reasons: readonly string[]): string {
  return reasons.find((reason) => reason !== 'completed' && reason !== 'duration') ?? (reasons.includes('duration') ? 'duration' : 'completed');
}

function sharesSeries(documents: readonly ResultDocument[]): boolean {
  const ids = documents.flatMap((document) => document.series.map(({ id }) => id));
  return new Set(ids).size < ids.length;
}

/** Shards are parts of one run: half of its throughput each would be no evidence of its own. */
function oneRun(documents: readonly ResultDocument[], series: ResultDocument['series'], seconds: number | null): Run {
  return {
    round: 0,
    order: 0,
    started: earliest(documents.map((document) => document.timestamp)),
    duration_seconds: seconds ?? Math.max(...documents.map((document) => document.results.duration_seconds)),
    values: runValues(series),
  };
}

/** Every run of every document, numbered anew in order of time; a document without runs counts as one. */
function runsInTurn(documents: readonly ResultDocument[]): Run[] {
  const runs = documents.flatMap((document) =>
    document.runs.length > 0 ? document.runs : [oneRun([document], document.series, document.results.duration_seconds)],
  );
  return runs
    .map((run, index) => ({ run, index }))
    .sort((a, b) => a.run.started.localeCompare(b.run.started) || a.index - b.index)
    .map(({ run }, index) => ({ ...run, round: index, order: index }));
}

/** The configuration that all share, else every one of them. */
function mergeConfigs(documents: readonly ResultDocument[]): ResultDocument['config'] {
  const byText = new Map(documents.map(({ config }) => [JSON.stringify(config.resolved), config]));
  if (byText.size === 1) return (documents[0] as ResultDocument).config;
  const sha256 = createHash('sha256')
    .update([...byText.keys()].join('\n'))
    .digest('hex');
  return { resolved: { merged: [...byText.values()].map((config) => config.resolved) }, sha256 };
}

/** Times under unlike definitions are unlike things. */
function checkDefinitions(parts: readonly Part[]): void {
  const [first, ...others] = parts as [Part, ...Part[]];
  const named = ({ document }: Part) => (typeof document.results['compat'] === 'string' ? document.results['compat'] : null);
  const said = (part: Part) => named(part) ?? 'our own';
  for (const other of others) {
    if (named(other) === named(first)) continue;
    throw new UserError(
      `cannot add results under unlike definitions: ${first.name} is by ${said(first)}, ${other.name} by ${said(other)} (--compat)`,
      {
        hint: 'Fold both again from their request logs: `llm-bench report REQUESTS.jsonl --compat NAME --format json`.',
      },
    );
  }
}

function checkDistinct(parts: readonly Part[]): void {
  const seen = new Map<string, string>();
  for (const { document, name } of parts) {
    if (document.timestamp === '') continue;
    const key = JSON.stringify([document.timestamp, document.shard, document.series, document.results]);
    const other = seen.get(key);
    if (other !== undefined) throw new UserError(`${other} and ${name} hold the same run; adding it twice would count every request twice`);
    seen.set(key, name);
  }
}
