import type { RequestRecord } from './record.ts';

/** The times of one successful request under a definition; ms, null where the definition gives none. */
export interface RequestTimes {
  latencyMs: number;
  ttftMs: number | null;
  tpotMs: number | null;
  /** Output tokens per second of generation, first to last output; null below two tokens or without TTFT. */
  generationTokensPerSecond: number | null;
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
