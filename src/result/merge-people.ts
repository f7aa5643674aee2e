import { isObject } from '../config/is-object.ts';
import { addDispatch, type DispatchBlock } from './dispatch.ts';
import type { ErrorCount, ResultDocument, Results, Series, TimelineBucket } from './document.ts';
import type { Part } from './merge-series.ts';
import { maxOrNull, sum, weighedMean } from './merge-values.ts';
import { pooledSummaries, pooledSummary } from './pooled.ts';
import { addPrompts } from './prompts-sent.ts';
import { mlperfVerdicts } from './results-block.ts';
import { addStructured } from './structured.ts';

const sumOrNull = (values: readonly (number | null | undefined)[]): number | null =>
  values.some((value) => value === null || value === undefined) ? null : sum(values as number[]);

/** The value that all share, else null. */
export function shared<T>(values: readonly T[]): T | null {
  return values.every((value) => value === values[0]) ? (values[0] ?? null) : null;
}

/** `results` of the parts together: counts add, rates are amounts over the whole measured time, distributions come from the merged series. */
export function mergeResultsBlock(parts: readonly Part[], series: readonly Series[], wholeSeconds: number | null, together: boolean): Results {
  const all = parts.map(({ document }) => document.results);
  const requests = sum(all.map((results) => results.total_requests));
  const failed = sum(all.map((results) => results.failed));
  // A machine that no request fell to, or whose requests all failed, has no figure of answers and takes none away from the others.
  const answering = all.filter(({ successful }) => successful > 0);
  const input = answering.length === 0 ? null : sumOrNull(answering.map((results) => results.input_tokens));
  const output = answering.length === 0 ? null : sumOrNull(answering.map((results) => results.output_tokens));
  const perSecond = (counting: readonly Results[], of: (results: Results) => number | null | undefined): number | null => {
    const amount = sumOrNull(
      counting.map((results) => {
        const rate = of(results);
        return rate === null || rate === undefined ? null : rate * results.duration_seconds;
      }),
    );
    return amount === null || counting.length === 0 || !wholeSeconds ? null : amount / wholeSeconds;
  };
  const requesting = requests === 0 ? all : all.filter(({ total_requests }) => total_requests > 0);
  const perRequest = (of: (results: Results) => number | null): number | null => {
    const values = answering.map(of);
    return values.some((value) => value === null)
      ? null
      : weighedMean(
          values as number[],
          answering.map((results) => results.successful),
        );
  };
  const concurrency = all.map((results) => results.concurrency);
  const summaries = pooledSummaries(series);
  return {
    // Members that only the parts know the meaning of stay where all agree.
    ...Object.fromEntries(Object.entries(all[0] as Results).filter(([key, value]) => all.every((results) => results[key] === value))),
    ...(together ? {} : foundInTurn(parts)),
    total_requests: requests,
    successful: sum(all.map((results) => results.successful)),
    failed,
    success_rate: requests === 0 ? null : 100 - (100 * failed) / requests,
    error_rate: requests === 0 ? null : (100 * failed) / requests,
    duration_seconds: wholeSeconds ?? sum(all.map((results) => results.duration_seconds)),
    concurrency: together ? sumOrNull(concurrency) : shared(concurrency),
    ...addedConnections(all),
    ...addedDispatch(all),
    ...addStructured(all),
    ...addPrompts(all.map((results) => results['prompt_sources'])),
    ...summaries,
    throughput: {
      tokens_per_sec: perSecond(answering, (results) => results.throughput.tokens_per_sec),
      requests_per_sec: perSecond(requesting, (results) => results.throughput.requests_per_sec),
      successful_requests_per_sec: perSecond(requesting, (results) => results.throughput.successful_requests_per_sec),
    },
    // One value per request that generated for long enough: its own distribution knows how many those are.
    mean_request_tokens_per_sec:
      pooledSummary(series, 'generation_tokens_per_sec')?.mean ?? perRequest((results) => results.mean_request_tokens_per_sec),
    input_tokens: input,
    output_tokens: output,
    input_output_token_ratio: input === null || output === null || output === 0 ? null : input / output,
    ...mergedMlperf(all, summaries),
    // The share of all requests that were spikes, each by its own part's bound.
    spike_rate_percent: perRequest((results) => results.spike_rate_percent),
  };
}

/** By the percentiles of all requests; where these cannot be added, what all parts agree on. */
function mergedMlperf(all: readonly Results[], summaries: ReturnType<typeof pooledSummaries>): Pick<Results, 'mlperf_compliant' | 'mlperf'> {
  const compliant = shared(all.map((results) => results.mlperf_compliant));
  if (!all.some(({ mlperf }) => mlperf !== undefined)) return { mlperf_compliant: compliant };
  const whole = mlperfVerdicts(summaries.ttft_ms, summaries.tpot_ms);
  if (whole.mlperf_compliant !== null) return whole;
  const interactive = shared(all.map((results) => results.mlperf?.interactive ?? null));
  return { mlperf_compliant: compliant, mlperf: { standard: compliant, interactive } };
}

const roundFindings = [
  'levels',
  'search',
  'stability',
  'conversation',
  'structured_vs_unstructured',
  'routing',
  'prefix_cache',
  'http',
  'batch_sizes',
  'edge_cases',
  'production_readiness',
] as const;

/**
 * What loads that changed or lasted found, which cannot be added: of several scenarios each one's own results below `scenarios`, by name; of several runs of
 * one each run's findings below `rounds`, in their order.
 */
function foundInTurn(parts: readonly Part[]): { scenarios?: Record<string, unknown>; rounds?: unknown[] } {
  const names = new Set(parts.map(({ document }) => document.scenario));
  if (names.size > 1) {
    const own = parts.map(({ document: { scenario, results } }) => (isObject(results['scenarios']) ? results['scenarios'] : { [scenario]: results }));
    return { scenarios: Object.assign({}, ...own) };
  }
  const rounds = parts.flatMap(({ document: { results } }): unknown[] => {
    if (Array.isArray(results['rounds'])) return results['rounds'];
    return [Object.fromEntries(roundFindings.flatMap((key) => (results[key] === undefined ? [] : [[key, results[key]]])))];
  });
  return rounds.every((round) => isObject(round) && Object.keys(round).length === 0) ? {} : { rounds };
}

/** The timelines on one axis of measured time: those of parts in turn follow each other, those at the same time are added second by second. */
export function mergeTimelines(parts: readonly Part[], together: boolean): TimelineBucket[] {
  if (!together) {
    let offset = 0;
    return parts.flatMap(({ document }) => {
      const moved = document.timeline.map((bucket) => ({ ...bucket, t: bucket.t + offset }));
      offset += Math.max(Math.ceil(document.results.duration_seconds), (document.timeline.at(-1)?.t ?? -1) + 1);
      return moved;
    });
  }
  const starts = parts.map(({ document }) => Date.parse(document.timestamp));
  const earliest = Math.min(...starts);
  const buckets = new Map<number, TimelineBucket>();
  parts.forEach(({ document }, index) => {
    const offset = Math.round(((starts[index] as number) - earliest) / 1000) || 0;
    for (const bucket of document.timeline) {
      const t = bucket.t + offset;
      const known = buckets.get(t);
      buckets.set(t, known ? addBuckets(known, bucket, t) : { ...bucket, t });
    }
  });
  return [...buckets.values()].sort((a, b) => a.t - b.t);
}

/** Counts add; the percentiles of two shards cannot be added. */
function addBuckets(a: TimelineBucket, b: TimelineBucket, t: number): TimelineBucket {
  return {
    t,
    requests: a.requests + b.requests,
    tokens: a.tokens + b.tokens,
    errors: a.errors + b.errors,
    in_flight: a.in_flight + b.in_flight,
    ttft_ms_p50: a.requests === 0 ? b.ttft_ms_p50 : b.requests === 0 ? a.ttft_ms_p50 : null,
    latency_ms_p95: a.requests === 0 ? b.latency_ms_p95 : b.requests === 0 ? a.latency_ms_p95 : null,
  };
}

/** Errors by kind: counts add, the earliest occurrence and its example stand for all. */
export function mergeErrors(parts: readonly Part[]): ErrorCount[] {
  const byKind = new Map<string, ErrorCount>();
  for (const error of parts.flatMap(({ document }) => document.errors)) {
    const known = byKind.get(error.kind);
    if (!known) byKind.set(error.kind, { ...error });
    else {
      known.count += error.count;
      if (error.first_seen < known.first_seen) Object.assign(known, { first_seen: error.first_seen, example: error.example });
    }
  }
  return [...byKind.values()].sort((a, b) => b.count - a.count);
}

/** Retries of several results as one; null where none retried. */
export function mergeRetries(documents: readonly ResultDocument[]): ResultDocument['retries'] {
  const known = documents.filter((document) => document.retries !== null);
  if (known.length === 0) return null;
  const retries = known.map((document) => document.retries as NonNullable<ResultDocument['retries']>);
  const attempts = retries.map((one) => one.mean_attempts);
  const mean = attempts.some((value) => value === null)
    ? null
    : weighedMean(
        attempts as number[],
        known.map(({ results }) => results.total_requests),
      );
  return { total: sum(retries.map((one) => one.total)), mean_attempts: mean, max_attempts: maxOrNull(retries.map((one) => one.max_attempts)) };
}

/** How many connections were opened, found open and refused, where every part counted them. */
function addedConnections(all: readonly Results[]): Pick<Results, 'connections'> {
  const counted = all.map((results) => results.connections);
  if (!counted.every((one) => typeof one === 'object' && one !== null)) return {};
  const total = (name: 'opened' | 'reused' | 'failed' | 'resent') => sum(counted.map((one) => (typeof one[name] === 'number' ? one[name] : 0)));
  const resent = counted.every(({ resent }) => resent !== undefined) ? { resent: total('resent') } : {};
  return { connections: { opened: total('opened'), reused: total('reused'), failed: total('failed'), ...resent } };
}

/** Who answered, where every part says so. */
function addedDispatch(all: readonly Results[]): { dispatch?: DispatchBlock } {
  const dispatch = addDispatch(all.map((results) => results['dispatch']));
  return dispatch === null ? {} : { dispatch };
}

/** The budgets of machines that each had their own; null where a part had none. */
export function mergeBudgets(documents: readonly ResultDocument[]): Record<string, unknown> | null {
  const budgets = documents.map((document) => document['budget']);
  if (!budgets.every((one): one is Record<string, unknown> => typeof one === 'object' && one !== null)) return null;
  const added = (name: string) => sumOrNull(budgets.map((one) => (typeof one[name] === 'number' ? one[name] : null)));
  return {
    max_total_tokens: added('max_total_tokens'),
    max_cost: added('max_cost'),
    currency: shared(budgets.map((one) => one['currency'])),
    used_tokens: added('used_tokens'),
    used_cost: added('used_cost'),
    exhausted: budgets.some((one) => one['exhausted'] === true),
    refused_tokens: maxOrNull(budgets.map((one) => (typeof one['refused_tokens'] === 'number' ? one['refused_tokens'] : null))),
  };
}

/** The client's cost adds; of its errors and of what a thread can take the worst part's figure stands, because percentiles cannot be added. */
export function mergeClients(documents: readonly ResultDocument[], together: boolean): ResultDocument['client'] {
  const clients = documents.map((document) => document.client);
  const workers = clients.map((client) => client.workers ?? null);
  const threads = together ? sumOrNull(workers) : shared(workers);
  const errors = clients.map((client) => client.timing_error_ms).filter((error) => error !== null);
  const ceilings = clients.map((client) => client.ceiling ?? null).filter((ceiling) => ceiling !== null);
  const lowest = (rates: readonly (number | null)[]) => (rates.some((rate) => rate === null) ? null : Math.min(...(rates as number[])));
  return {
    cpu_seconds: sumOrNull(clients.map((client) => client.cpu_seconds)),
    event_loop_p99_ms: maxOrNull(clients.map((client) => client.event_loop_p99_ms)),
    late_sends: sumOrNull(clients.map((client) => client.late_sends)),
    ...(threads === null ? {} : { workers: threads }),
    timing_error_ms:
      errors.length === 0 ? null : { p50: maxOrNull(errors.map((error) => error.p50)), p99: maxOrNull(errors.map((error) => error.p99)) },
    ...(ceilings.length < clients.length
      ? {}
      : {
          ceiling: {
            tokens_per_sec: lowest(ceilings.map((one) => one.tokens_per_sec)),
            requests_per_sec: lowest(ceilings.map((one) => one.requests_per_sec)),
          },
        }),
  };
}
