import { type CompactedCohort, isDistribution, type ResultDocument, type Run, type Series } from '../result/document.ts';
import { secondsInTurn } from '../result/merge-order.ts';
import { mergeResultsBlock } from '../result/merge-people.ts';
import { mergeSeries, type Part } from '../result/merge-series.ts';
import { runValues } from '../result/metric-values.ts';
import { resultsOfSeries } from '../result/normalise-results.ts';
import type { Member } from './member.ts';

/** The last jobs of each cohort that compaction keeps; those with a pin are kept beyond. */
export const keptRuns = 50;
/** Hosted runners come in a handful of kinds; a machine not seen for longer than these is no longer one of them. */
const keptCohorts = 8;
/** Pins are made by hand. */
const keptPins = 50;

export interface Compacted {
  document: ResultDocument;
  /** Jobs in it. */
  jobs: number;
  /** Jobs that were left out because of their number or age. */
  dropped: number;
  /** What could not be added, and why. */
  skipped: string[];
}

/**
 * One document out of many jobs: their runs with the values of each, and by cohort the sum of their histograms. What is raw (timeline, slowest requests,
 * errors, histograms of each) stays behind. Pure.
 * @param members without two of the same key
 * @param now ISO 8601
 * @returns null of no member
 */
export function compact(members: readonly Member[], now: string): Compacted | null {
  const skipped: string[] = [];
  const { kept, dropped } = select(members);
  const [newest] = kept;
  if (newest === undefined) return null;
  const cohorts: Record<string, CompactedCohort> = {};
  const usable: Member[] = [];
  let newestParts: Part[] = [];
  for (const [cohort, ofCohort] of groupByCohort(kept)) {
    const { block, used, parts } = compactCohort(ofCohort, skipped);
    cohorts[cohort] = block;
    usable.push(...used);
    if (cohort === newest.cohort) newestParts = parts;
  }
  const block = cohorts[newest.cohort] as CompactedCohort;
  const { tag: _tag, mark: _mark, note: _note, pool: _pool, ...rest } = newest.document;
  const inTime = usable.sort((a, b) => a.timestamp.localeCompare(b.timestamp));
  const document: ResultDocument = {
    ...rest,
    timestamp: inTime[0]?.timestamp ?? newest.timestamp,
    results: newestParts.length > 0 ? mergeResultsBlock(newestParts, block.series, secondsInTurn(newestParts), false) : resultsOfSeries(block.series),
    series: block.series,
    runs: inTime.flatMap(runsOf).map((run, index) => ({ ...run, round: index, order: index })),
    timeline: [],
    slowest: [],
    errors: [],
    retries: null,
    cohort: Object.keys(cohorts).sort().join('+'),
    git: { sha: newest.sha, ref: newest.document.git.ref, base_sha: null },
    ci: null,
    config: { resolved: null, sha256: block.config_sha256 },
    pool: { compacted: now, cohorts },
  };
  return { document, jobs: usable.length, dropped, skipped };
}

function select(members: readonly Member[]): { kept: Member[]; dropped: number } {
  const newestFirst = [...members].sort((a, b) => b.timestamp.localeCompare(a.timestamp));
  const pinned = newestFirst.filter(isPinned).slice(0, keptPins);
  const kept = new Set(pinned);
  const counts = new Map<string, number>();
  for (const member of newestFirst) {
    const count = counts.get(member.cohort) ?? (counts.size < keptCohorts ? 0 : keptRuns);
    if (count >= keptRuns) continue;
    counts.set(member.cohort, count + 1);
    kept.add(member);
  }
  return { kept: newestFirst.filter((member) => kept.has(member)), dropped: members.length - kept.size };
}

const isPinned = ({ mark }: Member): boolean => mark?.pinned === true;

function groupByCohort(members: readonly Member[]): Map<string, Member[]> {
  const groups = new Map<string, Member[]>();
  for (const member of members) groups.set(member.cohort, [...(groups.get(member.cohort) ?? []), member]);
  return groups;
}

/** @param members newest first */
function compactCohort(members: readonly Member[], skipped: string[]): { block: CompactedCohort; used: Member[]; parts: Part[] } {
  const [newest] = members as [Member];
  const { used, parts } = addable(members, skipped);
  const { document } = newest;
  return {
    block: {
      environment: document.environment,
      target: document.target,
      scenario: document.scenario,
      model: document.model,
      config_sha256: document.config.sha256,
      series: withOlder(parts.length > 0 ? mergeSeries(parts, secondsInTurn) : [], used),
      histograms_of: parts.length,
    },
    used,
    parts,
  };
}

/** Those that add up with all others, and of them the ones that have histograms to add. */
function addable(members: readonly Member[], skipped: string[]): { used: Member[]; parts: Part[] } {
  const used: Member[] = [];
  let parts: Part[] = [];
  const shapes = new Map<string, Part>();
  for (const member of members) {
    // A renamed target is still what this store is about; machines and models are told apart by the cohort.
    const part = { document: { ...member.document, target: '' }, name: member.name };
    try {
      // Against one document for each series that was met: all pairs would take minutes.
      const others = new Set(part.document.series.flatMap(({ id }) => shapes.get(id) ?? []));
      for (const other of others) mergeSeries([other, part], secondsInTurn);
    } catch (error) {
      skipped.push(`${member.name} was left out: ${error instanceof Error ? error.message : String(error)}`);
      continue;
    }
    for (const { id } of part.document.series) if (!shapes.has(id)) shapes.set(id, part);
    used.push(member);
    if (!member.compacted) parts = [...parts, part];
  }
  return { used, parts };
}

/** Series and metrics that only jobs without a document have any more stay known by their units, with the newest such job's figures. */
function withOlder(series: Series[], used: readonly Member[]): Series[] {
  const byId = new Map(series.map((one) => [one.id, one]));
  for (const { document, compacted } of used) {
    if (!compacted) continue;
    for (const one of document.series) {
      const known = byId.get(one.id);
      byId.set(one.id, known ? { ...known, metrics: { ...one.metrics, ...known.metrics } } : one);
    }
  }
  return [...byId.values()];
}

function runsOf(member: Member): Run[] {
  const { document } = member;
  const runs: Run[] =
    document.runs.length > 0
      ? document.runs
      : [
          {
            round: 0,
            order: 0,
            started: document.timestamp,
            duration_seconds: document.results.duration_seconds,
            values: runValues(document.series),
          },
        ];
  const counts = Object.fromEntries(
    document.series.map(({ id, metrics }) => [
      id,
      Object.fromEntries(Object.entries(metrics).flatMap(([name, metric]) => (isDistribution(metric) ? [[name, metric.count]] : []))),
    ]),
  );
  return runs.map(({ accepted: _accepted, ...run }, index) => ({
    ...run,
    sha: member.sha,
    cohort: member.cohort,
    origin: {
      key: member.key,
      run_id: document.ci?.run_id ?? null,
      attempt: document.ci?.attempt ?? null,
      timestamp: member.timestamp,
      ...(member.artifact === null ? {} : { artifact: member.artifact }),
    },
    ...(index === 0 ? { counts } : {}),
    ...(member.accepted ? { accepted: member.accepted } : {}),
    ...(member.mark && (member.mark.tag !== null || member.mark.at !== '') ? { mark: member.mark } : {}),
  }));
}
