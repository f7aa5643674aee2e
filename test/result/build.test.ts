import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scenario } from '../../src/config/scenario/scenario.ts';
import type { Phase, PhaseOutcome, StopReason } from '../../src/load/executor.ts';
import { Meter } from '../../src/measure/meter.ts';
import type { RequestRecord } from '../../src/measure/record.ts';
import { buildResult } from '../../src/result/build.ts';
import type { BuildInput } from '../../src/result/build-input.ts';
import { parseResult } from '../../src/result/read.ts';
import { createWorkload } from '../../src/workload/workload.ts';
import { failureOf, recordOf } from '../measure/records.ts';

const started = '2026-01-31T12:00:00.000Z';

interface Run {
  records?: RequestRecord[];
  request?: Partial<Scenario['request']>;
  labels?: Record<string, string | number>[];
  stopReason?: StopReason;
  seconds?: number;
  input?: Partial<BuildInput>;
}

/** The document of a run of these requests, of scenario `chat` on target `service`. */
function documentOf({ records = [], request = {}, labels = [{}], stopReason = 'completed', seconds = 10, input = {} }: Run = {}) {
  const scenario: Scenario = {
    name: 'chat',
    timeout: 30,
    warmup: 0,
    seed: 0,
    load: { executor: 'closed', requests: 10 },
    request: { api: 'chat', stream: true, prompts: 'p.jsonl', max_tokens: null, max_tokens_cap: null, ...request },
  };
  const target = { name: 'service', model: 'm' };
  const prompts = ['a', 'b', 'c'].map((prompt) => ({ prompt, messages: null, max_tokens: null, temperature: null }));
  const meter = new Meter();
  for (const record of records) meter.record(record);
  const pacer = { kind: 'closed', usersAt: () => 4, nextChangeMs: () => null, maxUsers: 4, thinkMs: 0 } as const;
  const phases = labels.map((label) => ({
    phase: { label, pacer, requests: null, durationMs: null } as Phase,
    outcome: { ...meter.snapshot(0), durationMs: (seconds * 1000) / labels.length, stopReason, dropped: 0 } as PhaseOutcome,
  }));
  return buildResult({
    run: {
      meter,
      phases,
      started,
      durationSeconds: seconds,
      client: {
        cpuSeconds: 1.5,
        wallSeconds: seconds,
        loopUtilization: 0.1,
        eventLoopP99Ms: 2.5,
        threadCpu: 0.1,
        runQueueWait: 0,
        saturatedSeconds: 0,
      },
      stopReason,
    } as BuildInput['run'],
    scenario,
    target,
    baseUrl: 'http://127.0.0.1:8000',
    workload: createWorkload(scenario, target, { prompts }),
    concurrency: 4,
    findings: [{ name: 'client_cpu', ok: true, severity: 'fatal', detail: 'calm' }],
    maxErrorRate: 1,
    environment: { os: 'linux 6', arch: 'x64', cpu_model: 'cpu', cpu_cores: 2, memory_gb: 8, node: '24', runner_image: null },
    cohort: 'c0ffee',
    tool: { name: 'llm-bench', version: '0.1.0' },
    git: { sha: 'a'.repeat(40), ref: 'refs/heads/main', base_sha: null },
    ci: null,
    config: { resolved: { scenario }, sha256: 'x' },
    notes: {},
    ...input,
  });
}

const some = (count: number, changes: (index: number) => Partial<RequestRecord> = () => ({})) =>
  Array.from({ length: count }, (_, index) => recordOf({ index, endMs: 305 + index, ...changes(index) }));

test('the header says what was measured, where, when and by what', () => {
  const document = documentOf({ records: some(3) });
  const { schema_version, tool, timestamp, target, scenario, base_url, model, partial, stop_reason, cohort, git, ci, config } = document;
  assert.deepEqual(
    { schema_version, tool, timestamp, target, scenario, base_url, model, partial, stop_reason, cohort, ci },
    {
      schema_version: 1,
      tool: { name: 'llm-bench', version: '0.1.0' },
      timestamp: started,
      target: 'service',
      scenario: 'chat',
      base_url: 'http://127.0.0.1:8000',
      model: 'm',
      partial: false,
      stop_reason: 'completed',
      cohort: 'c0ffee',
      ci: null,
    },
  );
  assert.deepEqual([git.sha?.length, git.base_sha, config.sha256], [40, null, 'x']);
  assert.deepEqual([document.client.cpu_seconds, document.client.event_loop_p99_ms], [1.5, 2.5]);
  assert.deepEqual(document.validity, { valid: true, checks: [{ name: 'client_cpu', ok: true, severity: 'fatal', detail: 'calm' }] });
});

test('results: counts, rates over the measured time, and the distributions of the requests that succeeded', () => {
  const { results } = documentOf({ records: [...some(8), failureOf({ index: 8 }), failureOf({ index: 9 })], seconds: 4 });
  assert.deepEqual([results.total_requests, results.successful, results.failed, results.success_rate, results.error_rate], [10, 8, 2, 80, 20]);
  assert.deepEqual([results.duration_seconds, results.concurrency, results.unique_prompts], [4, 4, 3]);
  assert.deepEqual(results.throughput, { tokens_per_sec: 22, requests_per_sec: 2.5, successful_requests_per_sec: 2 });
  assert.deepEqual([results.input_tokens, results.output_tokens], [160, 88]);
  assert.ok(Math.abs((results.input_output_token_ratio as number) - 160 / 88) < 1e-12);
  assert.equal(results.mean_request_tokens_per_sec, 50);
  assert.deepEqual(Object.keys(results.latency_s ?? {}), ['mean', 'min', 'p50', 'p90', 'p95', 'p99', 'p999', 'max', 'stddev']);
  assert.ok(Math.abs((results.latency_s?.min as number) - 0.305) < 1e-9 && Math.abs((results.latency_s?.max as number) - 0.312) < 1e-9);
  assert.ok(Math.abs((results.latency_s?.mean as number) - 0.3085) < 1e-9);
  assert.deepEqual([results.ttft_ms?.min, results.tpot_ms?.max], [100, 20]);
  assert.deepEqual([results.latency_s?.p99, results.latency_s?.p999, results.itl_ms, results.spike_rate_percent], [null, null, null, null]);
});

test('fewer requests than prompts: only those that were sent are counted', () => {
  assert.equal(documentOf({ records: some(2) }).results.unique_prompts, 2);
  assert.equal(documentOf({ records: some(5), request: { prompt_tokens: [10] } }).results.unique_prompts, 5);
});

test('nothing measured is null, not zero', () => {
  const document = documentOf({ stopReason: 'interrupted', seconds: 0 });
  const { results } = document;
  assert.deepEqual([results.total_requests, results.successful, results.failed], [0, 0, 0]);
  for (const name of ['success_rate', 'error_rate', 'ttft_ms', 'tpot_ms', 'itl_ms', 'latency_s', 'input_tokens', 'output_tokens', 'mlperf_compliant'])
    assert.equal(results[name], null, name);
  assert.deepEqual(results.throughput, { tokens_per_sec: null, requests_per_sec: null, successful_requests_per_sec: null });
  assert.deepEqual([document.slowest, document.errors, document.timeline, document.retries], [[], [], [], null]);
  const metrics = document.series[0]?.metrics ?? {};
  assert.deepEqual(metrics['error_rate'], { unit: '%', better: 'lower', value: null });
  assert.ok(!('latency_s' in metrics) && !('requests_per_sec' in metrics));
});

test('one plain series: its labels, its metrics with their histograms, and one run with the values of it', () => {
  const document = documentOf({ records: some(200), request: { prompt_tokens: [10], max_tokens: [11] } });
  assert.equal(document.series.length, 1);
  const [series] = document.series;
  assert.equal(series?.id, 'chat');
  assert.deepEqual(series?.labels, { scenario: 'chat', target: 'service', model: 'm', concurrency: 4, prompt_tokens: 10, max_tokens: 11 });
  const latency = series?.metrics['latency_s'];
  assert.ok(latency && 'count' in latency);
  assert.deepEqual([latency.unit, latency.better, latency.count, latency.hdr_per_unit], ['s', 'lower', 200, 1_000_000]);
  assert.ok(latency.hdr && latency.p99 !== null && latency.p999 === null);
  assert.deepEqual(series?.metrics['requests_per_sec'], { unit: 'req/s', better: 'higher', value: 20 });
  assert.deepEqual(series?.metrics['tokens_per_sec'], { unit: 'tokens/s', better: 'higher', value: 220 });
  const [run] = document.runs;
  assert.deepEqual([document.runs.length, run?.round, run?.order, run?.started, run?.duration_seconds], [1, 0, 0, started, 10]);
  const values = run?.values['chat'] ?? {};
  assert.deepEqual([values['latency_s.p95'], values['latency_s.p999'], values['error_rate']], [latency.p95, null, 0]);
  assert.ok(!('latency_s.hdr' in values) && !('latency_s' in values));
});

test('classes of requests stand below the whole as detail, which holds all of them', () => {
  const records = some(60, (index) => ({ series: `chat/prompt_tokens=${[10, 20, 30][index % 3]}` }));
  const document = documentOf({ records, request: { prompt_tokens: [10, 20, 30] } });
  assert.deepEqual(
    document.series.map(({ id, detail }) => [id, detail ?? false]),
    [
      ['chat', false],
      ['chat/prompt_tokens=10', true],
      ['chat/prompt_tokens=20', true],
      ['chat/prompt_tokens=30', true],
    ],
  );
  const counts = document.series.map(({ metrics }) => (metrics['latency_s'] as { count: number }).count);
  assert.deepEqual(counts, [60, 20, 20, 20]);
  assert.deepEqual([document.series[1]?.labels['prompt_tokens'], document.series[0]?.labels['prompt_tokens']], [10, undefined]);
  assert.ok('requests_per_sec' in (document.series[0]?.metrics ?? {}) && !('requests_per_sec' in (document.series[1]?.metrics ?? {})));
});

test('phases with labels are series of their own', () => {
  const records = some(40, (index) => ({ series: `chat/concurrency=${index < 10 ? 1 : 5}` }));
  const document = documentOf({ records, labels: [{ concurrency: 1 }, { concurrency: 5 }] });
  assert.deepEqual(
    document.series.map(({ id, labels }) => [id, labels['concurrency']]),
    [
      ['chat/concurrency=1', 1],
      ['chat/concurrency=5', 5],
    ],
  );
  assert.deepEqual(
    document.series.map(({ metrics }) => (metrics['requests_per_sec'] as { value: number }).value),
    [2, 6],
  );
});

test('errors and the slowest requests in the units of the document', () => {
  const document = documentOf({
    records: [
      recordOf({ index: 7, intendedMs: 500, sentMs: 510, connectMs: 4, headersMs: 530, firstOutputMs: 600, lastOutputMs: 800, endMs: 900 }),
      failureOf({ endMs: 2500 }),
    ],
  });
  assert.deepEqual(document.errors, [{ kind: 'http_5xx', count: 1, first_seen: 2.5, example: '500: broken' }]);
  const [slowest] = document.slowest;
  assert.deepEqual(
    { ...slowest },
    {
      ...slowest,
      index: 7,
      series: 'chat',
      started_s: 0.5,
      connect_ms: 4,
      headers_ms: 20,
      ttft_ms: 100,
      generation_ms: 200,
      latency_ms: 400,
      output_tokens: 11,
    },
  );
  assert.deepEqual(
    document.timeline.map(({ t, requests, errors }) => [t, requests, errors]),
    [
      [0, 1, 0],
      [1, 0, 0],
      [2, 1, 1],
    ],
  );
});

test('an answer in one piece has no time to the first token among the slowest either', () => {
  const { slowest, results } = documentOf({ records: [recordOf({ streamed: false })] });
  assert.deepEqual([slowest[0]?.ttft_ms, slowest[0]?.generation_ms, results.ttft_ms], [null, null, null]);
});

test('fit to be a baseline: valid, whole, something succeeded, errors within the limit', () => {
  const fatal = [{ name: 'client_cpu', ok: false, severity: 'fatal' as const, detail: 'busy' }];
  const advice = [{ name: 'throughput_window', ok: false, severity: 'advice' as const, detail: 'short' }];
  const with1Of = (count: number) => [...some(count - 1), failureOf()];
  assert.equal(documentOf({ records: some(10) }).admissible, true);
  assert.equal(documentOf({ records: some(10), stopReason: 'duration' }).admissible, true);
  assert.equal(documentOf({ records: some(10), input: { findings: advice } }).admissible, true);
  assert.equal(documentOf({ records: with1Of(100) }).admissible, true);
  assert.equal(documentOf({ records: with1Of(50) }).admissible, false);
  assert.equal(documentOf({ records: with1Of(50), input: { maxErrorRate: 5 } }).admissible, true);
  assert.equal(documentOf().admissible, false);
  const invalid = documentOf({ records: some(10), input: { findings: fatal } });
  assert.deepEqual([invalid.admissible, invalid.validity.valid], [false, false]);
  for (const stopReason of ['interrupted', 'service_crashed'] as const) {
    const { admissible, partial, stop_reason } = documentOf({ records: some(10), stopReason });
    assert.deepEqual([admissible, partial, stop_reason], [false, true, stopReason]);
  }
  const levels = (stopReason: StopReason) => documentOf({ records: some(10), stopReason, labels: [{ concurrency: 1 }, { concurrency: 2 }] });
  for (const stopReason of ['error_rate', 'p95_latency'] as const)
    assert.equal(levels(stopReason).admissible, true, 'a rule ends levels where the service does');
  assert.equal(levels('budget').admissible, false);
  for (const stopReason of ['error_rate', 'p95_latency', 'budget', 'ended'] as const) {
    const { admissible, partial } = documentOf({ records: some(10), stopReason });
    assert.deepEqual([admissible, partial], [false, false], stopReason);
  }
});

test('notes say how tokens were counted and that gaps are an estimate', () => {
  const { series } = documentOf({ records: some(5), input: { notes: { outputTokens: 'counted with cl100k_base' } } });
  assert.equal(series[0]?.metrics['output_tokens']?.note, 'counted with cl100k_base');
  assert.equal(series[0]?.metrics['latency_s']?.note, undefined);
});

test('the limits of interactive use: first token within 2 s and a token every 100 ms, at p95', () => {
  assert.equal(documentOf({ records: some(20) }).results.mlperf_compliant, true);
  assert.equal(documentOf({ records: some(20, () => ({ firstOutputMs: 2100, lastOutputMs: 2300, endMs: 2400 })) }).results.mlperf_compliant, false);
  assert.equal(documentOf({ records: some(20, () => ({ lastOutputMs: 1200, endMs: 1300 })) }).results.mlperf_compliant, false);
  assert.equal(documentOf({ records: some(20, () => ({ outputTokens: 1 })) }).results.mlperf_compliant, null);
});

test('the document is what its reader takes, unchanged', () => {
  const document = documentOf({ records: [...some(30), failureOf()] });
  const plain = JSON.parse(JSON.stringify(document));
  assert.deepEqual(JSON.parse(JSON.stringify(parseResult(JSON.stringify(document), 'result.json'))), plain);
});
