import { type Scenario, scenarioName } from '../config/scenario.ts';
import type { TargetConfig } from '../config/target.ts';
import type { Phase, PhaseOutcome, StopReason } from '../load/executor.ts';
import type { SearchSummary } from '../load/search-summary.ts';
import { seriesId } from '../load/series-id.ts';
import { shareOf } from '../load/share.ts';
import { type CompatDefinition, compatNote } from '../measure/compat.ts';
import type { ConversationMeter } from '../measure/conversation-meter.ts';
import { type Definition, ownDefinition } from '../measure/definitions.ts';
import type { DistributionSummary } from '../measure/distribution.ts';
import type { Meter } from '../measure/meter.ts';
import { distributionDefinitions } from '../measure/metrics.ts';
import { type RetrievalTally, SeriesMeter } from '../measure/series-meter.ts';
import type { ClientFigures, ValidityFinding } from '../measure/validity.ts';
import type { MachineEnvironment } from '../observe/environment.ts';
import type { Workload } from '../workload/workload.ts';
import { conversationBlock } from './conversations.ts';
import { type DispatchBlock, dispatchMetrics } from './dispatch.ts';
import type { Metric, ResultDocument, Results, Run, Series, Summary } from './document.ts';
import { schemaVersion } from './document.ts';
import { loadFindings, searchMetrics } from './load-findings.ts';
import { structuredRates } from './structured.ts';

/** One run as the load room hands it over. */
export interface MeasuredRun {
  /** Latency of the warm-up; left out or null: there was none. */
  warmUp?: { requests: number; mean_latency_s: number; stddev_latency_s: number } | null;
  meter: Meter;
  /** Left out or null where requests do not depend on each other. */
  conversations?: ConversationMeter | null;
  phases: { phase: Phase; outcome: PhaseOutcome }[];
  /** ISO 8601. */
  started: string;
  /** From the start of the measured window to the last answer. */
  durationSeconds: number;
  client: ClientFigures;
  stopReason: StopReason;
  /** Threads that sent; left out where nobody counted. */
  workers?: number;
}

export interface BuildInput {
  run: MeasuredRun;
  scenario: Scenario;
  target: Pick<TargetConfig, 'name' | 'model' | 'replicas' | 'expected_concurrency'>;
  baseUrl: string;
  workload: Pick<Workload, 'cells' | 'uniquePrompts'>;
  /** The most requests in flight that the executor asked for, over all machines; null where it is not known. */
  concurrency: number | null;
  findings: ValidityFinding[];
  /** Percent; a run with more errors is no baseline. */
  maxErrorRate: number;
  environment: MachineEnvironment;
  cohort: string;
  tool: { name: string; version: string };
  git: ResultDocument['git'];
  ci: ResultDocument['ci'];
  config: ResultDocument['config'];
  notes: { itl?: string; outputTokens?: string };
  /** The definitions of another tool that the meter folded its times under; null: our own. */
  compat?: CompatDefinition | null;
  /** This machine's part of a load that several share, counted from 0; null: all of it. */
  shard?: { index: number; count: number } | null;
}

/** The two levels as the suites this replaces state them, at the 95th percentile; those of MLPerf itself are service levels (`slo`). */
const mlperfLevels = { standard: { ttftP95Ms: 2000, tpotP95Ms: 100 }, interactive: { ttftP95Ms: 500, tpotP95Ms: 30 } } as const;

/** Turns what was measured into the result document. Pure. */
export function buildResult(input: BuildInput): ResultDocument {
  const { run, scenario, target, shard, compat } = input;
  const pooled = pool([...run.meter.series.values()]);
  const valid = input.findings.every((finding) => finding.ok || finding.severity === 'advice');
  const outputAsAsked = input.findings.every((finding) => finding.ok || finding.name !== 'output_length');
  const partial = run.stopReason === 'interrupted' || run.stopReason === 'service_crashed';
  const timeline = run.meter.timeline.buckets().map((bucket) => ({ ...bucket }));
  const tokensKnown = (pooled.distributions.get('output_tokens')?.count ?? 0) > 0;
  const findings = loadFindings(run.phases, scenario, {
    tokensKnown,
    timeline,
    durationSeconds: run.durationSeconds,
    replicas: target.replicas ?? 1,
    crashed: run.stopReason === 'service_crashed',
  });
  const dispatch = dispatchOf(input);
  const talked = run.conversations ? conversationBlock(run.conversations) : null;
  const results = {
    ...buildResults(input, pooled),
    ...(dispatch === null ? {} : { dispatch }),
    ...findings,
    ...(talked ? { conversation: talked.block } : {}),
  };
  // A search drives the service until it fails.
  const errorsWithin = findings.search !== undefined || (results.error_rate ?? 100) <= input.maxErrorRate;
  const series = findings.search === undefined ? buildSeries(input) : searchSeries(input, findings.search);
  // Of a run with several loads the counts are of all of them together.
  if (dispatch !== null && run.phases.length === 1 && series[0] !== undefined) Object.assign(series[0].metrics, dispatchMetrics(dispatch));
  if (talked && series[0]) Object.assign(series[0].metrics, talked.metrics);
  const runEntry: Run = { round: 0, order: 0, started: run.started, duration_seconds: run.durationSeconds, values: valuesOf(series) };
  return {
    schema_version: schemaVersion,
    tool: input.tool,
    timestamp: run.started,
    target: target.name,
    scenario: scenarioName(scenario),
    base_url: input.baseUrl,
    model: modelOf(scenario, target),
    partial,
    stop_reason: run.stopReason,
    results,
    series,
    runs: [runEntry],
    timeline,
    slowest: slowestOf(run.meter),
    errors: [...run.meter.errors.values()].map(({ kind, count, firstSeenMs, example }) => ({ kind, count, first_seen: firstSeenMs / 1000, example })),
    retries: retriesOf(run.meter),
    validity: { valid, checks: input.findings },
    admissible: valid && !partial && run.stopReason !== 'budget' && pooled.succeeded > 0 && errorsWithin && outputAsAsked,
    client: {
      cpu_seconds: run.client.cpuSeconds,
      event_loop_p99_ms: run.client.eventLoopP99Ms,
      late_sends: null,
      timing_error_ms: null,
      ...(run.workers === undefined ? {} : { workers: run.workers }),
    },
    environment: input.environment,
    cohort: input.cohort,
    git: input.git,
    ci: input.ci,
    config: input.config,
    ...(shard ? { shard: { index: shard.index + 1, count: shard.count } } : {}),
    ...(compat ? { note: compatNote(compat) } : {}),
  };
}

/** Who answered, where that was asked for: a model to be checked, attempts to be counted, or answers that name their replica. */
function dispatchOf({ run, scenario, target }: BuildInput): DispatchBlock | null {
  const { counts } = run.meter.dispatch;
  const { retry, request } = scenario;
  const asked = request.check_model !== undefined && request.check_model !== false;
  if (!asked && (retry === undefined || retry === false) && Object.keys(counts.replicas).length === 0) return null;
  return { asked: asked ? (request.model ?? target.model ?? null) : null, ...counts };
}

function pool(meters: readonly SeriesMeter[]): SeriesMeter {
  const pooled = new SeriesMeter();
  for (const meter of meters) pooled.add(meter);
  return pooled;
}

/** A search is compared by what it found; its levels are details, for another run tries others. */
function searchSeries(input: BuildInput, search: SearchSummary): Series[] {
  const { scenario, target } = input;
  const labels = labelsOf(scenario, target);
  return [{ id: scenario.name, labels, metrics: searchMetrics(search) }, ...buildSeries(input).map((series) => ({ ...series, detail: true }))];
}

function modelOf({ request }: Scenario, target: BuildInput['target']): string | null {
  return request.model ?? target.model ?? request.default_model ?? null;
}

/** What all series of a scenario have in common. */
function labelsOf(scenario: Scenario, target: BuildInput['target']): Series['labels'] {
  const model = modelOf(scenario, target);
  return { scenario: scenarioName(scenario), target: target.name, ...(model === null ? {} : { model }), ...scenario.part?.labels };
}

/** A series for each phase; where requests differ in class, one for each class below it as detail. */
function buildSeries(input: BuildInput): Series[] {
  const { run, scenario, target, workload } = input;
  const labels = labelsOf(scenario, target);
  return run.phases.flatMap(({ phase, outcome }) => {
    const leaves = workload.cells.map((cell) => ({
      cell,
      id: seriesId(cell.id, phase.label, scenario.name),
      meter: run.meter.series.get(seriesId(cell.id, phase.label, scenario.name)) ?? new SeriesMeter(),
    }));
    const seconds = outcome.durationMs / 1000;
    const whole: Series = {
      id: seriesId(scenario.name, phase.label, scenario.name),
      labels: {
        ...labels,
        ...(input.concurrency === null ? {} : { concurrency: input.concurrency }),
        ...phase.label,
        ...(leaves.length === 1 ? leaves[0]?.cell.labels : {}),
      },
      metrics: metricsOf(pool(leaves.map((leaf) => leaf.meter)), seconds, input.notes, input.compat ?? ownDefinition),
    };
    if (leaves.length === 1) return [whole];
    const details = leaves.map(
      ({ cell, id, meter }): Series => ({
        id,
        labels: { ...labels, ...phase.label, ...cell.labels },
        metrics: metricsOf(meter, null, input.notes, input.compat ?? ownDefinition),
        detail: true,
      }),
    );
    return [whole, ...details];
  });
}

/** @param runSeconds null for a class of requests within a phase, of which a rate would say nothing */
function metricsOf(meter: SeriesMeter, runSeconds: number | null, notes: BuildInput['notes'], definition: Definition): Record<string, Metric> {
  const seconds = runSeconds === null ? null : (meter.windowSeconds ?? runSeconds);
  const metrics: Record<string, Metric> = {};
  for (const { name, unit, better, resolution, scale } of distributionDefinitions) {
    const distribution = meter.distributions.get(name);
    if (!distribution || distribution.count === 0) continue;
    metrics[name] = {
      unit,
      better,
      count: distribution.count,
      sum: distribution.sum * scale,
      ...distribution.summary(scale),
      hdr: distribution.encode(),
      hdr_per_unit: Math.round(resolution / scale),
      ...(name === 'itl_ms' && meter.gapsEstimated ? { note: 'estimated: the server does not say how many tokens a chunk holds' } : {}),
      ...(name === 'output_tokens' && notes.outputTokens ? { note: notes.outputTokens } : {}),
    };
  }
  const total = meter.succeeded + meter.failed;
  const percent = (part: number) => (total === 0 ? null : (100 * part) / total);
  metrics['error_rate'] = { unit: '%', better: 'lower', value: percent(meter.failed) };
  metrics['success_rate'] = { unit: '%', better: 'higher', value: percent(meter.succeeded) };
  if (seconds !== null && seconds > 0) {
    metrics['requests_per_sec'] = { unit: 'req/s', better: 'higher', value: definition.ratedRequests(meter.succeeded, meter.failed) / seconds };
    metrics['successful_requests_per_sec'] = { unit: 'req/s', better: 'higher', value: meter.succeeded / seconds };
    if (metrics['output_tokens']) metrics['tokens_per_sec'] = { unit: 'tokens/s', better: 'higher', value: meter.outputTokens / seconds };
  }
  if (metrics['output_tokens'] && metrics['input_tokens'] && meter.outputTokens > 0)
    metrics['input_output_token_ratio'] = { unit: 'ratio', better: 'neither', value: meter.inputTokens / meter.outputTokens };
  Object.assign(metrics, retrievalMetrics(meter.retrieval));
  const kept = structuredRates(meter.checks);
  if (kept !== null) {
    metrics['schema_compliance_rate'] = { unit: '%', better: 'higher', value: kept.compliance_rate };
    metrics['invalid_json_rate'] = { unit: '%', better: 'lower', value: kept.invalid_json_rate };
    metrics['schema_violation_rate'] = { unit: '%', better: 'lower', value: kept.violation_rate };
    metrics['validation_overhead_percent'] = { unit: '%', better: 'lower', value: kept.validation_overhead_percent };
  }
  return metrics;
}

function retrievalMetrics({ recalled, recallSum, hitsKnown, hits, hitsChecked, hitsRight }: RetrievalTally): Record<string, Metric> {
  return {
    ...(recalled > 0 ? { recall_at_k: { unit: 'ratio', better: 'higher', value: recallSum / recalled } } : {}),
    ...(hitsKnown > 0 ? { hit_rate_percent: { unit: '%', better: 'higher', value: (100 * hits) / hitsKnown } } : {}),
    ...(hitsChecked > 0 ? { hit_accuracy_percent: { unit: '%', better: 'higher', value: (100 * hitsRight) / hitsChecked } } : {}),
  };
}

function buildResults(input: BuildInput, pooled: SeriesMeter): Results {
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
  const unique = input.workload.uniquePrompts;
  const structured = structuredRates(pooled.checks);
  return {
    total_requests: total,
    successful: pooled.succeeded,
    failed: pooled.failed,
    success_rate: total === 0 ? null : (100 * pooled.succeeded) / total,
    error_rate: total === 0 ? null : (100 * pooled.failed) / total,
    duration_seconds: run.durationSeconds,
    concurrency: shard && input.concurrency !== null ? shareOf(input.concurrency, shard.index, shard.count) : input.concurrency,
    unique_prompts: unique === null ? null : Math.min(unique, total),
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

function slowestOf(meter: Meter): ResultDocument['slowest'] {
  return meter.slowest.map(({ record, latencyMs }) => ({
    index: record.index,
    series: record.series,
    started_s: record.intendedMs / 1000,
    connect_ms: record.connectMs,
    headers_ms: record.headersMs === null || record.sentMs === null ? null : record.headersMs - record.sentMs,
    ttft_ms: record.firstOutputMs === null || !record.streamed ? null : record.firstOutputMs - record.intendedMs,
    generation_ms:
      record.firstOutputMs === null || record.lastOutputMs === null || !record.streamed ? null : record.lastOutputMs - record.firstOutputMs,
    latency_ms: latencyMs,
    output_tokens: record.outputTokens,
  }));
}

/** Null where nothing was to be sent again. */
function retriesOf({ attempts: { requests, attempts, most } }: Meter): ResultDocument['retries'] {
  return requests === 0 ? null : { total: attempts - requests, mean_attempts: attempts / requests, max_attempts: most };
}

/** Every statistic of every metric of every series, flat: what one run says. */
export function valuesOf(series: readonly Series[]): Run['values'] {
  return Object.fromEntries(series.map(({ id, metrics }) => [id, flatten(metrics)]));
}

function flatten(metrics: Record<string, Metric>): Record<string, number | null> {
  const values: Record<string, number | null> = {};
  for (const [name, metric] of Object.entries(metrics)) {
    if ('value' in metric) values[name] = metric.value;
    else for (const stat of ['mean', 'min', 'p50', 'p90', 'p95', 'p99', 'p999', 'max', 'stddev'] as const) values[`${name}.${stat}`] = metric[stat];
  }
  return values;
}
