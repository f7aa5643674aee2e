import type { RequestRecord } from './record.ts';

/** The times of one successful request under a definition; ms, null where the definition gives none. */
export interface RequestTimes {
  latencyMs: number;
  ttftMs: number | null;
  tpotMs: number | null;
  /** Output tokens per second of generation, first to last output; null below two tokens or without TTFT. */
  generationTokensPerSecond: number | null;
  /** One inter-token latency for the whole request, for definitions that take its mean; left out where the gaps themselves are counted. */
  itlMs?: number | null;
  /** When the request began, for definitions that take rates from the first request's begin to the last one's end; left out where the run's own time counts. */
  beganMs?: number;
}

/**
 * What becomes of the gaps between the chunks of a stream. `tokens`: a gap is divided among the tokens that its chunk brought. `chunks`: one gap for each
 * chunk, the role's and the finish reason's included. `arrivals`: every token of a chunk comes at the chunk's time, so that all but its first wait zero.
 * `none`: nothing is counted here (the definition has no such metric, or one value per request).
 */
export type GapRule = 'tokens' | 'chunks' | 'arrivals' | 'none';

/** What the latencies, times to first token and rates of a result mean. */
export interface Definition {
  times(record: RequestRecord): RequestTimes;
  gaps: GapRule;
  /** Requests that a rate counts, of those that succeeded and failed. */
  ratedRequests(succeeded: number, failed: number): number;
}

/**
 * Our own definitions (docs/measurement.md): every time counts from `intended`, so that a stalled server cannot hide its queue.
 * TTFT ends at the first chunk carrying output of a stream; an answer in one piece has none.
 * TPOT = (last output chunk - first) / (output tokens - 1), null below two tokens.
 */
export function ownTimes(record: RequestRecord): RequestTimes {
  const { intendedMs, firstOutputMs, lastOutputMs, outputTokens, streamed } = record;
  const ttftMs = streamed && firstOutputMs !== null ? firstOutputMs - intendedMs : null;
  const generationMs = streamed && firstOutputMs !== null && lastOutputMs !== null ? lastOutputMs - firstOutputMs : null;
  const steps = outputTokens === null ? 0 : outputTokens - 1;
  return {
    latencyMs: record.endMs - intendedMs,
    ttftMs,
    tpotMs: generationMs !== null && steps > 0 ? generationMs / steps : null,
    generationTokensPerSecond: generationMs !== null && generationMs > 0 && steps > 0 ? (steps * 1000) / generationMs : null,
  };
}

export const ownDefinition: Definition = {
  times: ownTimes,
  gaps: 'tokens',
  ratedRequests: (succeeded, failed) => succeeded + failed,
};
