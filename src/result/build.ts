import { scenarioName } from '../config/scenario/scenario.ts';
import { isRule } from '../load/stop-rules.ts';
import { compatNote } from '../measure/compat.ts';
import type { Meter } from '../measure/meter.ts';
import { SeriesMeter } from '../measure/series-meter.ts';
import { askedModel } from '../workload/request-spec.ts';
import type { BuildInput } from './build-input.ts';
import { loadSeries, searchSeries } from './build-series.ts';
import { conversationBlock } from './conversations.ts';
import { type DispatchBlock, dispatchMetrics } from './dispatch.ts';
import { type ResultDocument, type Run, schemaVersion } from './document.ts';
import { loadFindings } from './load-findings.ts';
import { runValues } from './metric-values.ts';
import { resultsOf } from './results-block.ts';

/** Turns what was measured into the result document. Pure. */
export function buildResult(input: BuildInput): ResultDocument {
  const { run, scenario, target, shard, compat } = input;
  const pooled = SeriesMeter.pooled(run.meter.series.values());
  const valid = input.findings.every((finding) => finding.ok || finding.severity === 'advice');
  const outputAsAsked = input.findings.every((finding) => finding.ok || (finding.name !== 'output_length' && finding.name !== 'uncounted_answers'));
  const answered = pooled.outputTokens > 0 || (pooled.distributions.get('output_tokens')?.count ?? 0) === 0;
  const partial = run.stopReason === 'interrupted' || run.stopReason === 'service_crashed';
  const timeline = run.meter.timeline.buckets().map((bucket) => ({ ...bucket }));
  const tokensKnown = (pooled.distributions.get('output_tokens')?.count ?? 0) > 0;
  const findings = loadFindings(run.phases, scenario, {
    tokensKnown,
    timeline,
    durationSeconds: run.durationSeconds,
    replicas: target.replicas ?? 1,
    stopReason: run.stopReason,
  });
  const dispatch = dispatchOf(input);
  const talked = run.conversations ? conversationBlock(run.conversations) : null;
  const results = {
    ...resultsOf(input, pooled),
    ...(dispatch === null ? {} : { dispatch }),
    ...findings,
    ...(talked ? { conversation: talked.block } : {}),
  };
  // A load that a rule, a budget or somebody ended is not the one that another run would be compared by. Loads that go up level by level are ended by a rule where the service takes no more: that is what they ask.
  const complete = run.stopReason === 'completed' || run.stopReason === 'duration' || (isRule(run.stopReason) && findings.levels !== undefined);
  // A search drives the service until it fails.
  const errorsWithin = findings.search !== undefined || (results.error_rate ?? 100) <= input.maxErrorRate;
  const series = findings.search === undefined ? loadSeries(input) : searchSeries(input, findings.search);
  // Of a run with several loads the counts are of all of them together.
  if (dispatch !== null && run.phases.length === 1 && series[0] !== undefined) Object.assign(series[0].metrics, dispatchMetrics(dispatch));
  if (talked && series[0]) Object.assign(series[0].metrics, talked.metrics);
  const runEntry: Run = { round: 0, order: 0, started: run.started, duration_seconds: run.durationSeconds, values: runValues(series) };
  return {
    schema_version: schemaVersion,
    tool: input.tool,
    timestamp: run.started,
    target: target.name,
    scenario: scenarioName(scenario),
    base_url: input.baseUrl,
    model: askedModel(scenario.request, target),
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
    admissible: valid && complete && pooled.succeeded > 0 && errorsWithin && outputAsAsked && answered,
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
  return { asked: asked ? askedModel(request, target) : null, ...counts };
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
