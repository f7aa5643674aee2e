import type { RequestTimes } from './definitions.ts';
import { Distribution, type DistributionState } from './distribution.ts';
import { type GapState, pourGaps } from './gap-counts.ts';
import { distributionDefinitions, itlDefinition } from './metrics.ts';
import type { RequestRecord } from './record.ts';

export interface SeriesState {
  succeeded: number;
  failed: number;
  inputTokens: number;
  outputTokens: number;
  checks: SchemaTally;
  retrieval: RetrievalTally;
  gapsGuessed: boolean;
  chunksAreTokens: boolean;
  beganMs: number;
  endedMs: number;
  first: { dueMs: number; latencyMs: number } | null;
  distributions: Record<string, DistributionState>;
}

/** Answers that were held against a schema, by what they turned out to be; the time that took, and the latency of their requests, ms. */
export interface SchemaTally {
  valid: number;
  invalid_json: number;
  violation: number;
  checkMs: number;
  latencyMs: number;
}

/** What retrievals found: those held against an exact search and their shares added up; those of which hit or miss is known, and of these again. */
export interface RetrievalTally {
  recalled: number;
  recallSum: number;
  hitsKnown: number;
  hits: number;
  hitsChecked: number;
  hitsRight: number;
}

/** Everything measured of one series: counts of all requests, distributions of the successful ones. */
export class SeriesMeter {
  succeeded = 0;
  failed = 0;
  inputTokens = 0;
  outputTokens = 0;
  checks: SchemaTally = { valid: 0, invalid_json: 0, violation: 0, checkMs: 0, latencyMs: 0 };
  retrieval: RetrievalTally = { recalled: 0, recallSum: 0, hitsKnown: 0, hits: 0, hitsChecked: 0, hitsRight: 0 };
  /** A chunk came whose token count the server did not say: it was taken for one token. */
  gapsGuessed = false;
  /** No answer held more tokens, or fewer, than chunks. */
  chunksAreTokens = true;
  /** The first begin and the last end of the successful requests, where the definition says when a request began; ms from the run's start. */
  private beganMs = Number.POSITIVE_INFINITY;
  private endedMs = Number.NEGATIVE_INFINITY;
  /** Of the successful request that was due first, ms from the run's start and how long it took; null before any. */
  first: { dueMs: number; latencyMs: number } | null = null;
  readonly distributions = new Map<string, Distribution>(
    distributionDefinitions.map((definition) => [definition.name, new Distribution(definition.resolution)]),
  );
  private readonly own = distributionDefinitions.map(({ name, of }) => ({ of, distribution: this.distributions.get(name) as Distribution }));
  private readonly itl = this.distributions.get(itlDefinition.name) as Distribution;

  record(record: RequestRecord, times: RequestTimes): void {
    if (record.error !== null) {
      this.failed++;
      return;
    }
    this.succeeded++;
    this.inputTokens += record.inputTokens ?? 0;
    this.outputTokens += record.outputTokens ?? 0;
    if (this.first === null || record.intendedMs < this.first.dueMs) this.first = { dueMs: record.intendedMs, latencyMs: times.latencyMs };
    if (record.schemaCheck !== null) {
      this.checks[record.schemaCheck]++;
      this.checks.checkMs += (record.parseMs ?? 0) + (record.validationMs ?? 0);
      this.checks.latencyMs += times.latencyMs;
    }
    this.tallyRetrieval(record);
    if (record.streamed && record.outputTokens !== null && record.outputTokens !== record.outputChunks) this.chunksAreTokens = false;
    if (times.itlMs !== undefined && times.itlMs !== null) this.itl.record(times.itlMs);
    if (times.beganMs !== undefined) {
      this.beganMs = Math.min(this.beganMs, times.beganMs);
      this.endedMs = Math.max(this.endedMs, times.beganMs + times.latencyMs);
    }
    for (const { of, distribution } of this.own) {
      const value = of(record, times);
      if (value !== null) distribution.record(value);
    }
  }

  private tallyRetrieval({ recall, hit, hitExpected }: RequestRecord): void {
    const { retrieval } = this;
    if (typeof recall === 'number') {
      retrieval.recalled++;
      retrieval.recallSum += recall;
    }
    if (typeof hit !== 'boolean') return;
    retrieval.hitsKnown++;
    if (hit) retrieval.hits++;
    if (typeof hitExpected !== 'boolean') return;
    retrieval.hitsChecked++;
    if (hit === hitExpected) retrieval.hitsRight++;
  }

  /** The gaps are an estimate: chunks were taken for one token each, and the totals say that they were not. */
  get gapsEstimated(): boolean {
    return this.gapsGuessed && !this.chunksAreTokens;
  }

  /** Seconds from the first request's begin to the last one's end; null where the definition takes rates over the run's own time. */
  get windowSeconds(): number | null {
    return this.endedMs > this.beganMs ? (this.endedMs - this.beganMs) / 1000 : null;
  }

  /** Gaps between tokens that were counted where the chunks came in. */
  addGaps(gaps: GapState): void {
    this.gapsGuessed ||= gaps.guessed;
    pourGaps(gaps, this.itl);
  }

  add(other: SeriesMeter): void {
    this.succeeded += other.succeeded;
    this.failed += other.failed;
    this.inputTokens += other.inputTokens;
    this.outputTokens += other.outputTokens;
    for (const key of Object.keys(this.checks) as (keyof SchemaTally)[]) this.checks[key] += other.checks[key];
    for (const key of Object.keys(this.retrieval) as (keyof RetrievalTally)[]) this.retrieval[key] += other.retrieval[key];
    this.gapsGuessed ||= other.gapsGuessed;
    this.chunksAreTokens &&= other.chunksAreTokens;
    this.beganMs = Math.min(this.beganMs, other.beganMs);
    this.endedMs = Math.max(this.endedMs, other.endedMs);
    if (other.first !== null && (this.first === null || other.first.dueMs < this.first.dueMs)) this.first = other.first;
    for (const [name, distribution] of other.distributions) this.distributions.get(name)?.add(distribution);
  }

  state(): SeriesState {
    const distributions: Record<string, DistributionState> = {};
    for (const [name, distribution] of this.distributions) if (distribution.count > 0) distributions[name] = distribution.state();
    const { succeeded, failed, inputTokens, outputTokens, checks, retrieval, gapsGuessed, chunksAreTokens, beganMs, endedMs, first } = this;
    return {
      succeeded,
      failed,
      inputTokens,
      outputTokens,
      checks: { ...checks },
      retrieval: { ...retrieval },
      gapsGuessed,
      chunksAreTokens,
      beganMs,
      endedMs,
      first,
      distributions,
    };
  }

  /** All of several series together. */
  static pooled(meters: Iterable<SeriesMeter>): SeriesMeter {
    const pooled = new SeriesMeter();
    for (const meter of meters) pooled.add(meter);
    return pooled;
  }

  static from(state: SeriesState): SeriesMeter {
    const meter = new SeriesMeter();
    Object.assign(meter, {
      succeeded: state.succeeded,
      failed: state.failed,
      inputTokens: state.inputTokens,
      outputTokens: state.outputTokens,
      checks: { ...state.checks },
      retrieval: { ...state.retrieval },
      gapsGuessed: state.gapsGuessed,
      chunksAreTokens: state.chunksAreTokens,
      beganMs: state.beganMs,
      endedMs: state.endedMs,
      first: state.first,
    });
    for (const [name, distribution] of Object.entries(state.distributions)) {
      const own = meter.distributions.get(name);
      own?.add(Distribution.from(distribution, own.resolution));
    }
    return meter;
  }
}
