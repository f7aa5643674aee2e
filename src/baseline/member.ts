import {
  type AcceptedChange,
  type BaselineMark,
  isDistribution,
  type Metric,
  type ResultDocument,
  type Run,
  type Series,
} from '../result/document.ts';
import { resultsOfSeries } from '../result/normalise-results.ts';
import { parseResult } from '../result/read.ts';

/** One measured job among the stored ones: what a pool counts as one run of the machine, however many rounds it had. */
export interface Member {
  /** Equal for the same job wherever it is kept. */
  key: string;
  /** What a reader can find it by: `artifact 12 of run 34`. */
  name: string;
  /** Where it comes from, in a reader's words. */
  description: string;
  /** The result of this job alone. One that compaction kept has its values, without histograms. */
  document: ResultDocument;
  sha: string | null;
  /** ISO 8601; empty where not known. */
  timestamp: string;
  cohort: string;
  /** A known slow-down that was accepted with this commit. */
  accepted: AcceptedChange | null;
  mark: BaselineMark | null;
  /** The artifact that it is or was kept in. */
  artifact: number | null;
  /** It comes out of a compacted document. */
  compacted: boolean;
  /** Commits between it and the base; null where not known. */
  distance: number | null;
}

/** What is known of a document beside its content. */
export interface Provenance {
  name: string;
  description: string;
  sha: string | null;
  artifact: number | null;
  /** The run that the platform says it is of; its word counts more than the document's. */
  runId: string | null;
}

/**
 * The jobs of a document: itself, or each that compaction put into it.
 * @param onFault told of what is in it and cannot be used
 */
export function membersOf(document: ResultDocument, provenance: Provenance, onFault: (reason: string) => void = () => undefined): Member[] {
  return isPool(document) ? pooledMembers(document, provenance, onFault) : [memberOf(document, provenance)];
}

/** Whether compaction made it, of the runs of many jobs. */
export function isPool(document: ResultDocument): boolean {
  return document.pool !== undefined && document.pool !== null;
}

function memberOf(document: ResultDocument, { name, description, sha, artifact, runId }: Provenance): Member {
  return {
    key: keyOf(document, runId, artifact),
    name,
    description,
    document,
    sha: sha ?? document.git.sha,
    timestamp: document.timestamp,
    cohort: document.cohort,
    accepted: document.runs.map(acceptedOf).find((accepted) => accepted !== null) ?? null,
    mark: markOf(document.mark) ?? (document.tag ? { tag: document.tag, pinned: false, at: '' } : null),
    artifact,
    compacted: false,
    distance: null,
  };
}

/**
 * A job's name in the whole of a store: the run and its attempt, and the start, as the legs of a matrix may share a store. What says nothing of its run
 * goes by the artifact that holds it, or by its start and commit.
 */
function keyOf(document: ResultDocument, runId: string | null, artifact: number | null): string {
  const { ci, timestamp, git } = document;
  const stated = ci?.run_id ?? null;
  if (stated !== null && (runId === null || runId === stated) && timestamp !== '') return `${stated}.${ci?.attempt ?? 1}@${timestamp}`;
  if (artifact !== null) return `${runId ?? ''}#${artifact}`;
  return `@${timestamp}/${git.sha ?? ''}/${document.cohort}/${document.target}`;
}

/** Entries that do not hold together are left out and told: they were written by hand or by something else. */
function pooledMembers(document: ResultDocument, provenance: Provenance, onFault: (reason: string) => void): Member[] {
  const cohorts = cohortsOf(document, onFault);
  const byKey = new Map<string, Run[]>();
  for (const run of document.runs) {
    const key = textOf(run.origin?.key);
    if (key !== null) byKey.set(key, [...(byKey.get(key) ?? []), run]);
  }
  return [...byKey].flatMap(([key, runs]) => {
    const [first] = runs as [Run];
    const cohort = textOf(first.cohort) ?? '';
    const shared = cohorts.get(cohort);
    if (shared === undefined) {
      onFault(`its runs of cohort ${cohort || 'unknown'} cannot be read without what they share`);
      return [];
    }
    const origin = first.origin as NonNullable<Run['origin']>;
    const sha = textOf(first.sha);
    const mark = runs.map((run) => markOf(run.mark)).find((one) => one !== null) ?? null;
    const artifact = typeof origin.artifact === 'number' ? origin.artifact : null;
    const runId = textOf(origin.run_id);
    const { tag: _tag, mark: _mark, pool: _pool, note: _note, ...rest } = document;
    const plain = runs.map(
      ({ sha: _s, cohort: _c, origin: _o, counts: _n, mark: _m, ...run }, index): Run => ({ ...run, round: index, order: index }),
    );
    const series = shared.series.flatMap((one) => seriesOfRun(one, first) ?? []);
    const timestamp = textOf(origin.timestamp) ?? first.started;
    const name = `${runId === null ? `the result of ${timestamp || 'an unknown time'}` : `run ${runId}`} in ${provenance.name}`;
    const member: ResultDocument = {
      ...rest,
      timestamp,
      target: shared.target,
      scenario: shared.scenario,
      model: shared.model,
      results: { ...resultsOfSeries(series), ...requestsOf(series), duration_seconds: runs.reduce((sum, run) => sum + run.duration_seconds, 0) },
      series,
      runs: plain,
      environment: shared.environment,
      cohort,
      git: { sha, ref: document.git.ref, base_sha: null },
      ci: runId === null ? null : { run_id: runId, attempt: numberOf(origin.attempt), event: null, workflow: null },
      config: { resolved: null, sha256: shared.config.sha256 },
      ...(mark?.tag ? { tag: mark.tag } : {}),
      ...(mark ? { mark } : {}),
    };
    return [
      {
        key,
        name,
        description: `${runId === null ? 'a result' : `run ${runId}`}${timestamp === '' ? '' : ` of ${timestamp.slice(0, 10)}`} (compacted)`,
        document: member,
        sha,
        timestamp,
        cohort,
        accepted: runs.map(acceptedOf).find((accepted) => accepted !== null) ?? null,
        mark,
        artifact,
        compacted: true,
        distance: null,
      },
    ];
  });
}

/** What the jobs of each cohort share, checked as every document is. */
function cohortsOf(document: ResultDocument, onFault: (reason: string) => void): Map<string, ResultDocument> {
  const found = new Map<string, ResultDocument>();
  const cohorts: unknown = document.pool?.cohorts;
  if (typeof cohorts !== 'object' || cohorts === null) {
    onFault('it says nothing of its cohorts');
    return found;
  }
  for (const [cohort, block] of Object.entries(cohorts as Record<string, unknown>)) {
    const { environment, target, scenario, model, config_sha256: sha256, series } = (block ?? {}) as Record<string, unknown>;
    try {
      if (series === undefined) throw new Error('it holds no series');
      found.set(cohort, parseResult(JSON.stringify({ environment, target, scenario, model, config: { sha256 }, series }), `cohort ${cohort}`));
    } catch (error) {
      onFault(`its cohort ${cohort} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found;
}

/** The series as that run had it; null where it did not. */
function seriesOfRun(series: Series, run: Run): Series | null {
  const values = Object.hasOwn(run.values, series.id) ? run.values[series.id] : undefined;
  if (values === undefined) return null;
  const counts = run.counts && Object.hasOwn(run.counts, series.id) ? run.counts[series.id] : undefined;
  const metrics: Record<string, Metric> = {};
  for (const [name, metric] of Object.entries(series.metrics)) {
    const at = (key: string) => (Object.hasOwn(values, key) ? (values[key] ?? null) : null);
    if (!isDistribution(metric)) {
      if (Object.hasOwn(values, name)) metrics[name] = { ...metric, value: at(name) };
      continue;
    }
    if (!Object.hasOwn(values, `${name}.mean`)) continue;
    const count = numberOf(counts?.[name]) ?? 0;
    const mean = at(`${name}.mean`);
    const of = (statistic: string) => at(`${name}.${statistic}`);
    metrics[name] = {
      unit: metric.unit,
      better: metric.better,
      count,
      sum: mean === null || count === 0 ? null : mean * count,
      mean,
      min: of('min'),
      p50: of('p50'),
      p90: of('p90'),
      p95: of('p95'),
      p99: of('p99'),
      p999: of('p999'),
      max: of('max'),
      stddev: of('stddev'),
      ...(metric.note ? { note: metric.note } : {}),
      ...(metric.observed ? { observed: true } : {}),
    };
  }
  return { ...series, metrics };
}

/** Requests follow from the successful ones, which have a latency, and the share that failed. */
function requestsOf(series: readonly Series[]): { total_requests: number; successful: number; failed: number } {
  let [total, successful] = [0, 0];
  for (const { metrics, detail } of series) {
    const { latency_s: latency, error_rate: errors } = metrics;
    if (detail || !latency || !isDistribution(latency)) continue;
    const failedShare = errors && !isDistribution(errors) && errors.value !== null && errors.value < 100 ? errors.value / 100 : 0;
    successful += latency.count;
    total += Math.round(latency.count / (1 - failedShare));
  }
  return { total_requests: total, successful, failed: total - successful };
}

function acceptedOf(run: Run): AcceptedChange | null {
  const by = textOf(run.accepted?.by);
  const sha = textOf(run.accepted?.sha);
  return by === null || sha === null ? null : { by, sha };
}

/** A mark as it was read: of any shape. */
export function markOf(value: unknown): BaselineMark | null {
  if (typeof value !== 'object' || value === null) return null;
  const { tag, pinned, at } = value as Record<string, unknown>;
  return { tag: textOf(tag), pinned: pinned === true, at: textOf(at) ?? '' };
}

/** The later of two marks of the same job. */
export function laterMark(a: BaselineMark | null, b: BaselineMark | null): BaselineMark | null {
  if (a === null || b === null) return a ?? b;
  return b.at > a.at ? b : a;
}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const numberOf = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
