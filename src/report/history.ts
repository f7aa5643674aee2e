import type { ResultDocument } from '../result/document.ts';

/** The figures of an earlier result that a trend is drawn of. */
export interface EarlierResult {
  timestamp: string;
  sha: string | null;
  figures: Record<
    'latency_p50_ms' | 'latency_p95_ms' | 'ttft_p50_ms' | 'ttft_p95_ms' | 'tokens_per_sec' | 'requests_per_sec' | 'error_rate',
    number | null
  >;
}

const mostShown = 30;

/** The figures of a run that a trend is drawn from; null where one was not measured. */
export function earlierResult({ timestamp, git, results }: ResultDocument): EarlierResult {
  const { latency_s: latency, ttft_ms: ttft, throughput } = results;
  const ms = (seconds: number | null | undefined) => (seconds == null ? null : seconds * 1000);
  return {
    timestamp,
    sha: git.sha,
    figures: {
      latency_p50_ms: ms(latency?.p50),
      latency_p95_ms: ms(latency?.p95),
      ttft_p50_ms: ttft?.p50 ?? null,
      ttft_p95_ms: ttft?.p95 ?? null,
      tokens_per_sec: throughput.tokens_per_sec,
      requests_per_sec: throughput.requests_per_sec,
      error_rate: results.error_rate,
    },
  };
}

/** Those of the results that a trend of this one is made of: the same scenario, target and model, measured before it; oldest first, itself last. */
export function trendOf(result: ResultDocument, others: readonly ResultDocument[]): EarlierResult[] {
  const alike = others.filter(
    (other) =>
      other.scenario === result.scenario &&
      other.target === result.target &&
      other.model === result.model &&
      other.timestamp !== '' &&
      other.timestamp < result.timestamp,
  );
  const earlier = alike.toSorted((a, b) => a.timestamp.localeCompare(b.timestamp)).slice(-(mostShown - 1));
  return [...earlier, result].map(earlierResult);
}
