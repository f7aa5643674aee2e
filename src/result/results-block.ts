import { shareOf } from '../load/share.ts';
import { ownDefinition } from '../measure/definitions.ts';
import type { DistributionSummary } from '../measure/distribution.ts';
import type { SeriesMeter } from '../measure/series-meter.ts';
import type { BuildInput } from './build-input.ts';
import type { Results, Summary } from './document.ts';
import { promptsSent } from './prompts-sent.ts';
import { structuredRates } from './structured.ts';

/** The two levels as the suites this replaces state them, at the 95th percentile; those of MLPerf itself are service levels (`slo`). */
export const mlperfLevels = { standard: { ttftP95Ms: 2000, tpotP95Ms: 100 }, interactive: { ttftP95Ms: 500, tpotP95Ms: 30 } } as const;

/** The document's `results`: figures of all requests of a run, whatever their class. */
export function resultsOf(input: BuildInput, pooled: SeriesMeter): Results {
  const { run, shard } = input;
  const total = pooled.succeeded + pooled.failed;
  const seconds = pooled.windowSeconds ?? run.durationSeconds;
  const definition = input.compat ?? ownDefinition;
  const summaryOf = (name: string, scale: number): Summary | null => {
    const distribution = pooled.distributions.get(name);
    return distribution && distribution.count > 0 ? (distribution.summary(scale) satisfies DistributionSummary) : null;
  };
  const known = (name: string) => (pooled.distributions.get(name)?.count ?? 0) > 0;
  const ttft = summaryOf('ttft_ms', 1);
  const tpot = summaryOf('tpot_ms', 1);
  const rate = (count: number) => (seconds > 0 ? count / seconds : null);
  const structured = structuredRates(pooled.checks);
  return {
    total_requests: total,
    successful: pooled.succeeded,
    failed: pooled.failed,
    success_rate: total === 0 ? null : (100 * pooled.succeeded) / total,
    error_rate: total === 0 ? null : (100 * pooled.failed) / total,
    duration_seconds: run.durationSeconds,
    concurrency: shard && input.concurrency !== null ? shareOf(input.concurrency, shard.index, shard.count) : input.concurrency,
    ...promptsSent(input, total),
    ttft_ms: ttft,
    tpot_ms: tpot,
    itl_ms: summaryOf('itl_ms', 1),
    latency_s: summaryOf('latency_s', 0.001),
    throughput: {
      tokens_per_sec: known('output_tokens') ? rate(pooled.outputTokens) : null,
      requests_per_sec: rate(definition.ratedRequests(pooled.succeeded, pooled.failed)),
      successful_requests_per_sec: rate(pooled.succeeded),
    },
    mean_request_tokens_per_sec: pooled.distributions.get('generation_tokens_per_sec')?.mean() ?? null,
    input_tokens: known('input_tokens') ? pooled.inputTokens : null,
    output_tokens: known('output_tokens') ? pooled.outputTokens : null,
    input_output_token_ratio: known('input_tokens') && pooled.outputTokens > 0 ? pooled.inputTokens / pooled.outputTokens : null,
    ...mlperfVerdicts(ttft, tpot),
    ...(input.target.expected_concurrency === undefined ? {} : { expected_concurrency: input.target.expected_concurrency }),
    spike_rate_percent: null,
    ...(run.warmUp ? { warmup: run.warmUp } : {}),
    first_latency_s: pooled.first === null ? null : pooled.first.latencyMs / 1000,
    connections: { ...run.meter.connections },
    ...(structured === null ? {} : { structured }),
    ...(input.compat ? { compat: input.compat.name } : {}),
  };
}

/** `mlperf_compliant` is the standard verdict; null where TTFT or TPOT was not measured. */
export function mlperfVerdicts(ttft: Pick<Summary, 'p95'> | null, tpot: Pick<Summary, 'p95'> | null): Pick<Results, 'mlperf_compliant' | 'mlperf'> {
  const [first, each] = [ttft?.p95 ?? null, tpot?.p95 ?? null];
  const keeps = ({ ttftP95Ms, tpotP95Ms }: { ttftP95Ms: number; tpotP95Ms: number }) =>
    first === null || each === null ? null : first <= ttftP95Ms && each <= tpotP95Ms;
  const standard = keeps(mlperfLevels.standard);
  return { mlperf_compliant: standard, mlperf: { standard, interactive: keeps(mlperfLevels.interactive) } };
}
