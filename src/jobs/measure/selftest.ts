import { availableParallelism } from 'node:os';
import type { EntryContext } from '../../config/entry-context.ts';
import { ExitCode, UserError } from '../../config/errors.ts';
import type { Scenario } from '../../config/scenario/scenario.ts';
import { executors } from '../../load/executors/registry.ts';
import type { LoadOutcome } from '../../load/load-run.ts';
import { runLoad } from '../../load/run.ts';
import { SeriesMeter } from '../../measure/series-meter.ts';
import type { Truth } from '../../mock/known-truth.ts';
import type { TransportKind } from '../../protocol/connect.ts';
import { createWorkload } from '../../workload/workload.ts';
import { type KnownServer, startKnownServer } from './known-server.ts';

/** Streams and connections that the ceilings are taken with: enough that the client always has something to read. */
const ceilingStreams = 32;
const ceilingWarmup = { tokens: 96, posts: 1500 };
const ceilingTokens = 200;

/** What the client is held against the known server with. */
export interface SelftestPlan {
  /** Users, where there is no rate. */
  concurrency: number;
  /** Poisson arrivals per second; null: users who wait for their answers. */
  rate: number | null;
  /** How long the load of known timings lasts. */
  seconds: number;
  /** How long each ceiling is measured. */
  ceilingSeconds: number;
  firstTokenMs: number;
  tokenMs: number;
  tokens: number;
}

export interface SelftestOptions {
  entry: EntryContext;
  plan: SelftestPlan;
  transport: TransportKind;
  signal: AbortSignal;
}

interface Percentiles {
  p50: number | null;
  p99: number | null;
}

/** The client's certificate: its own error and its limits. Times in ms; null: too few samples. */
export interface SelftestReport {
  load: { concurrency: number | null; rate: number | null; seconds: number; first_token_ms: number; token_ms: number; tokens: number };
  requests: number;
  tokens_per_sec: number;
  reported: { ttft_ms: Percentiles; itl_ms: Percentiles };
  /** What the server stamped. */
  truth: { ttft_ms: Percentiles; itl_ms: Percentiles };
  /** Reported minus true. */
  error: { ttft_ms: Percentiles; itl_ms: Percentiles };
  /** Of an open load; null for users. */
  send_lateness_ms: Percentiles | null;
  /** What one sending thread can take. */
  ceiling: { tokens_per_sec: number | null; requests_per_sec: number | null };
  /** CPU microseconds of the whole process: of a token under the load above, of a plain POST at full speed. */
  cpu_us: { per_token: number | null; per_request: number | null };
  /** Client and server had one core between them: the figures are of both. */
  shared_core: boolean;
  /** Of the load of known timings: how much of the time the sending thread was busy, and waited for a core that others had; 0 to 1. */
  busy: number;
  waited: number | null;
}

/**
 * Drives this very client at a server of known timings, and says how far its times are off, what it can take and what it costs.
 * @throws UserError (4) when that server does not start or a request fails; whatever `signal` was aborted with
 */
export async function selftest(options: SelftestOptions): Promise<SelftestReport> {
  const { plan, signal } = options;
  const { firstTokenMs, tokenMs, tokens } = plan;
  await using server = await startKnownServer(options.entry, { firstTokenMs, tokenMs, tokens: Math.max(tokens, ceilingTokens) });
  signal.throwIfAborted();
  const ceilingLoad = { executor: 'closed', concurrency: ceilingStreams, duration: plan.ceilingSeconds };
  const fast = await drive(options, server, scenarioOf(ceilingLoad, ceilingWarmup.tokens, { tokens: ceilingTokens }), '/unpaced', 1);
  const posts = await drive(options, server, scenarioOf(ceilingLoad, ceilingWarmup.posts, null), '', 1);
  const load =
    plan.rate === null
      ? { executor: 'closed', concurrency: plan.concurrency, duration: plan.seconds }
      : { executor: 'poisson', rate: plan.rate, duration: plan.seconds };
  const warmup = plan.rate === null ? plan.concurrency : Math.ceil(plan.rate / 10);
  const paced = await drive(options, server, scenarioOf(load, warmup, { tokens }), '', null);
  const [answered, truth] = [pooled(paced), await server.truth()];
  const reported = { ttft_ms: percentilesOf(answered, 'ttft_ms'), itl_ms: percentilesOf(answered, 'itl_ms') };
  const true_ = { ttft_ms: truth.ttft_ms, itl_ms: truth.itl_ms };
  return {
    load: {
      concurrency: plan.rate === null ? plan.concurrency : null,
      rate: plan.rate,
      seconds: plan.seconds,
      first_token_ms: firstTokenMs,
      token_ms: tokenMs,
      tokens,
    },
    requests: answered.succeeded,
    tokens_per_sec: answered.outputTokens / paced.durationSeconds,
    reported,
    truth: { ttft_ms: enough(true_.ttft_ms, truth), itl_ms: true_.itl_ms },
    error: { ttft_ms: difference(reported.ttft_ms, true_.ttft_ms), itl_ms: difference(reported.itl_ms, true_.itl_ms) },
    send_lateness_ms: plan.rate === null ? null : percentilesOf(answered, 'send_lateness_ms'),
    ceiling: { tokens_per_sec: ceilingOf(fast, pooled(fast).outputTokens), requests_per_sec: ceilingOf(posts, pooled(posts).succeeded) },
    cpu_us: { per_token: cpuOf(paced, answered.outputTokens), per_request: cpuOf(posts, pooled(posts).succeeded) },
    shared_core: availableParallelism() < 2,
    busy: paced.client.loopUtilization,
    waited: paced.client.runQueueWait,
  };
}

/** @param stream null: plain POSTs */
function scenarioOf(load: Scenario['load'], warmup: number, stream: { tokens: number } | null): Scenario {
  const common = { stream: stream !== null, max_tokens_cap: null };
  return {
    name: 'selftest',
    load,
    warmup,
    timeout: 30,
    seed: 42,
    request:
      stream === null
        ? { ...common, api: 'http', method: 'POST', path: '/plain', body: '{"prompt":"hello","max_tokens":16}', max_tokens: null }
        : { ...common, api: 'chat', max_tokens: [stream.tokens] },
  };
}

/** @param workers threads that send; null: as many as a run takes */
async function drive(options: SelftestOptions, server: KnownServer, scenario: Scenario, path: string, workers: number | null): Promise<LoadOutcome> {
  const executor = executors.get(scenario.load.executor);
  if (!executor) throw new Error(`no executor is named ${scenario.load.executor}`);
  const prompts = [{ prompt: 'Say what you see from the lighthouse.', messages: null, max_tokens: null, temperature: null }];
  const target = { name: 'known-schedule', model: 'known-schedule' };
  const outcome = await runLoad({
    // As the configuration's loader would leave it: with the executor's own defaults.
    scenario: { ...scenario, load: { executor: scenario.load.executor, ...(executor.schema.parse(withoutExecutor(scenario.load)) as object) } },
    target,
    baseUrl: `${server.url}${path}`,
    targetHeaders: {},
    prompts,
    workload: createWorkload(scenario, target, { prompts }),
    executor,
    transport: options.transport,
    freshConnections: false,
    retry: null,
    userAgent: 'llm-bench',
    entryUrl: options.entry.entryUrl,
    workers,
    shard: { index: 0, count: 1 },
    startAtEpochMs: null,
    signal: options.signal,
    beforeMeasured: () => server.reset(),
  });
  options.signal.throwIfAborted();
  const error = outcome.meter.errors.values().next().value;
  if (error) throw new UserError(`a request to the server of known timings failed: ${error.kind}: ${error.example}`, { exitCode: ExitCode.service });
  return outcome;
}

function withoutExecutor({ executor: _, ...options }: Scenario['load']): Record<string, unknown> {
  return options;
}

function pooled({ meter }: LoadOutcome): SeriesMeter {
  const all = new SeriesMeter();
  for (const series of meter.series.values()) all.add(series);
  return all;
}

function percentilesOf(meter: SeriesMeter, name: string): Percentiles {
  const { p50 = null, p99 = null } = meter.distributions.get(name)?.summary() ?? {};
  return { p50, p99 };
}

/** A p99 is compared only where both sides have the samples for it. */
function enough(times: Percentiles, truth: Truth): Percentiles {
  return truth.requests < 100 ? { ...times, p99: null } : times;
}

function difference(reported: Percentiles, true_: Percentiles): Percentiles {
  const of = (key: 'p50' | 'p99') => (reported[key] === null || true_[key] === null ? null : reported[key] - true_[key]);
  return { p50: of('p50'), p99: of('p99') };
}

/**
 * What one thread could take were it busy all the time: what it took, by the share of the time that it ran. So neither a server that is slower than the
 * client nor a neighbour that takes the core makes the client look less able than it is.
 */
function ceilingOf({ client, durationSeconds }: LoadOutcome, count: number): number | null {
  return durationSeconds > 0 && client.threadCpu > 0 ? count / durationSeconds / Math.min(1, client.threadCpu) : null;
}

function cpuOf({ client }: LoadOutcome, count: number): number | null {
  return count > 0 ? (client.cpuSeconds * 1e6) / count : null;
}
