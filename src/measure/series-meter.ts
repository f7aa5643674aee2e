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
  gapsGuessed: boolean;
  chunksAreTokens: boolean;
  distributions: Record<string, DistributionState>;
}

/** Everything measured of one series: counts of all requests, distributions of the successful ones. */
export class SeriesMeter {
  succeeded = 0;
  failed = 0;
  inputTokens = 0;
  outputTokens = 0;
  /** A chunk came whose token count the server did not say: it was taken for one token. */
  gapsGuessed = false;
  /** No answer held more tokens, or fewer, than chunks. */
  chunksAreTokens = true;
  readonly distributions = new Map<string, Distribution>(
    distributionDefinitions.map((definition) => [definition.name, new Distribution(definition.resolution)]),
  );
  private readonly itl = this.distributions.get(itlDefinition.name) as Distribution;

  record(record: RequestRecord, times: RequestTimes): void {
    if (record.error !== null) {
      this.failed++;
      return;
    }
    this.succeeded++;
    this.inputTokens += record.inputTokens ?? 0;
    this.outputTokens += record.outputTokens ?? 0;
    if (record.streamed && record.outputTokens !== null && record.outputTokens !== record.outputChunks) this.chunksAreTokens = false;
    for (const definition of distributionDefinitions) {
      const value = definition.of(record, times);
      if (value !== null) this.distributions.get(definition.name)?.record(value);
    }
  }

  /** The gaps are an estimate: chunks were taken for one token each, and the totals say that they were not. */
  get gapsEstimated(): boolean {
    return this.gapsGuessed && !this.chunksAreTokens;
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
    this.gapsGuessed ||= other.gapsGuessed;
    this.chunksAreTokens &&= other.chunksAreTokens;
    for (const [name, distribution] of other.distributions) this.distributions.get(name)?.add(distribution);
  }

  state(): SeriesState {
    const distributions: Record<string, DistributionState> = {};
    for (const [name, distribution] of this.distributions) if (distribution.count > 0) distributions[name] = distribution.state();
    const { succeeded, failed, inputTokens, outputTokens, gapsGuessed, chunksAreTokens } = this;
    return { succeeded, failed, inputTokens, outputTokens, gapsGuessed, chunksAreTokens, distributions };
  }

  static from(state: SeriesState): SeriesMeter {
    const meter = new SeriesMeter();
    Object.assign(meter, {
      succeeded: state.succeeded,
      failed: state.failed,
      inputTokens: state.inputTokens,
      outputTokens: state.outputTokens,
      gapsGuessed: state.gapsGuessed,
      chunksAreTokens: state.chunksAreTokens,
    });
    for (const [name, distribution] of Object.entries(state.distributions)) {
      const own = meter.distributions.get(name);
      own?.add(Distribution.from(distribution, own.resolution));
    }
    return meter;
  }
}
