import { addDispatch, replicaSkew, routingAffinity } from '../dispatch.ts';
import { isDistribution, type Metric } from '../document.ts';
import type { Finding, MeasuredPart } from './finding.ts';

/** More of the cold prompts than this percentage found in the cache: they were not cold. */
const coldEnough = 5;

/**
 * `results.prefix_cache` of the parts `phase: cold`, `warm` (the same prompts again), `shared_prefix`, and `single` and `scaled` (one request at a time, and
 * as many as there are replicas). What a missing part would say is null.
 */
export const prefixCache: Finding = ({ name, parts }) => {
  const part = (phase: string) => parts.find(({ scenario }) => scenario.part?.labels['phase'] === phase);
  const [cold, warm, shared, single, scaled] = ['cold', 'warm', 'shared_prefix', 'single', 'scaled'].map(part);
  const ttft = { cold: ttftOf(cold), warm: ttftOf(warm), shared_prefix: ttftOf(shared) };
  const cached = { cold: cachedOf(cold), warm: cachedOf(warm), shared_prefix: cachedOf(shared) };
  const dispatch = addDispatch(parts.map(({ document }) => document.results['dispatch']));
  const named = dispatch === null || Object.keys(dispatch.replicas).length === 0 ? null : dispatch.replicas;
  const replicas = named ?? countedReplicas(parts);
  const expected = replicasOf(parts) ?? scaled?.document.results.concurrency ?? null;
  const affinity = dispatch === null ? null : routingAffinity(dispatch.prefixes);
  const skew = replicas === null ? null : replicaSkew(replicas);
  const scaling = ratio(throughputOf(scaled), throughputOf(single));
  const found = {
    ttft_ms: ttft,
    ttft_cold_warm_ratio: ratio(ttft.cold, ttft.warm),
    ttft_cold_shared_ratio: ratio(ttft.cold, ttft.shared_prefix),
    cached_percent: cached,
    replicas: {
      expected,
      seen: replicas === null ? null : Object.keys(replicas).length,
      requests: replicas,
      counted_by: replicas === null ? null : named === null ? ('metrics' as const) : ('header' as const),
      skew,
    },
    routing_affinity_percent: affinity,
    throughput: { single: throughputOf(single), scaled: throughputOf(scaled) },
    throughput_scaling: scaling,
    scaling_efficiency: scaling === null || expected === null ? null : scaling / expected,
    notes: notesOf({ cold: cached.cold, expected, replicas }),
  };
  return { results: { prefix_cache: found }, metrics: { [name]: metricsOf(found) } };
};

function metricsOf(found: {
  ttft_cold_warm_ratio: number | null;
  ttft_cold_shared_ratio: number | null;
  routing_affinity_percent: number | null;
  throughput_scaling: number | null;
  replicas: { skew: number | null };
}): Record<string, Metric> {
  const metric = (value: number | null, unit: string, better: Metric['better']): Metric => ({ unit, better, value });
  return {
    ttft_cold_warm_ratio: metric(found.ttft_cold_warm_ratio, 'ratio', 'higher'),
    ttft_cold_shared_ratio: metric(found.ttft_cold_shared_ratio, 'ratio', 'higher'),
    routing_affinity: metric(found.routing_affinity_percent, '%', 'higher'),
    throughput_scaling: metric(found.throughput_scaling, 'ratio', 'higher'),
    replica_skew: metric(found.replicas.skew, 'ratio', 'lower'),
  };
}

/** Median time to first token, ms. */
const ttftOf = (part: MeasuredPart | undefined): number | null => part?.document.results.ttft_ms?.p50 ?? null;
const throughputOf = (part: MeasuredPart | undefined): number | null => part?.document.results.throughput.tokens_per_sec ?? null;
const ratio = (above: number | null, below: number | null): number | null => (above === null || below === null || below === 0 ? null : above / below);

/** Percent of the prompt tokens that the server says it found in its cache; null where it does not say. */
function cachedOf(part: MeasuredPart | undefined): number | null {
  let [cached, input]: [number | null, number] = [null, 0];
  for (const { metrics, detail } of part?.document.series ?? []) {
    const [tokens, prompt] = [metrics['cached_tokens'], metrics['input_tokens']];
    if (detail || tokens === undefined || !isDistribution(tokens) || prompt === undefined || !isDistribution(prompt)) continue;
    cached = (cached ?? 0) + (tokens.sum ?? 0);
    input += prompt.sum ?? 0;
  }
  return cached === null || input === 0 ? null : (100 * cached) / input;
}

/** What the service's own counters say of its replicas; they count everybody's requests. */
function countedReplicas(parts: readonly MeasuredPart[]): Record<string, number> | null {
  const total: Record<string, number> = {};
  for (const { document } of parts) {
    const counts = document.results['replica_counts'] as Record<string, number> | undefined;
    for (const [replica, times] of Object.entries(counts ?? {})) total[replica] = (total[replica] ?? 0) + times;
  }
  return Object.keys(total).length === 0 ? null : total;
}

/** How many replicas the target says it has. */
function replicasOf(parts: readonly MeasuredPart[]): number | null {
  const resolved = parts[0]?.document.config.resolved as { target?: { replicas?: unknown } } | null | undefined;
  const replicas = resolved?.target?.replicas;
  return typeof replicas === 'number' ? replicas : null;
}

function notesOf(found: { cold: number | null; expected: number | null; replicas: Record<string, number> | null }): string[] {
  const { cold, expected, replicas } = found;
  const notes: string[] = [];
  if (cold !== null && cold > coldEnough)
    notes.push(`the cold prompts were not cold: ${cold.toFixed(0)}% of their tokens were in the cache already; run it again with another --seed`);
  if (replicas === null)
    notes.push(
      'no answer names its replica; set target.replica_header to the response header that does, or observe.replicas to a counter that tells them apart',
    );
  else if (expected !== null && Object.keys(replicas).length !== expected)
    notes.push(`expected ${expected} replicas, ${Object.keys(replicas).length} answered: ${Object.keys(replicas).join(', ')}`);
  return notes;
}
