import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { UserError } from '../../src/config/errors.ts';
import type { DistributionMetric, ResultDocument, Series } from '../../src/result/document.ts';
import { isDistribution } from '../../src/result/document.ts';
import { mergeResults } from '../../src/result/merge.ts';
import { documentOf, measuredMetric, measuredSeries } from './sample.ts';

function distribution(document: ResultDocument, name: string, series = 0): DistributionMetric {
  const metric = document.series[series]!.metrics[name]!;
  assert.ok(isDistribution(metric));
  return metric;
}

function valueOfMetric(series: Series, name: string): number | null {
  const metric = series.metrics[name]!;
  assert.ok(!isDistribution(metric));
  return metric.value;
}

const near = (actual: number | null, expected: number | null, what: string) => {
  if (expected === null) assert.equal(actual, null, what);
  else
    assert.ok(actual !== null && Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${what}: ${actual}, expected ${expected}`);
};

/** A run of ten seconds from `second`. */
function runAt(
  second: number,
  latencies: number[],
  extra: Record<string, unknown> = {},
  values: Record<string, number> = { tokens_per_sec: 100, error_rate: 0 },
) {
  return documentOf({
    timestamp: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString(),
    target: 'service',
    results: {
      total_requests: latencies.length,
      successful: latencies.length,
      failed: 0,
      duration_seconds: 10,
      concurrency: 4,
      throughput: { tokens_per_sec: 100, requests_per_sec: latencies.length / 10 },
    },
    series: [measuredSeries('chat', latencies, latencies, values)],
    ...extra,
  });
}

describe('mergeResults', () => {
  it('of shards is the same as recording everything in one histogram', () => {
    const shard = fc.array(fc.double({ min: 0.01, max: 120_000, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.array(shard, { minLength: 2, maxLength: 5 }), (shards) => {
        const merged = mergeResults(
          shards.map((latencies, index) => documentOf({ timestamp: `2026-01-01T00:00:0${index}Z`, series: [measuredSeries('chat', latencies)] })),
        );
        for (const name of ['latency_s', 'ttft_ms']) {
          const whole = measuredMetric(name, shards.flat()) as DistributionMetric;
          const added = distribution(merged, name);
          assert.equal(added.count, whole.count);
          for (const key of ['min', 'max', 'p50', 'p90', 'p95', 'p99', 'p999'] as const) near(added[key], whole[key], `${name}.${key}`);
          near(added.sum, whole.sum, `${name}.sum`);
          near(added.mean, whole.mean, `${name}.mean`);
          // Recovered through the parts' deviations: exact but for rounding, which grows with the spread.
          if (whole.stddev !== null)
            assert.ok(Math.abs(added.stddev! - whole.stddev) <= 1e-6 * (whole.max ?? 1), `${name}.stddev ${added.stddev} ${whole.stddev}`);
          assert.equal(merged.results[name as 'ttft_ms']!.p95, added.p95);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('does not depend on the order of the documents', () => {
    const a = runAt(0, [10, 20, 30]);
    const b = runAt(100, [15, 25, 900]);
    assert.deepEqual(mergeResults([a, b]), mergeResults([b, a]));
  });

  it('keeps runs one after the other side by side, and weighs their rates by time', () => {
    const a = runAt(0, [10, 20], {}, { tokens_per_sec: 100, error_rate: 0 });
    const b = runAt(60, [30, 40], {}, { tokens_per_sec: 200, error_rate: 0 });
    const merged = mergeResults([a, b], ['a.json', 'b.json']);
    assert.equal(merged.runs.length, 2);
    assert.deepEqual(
      merged.runs.map((run) => run.values['chat']!['tokens_per_sec']),
      [100, 200],
    );
    assert.deepEqual(
      merged.runs.map((run) => run.order),
      [0, 1],
    );
    assert.equal(merged.results.duration_seconds, 20);
    assert.equal(merged.results.total_requests, 4);
    assert.equal(merged.results.concurrency, 4);
    assert.equal(valueOfMetric(merged.series[0]!, 'tokens_per_sec'), 150);
    assert.equal(merged.results.throughput.tokens_per_sec, 100);
  });

  it('makes one run of shards at the same time: rates and concurrencies add', () => {
    const timeline = [{ t: 0, requests: 2, tokens: 5, errors: 0, in_flight: 4 }];
    const merged = mergeResults([runAt(0, [10, 20], { timeline }), runAt(0, [30, 40], { timeline }), runAt(1, [50], { timeline })]);
    assert.equal(merged.runs.length, 1);
    assert.equal(merged.results.duration_seconds, 11);
    assert.equal(merged.results.concurrency, 12);
    near(valueOfMetric(merged.series[0]!, 'tokens_per_sec'), 3000 / 11, 'tokens per second');
    near(merged.runs[0]!.values['chat']!['tokens_per_sec']!, 3000 / 11, 'of the run');
    near(merged.results.throughput.requests_per_sec, 5 / 11, 'requests per second');
    assert.deepEqual(
      merged.timeline.map(({ t, requests, in_flight }) => [t, requests, in_flight]),
      [
        [0, 4, 8],
        [1, 2, 4],
      ],
    );
  });

  it('unites the series of different scenarios', () => {
    const other = documentOf({ scenario: 'load', timestamp: '2026-01-01T00:05:00Z', series: [measuredSeries('load', [5])] });
    const merged = mergeResults([runAt(0, [10]), other]);
    assert.deepEqual(
      merged.series.map(({ id }) => id),
      ['chat', 'load'],
    );
    assert.equal(merged.scenario, 'chat, load');
    assert.deepEqual(
      merged.runs.map((run) => Object.keys(run.values)),
      [['chat'], ['load']],
    );
  });

  it('weighs percentages by requests, adds errors and keeps the worst validity', () => {
    const errors = (count: number, first_seen: number) => [{ kind: 'timeout_total', count, first_seen, example: `at ${first_seen}` }];
    const good = runAt(0, Array(90).fill(10), { errors: errors(1, 5) }, { error_rate: 0 });
    const bad = runAt(
      60,
      Array(5).fill(10),
      {
        results: { total_requests: 10, successful: 5, failed: 5, duration_seconds: 10 },
        errors: errors(4, 2),
        validity: { valid: false, checks: [{ name: 'cpu', ok: false, severity: 'fatal', detail: 'saturated' }] },
      },
      { error_rate: 50 },
    );
    const merged = mergeResults([good, bad], ['good.json', 'bad.json']);
    assert.equal(valueOfMetric(merged.series[0]!, 'error_rate'), 5);
    assert.equal(merged.results.error_rate, 5);
    assert.deepEqual(
      merged.errors.map(({ count, first_seen, example }) => [count, first_seen, example]),
      [[5, 2, 'at 2']],
    );
    assert.equal(merged.validity.valid, false);
    assert.match(merged.validity.checks[0]!.detail, /bad\.json: saturated/);
  });

  it('says so where percentiles cannot be added', () => {
    const plain = (mean: number) => ({
      unit: 'ms',
      better: 'lower',
      count: 10,
      sum: mean * 10,
      mean,
      min: 1,
      max: 50,
      p50: mean,
      p95: 40,
      stddev: 2,
    });
    const of = (mean: number, second: number) =>
      documentOf({ timestamp: `2026-01-01T00:0${second}:00Z`, series: [{ id: 'chat', metrics: { ttft_ms: plain(mean) } }] });
    const metric = distribution(mergeResults([of(10, 1), of(20, 2)]), 'ttft_ms');
    assert.equal(metric.mean, 15);
    assert.equal(metric.p95, null);
    assert.match(metric.note ?? '', /no histogram/);
    near(metric.stddev, Math.sqrt((9 * 4 * 2 + 10 * 25 * 2) / 19), 'deviation within and between');
  });

  it('refuses unlike units, kinds and models, and the same run twice', () => {
    const of = (metric: unknown, extra = {}) => documentOf({ series: [{ id: 'chat', metrics: { x: metric } }], ...extra });
    const refused = (a: ResultDocument, b: ResultDocument, pattern: RegExp) =>
      assert.throws(
        () => mergeResults([a, b], ['a.json', 'b.json']),
        (error: UserError) => error instanceof UserError && error.exitCode === 2 && pattern.test(error.message),
      );
    refused(of({ unit: 'ms', value: 1 }), of({ unit: 's', value: 1 }), /x of series chat: it is "ms" in a\.json and "s" in b\.json/);
    refused(of({ unit: 'ms', value: 1 }), of({ unit: 'ms', p50: 1 }), /one value in a\.json and a distribution in b\.json/);
    refused(of({ value: 1 }, { model: 'm1' }), of({ value: 1 }, { model: 'm2' }), /a\.json measured the model "m1", b\.json the model "m2"/);
    refused(runAt(0, [10]), runAt(0, [10]), /a\.json and b\.json hold the same run/);
    assert.throws(() => mergeResults([]), /nothing to merge/);
  });

  it('refuses a histogram that is damaged or would exhaust the machine', () => {
    const withHdr = (hdr: string, time: string) => {
      const document = runAt(0, [10, 20], { timestamp: time });
      distribution(document, 'latency_s').hdr = hdr;
      return document;
    };
    const good = runAt(100, [10]);
    const refused = (hdr: string, pattern: RegExp) =>
      assert.throws(() => mergeResults([withHdr(hdr, '2026-01-01T00:00:00Z'), good], ['a.json', 'b.json']), pattern);
    refused('aGVsbG8gd29ybGQ=', /a\.json, series chat: the histogram of latency_s cannot be used: it is no HdrHistogram/);
    refused(distribution(good, 'latency_s').hdr!, /holds 1 values, expected 2/);
    const pack = (plain: Buffer) => {
      const packed = deflateSync(plain);
      const head = Buffer.alloc(8);
      head.writeUInt32BE(0x1c849314, 0);
      head.writeInt32BE(packed.length, 4);
      return Buffer.concat([head, packed]).toString('base64');
    };
    refused(pack(Buffer.alloc(64 * 1024 * 1024)), /cannot be used/);
    const header = (digits: number, highest: bigint, counts: number[]) => {
      const plain = Buffer.alloc(40 + counts.length);
      plain.writeUInt32BE(0x1c849313, 0);
      plain.writeUInt32BE(counts.length, 4);
      plain.writeUInt32BE(digits, 12);
      plain.writeBigInt64BE(1n, 16);
      plain.writeBigInt64BE(highest, 24);
      Buffer.from(counts).copy(plain, 40);
      return plain;
    };
    refused(pack(header(5, 1000n, [2])), /header is out of range/);
    refused(pack(header(3, 2n ** 60n, [2])), /header is out of range/);
    // A zig-zag count of -2^40: skips that many slots.
    refused(pack(header(3, 1_000_000n, [0xff, 0xff, 0xff, 0xff, 0xff, 0x3f])), /too many slots/);
  });

  it('adds what was seen of service and machine, so that no part stands for all', () => {
    const seen = (second: number, memory: [mean: number, max: number], joules: number) => {
      const document = runAt(second, [10]);
      const summary = { min: 1, p50: null, p90: null, p95: null, p99: null, p999: null, stddev: null };
      document.observed = {
        cost_percent_of_a_core: memory[0] / 100,
        metrics: {
          machine_memory_percent: { unit: '%', better: 'lower', count: 10, sum: null, ...summary, mean: memory[0], max: memory[1], observed: true },
          gpu_energy_joules: { unit: 'J', better: 'lower', value: joules, observed: true },
          odd: { unit: second === 0 ? 'ms' : 's', better: 'lower', value: 1, observed: true },
        },
        absent: [{ sampler: 'RAPL', reason: 'none here' }],
      };
      return document;
    };
    const { observed } = mergeResults([seen(0, [40, 50], 100), seen(60, [60, 95], 150)]);
    const { machine_memory_percent: memory, gpu_energy_joules: energy, odd } = observed?.metrics ?? {};
    assert.ok(memory && isDistribution(memory) && energy && !isDistribution(energy));
    assert.deepEqual([memory.mean, memory.max, memory.count, memory.p95, energy.value, odd], [50, 95, 20, null, 250, undefined]);
    assert.deepEqual([observed?.cost_percent_of_a_core, observed?.absent.length], [0.6, 1]);
    assert.equal(mergeResults([runAt(0, [10]), runAt(60, [20])]).observed, undefined);
  });

  it('judges MLPerf by the percentiles of all requests, also where the parts disagree', () => {
    const of = (second: number, ttfts: number[], interactive: boolean) => {
      const series = measuredSeries('chat', ttfts, ttfts);
      series.metrics['tpot_ms'] = measuredMetric(
        'tpot_ms',
        ttfts.map(() => 10),
      );
      const document = runAt(second, ttfts, { series: [series] });
      Object.assign(document.results, { mlperf_compliant: true, mlperf: { standard: true, interactive } });
      return document;
    };
    const slow = Array.from({ length: 40 }, () => 800);
    const quick = Array.from({ length: 40 }, () => 100);
    assert.deepEqual(mergeResults([of(0, quick, true), of(60, slow, false)]).results.mlperf, { standard: true, interactive: false });
    const without = of(60, slow, false);
    for (const metric of Object.values(without.series[0]!.metrics)) if (isDistribution(metric)) delete metric.hdr;
    assert.deepEqual(mergeResults([of(0, quick, true), without]).results.mlperf, { standard: true, interactive: null });
  });

  it('says that runs of unlike loads were added under one series, and nothing of unlike seeds', () => {
    const run = (second: number, rate: number, seed: number) =>
      runAt(second, [10], { config: { resolved: { scenario: { name: 'chat', seed, load: { rate }, request: {} } }, sha256: `${rate} ${seed}` } });
    const advice = (...runs: ReturnType<typeof run>[]) =>
      mergeResults(runs, ['a.json', 'b.json']).validity.checks.find(({ name }) => name === 'same_load');
    assert.equal(advice(run(0, 10, 1), run(60, 10, 2)), undefined);
    const unlike = advice(run(0, 10, 1), run(60, 20, 1));
    assert.deepEqual([unlike?.ok, unlike?.severity], [false, 'advice']);
    assert.match(unlike?.detail ?? '', /a\.json and b\.json: config scenario\.load\.rate: 10 -> 20/);
  });

  it('pools a search, whose levels are all details, each request once', () => {
    const detail = (id: string, values: number[]) => ({ ...measuredSeries(id, values), detail: true });
    const search = (second: number) =>
      runAt(second, [], {
        series: [
          { id: 'chat', labels: {}, metrics: { knee_load: { unit: 'users', better: 'higher', value: 2 } } },
          detail('chat/concurrency=1', [10, 30]),
          detail('chat/concurrency=1/prompt_tokens=5', [10]),
          detail('chat/concurrency=1/prompt_tokens=9', [30]),
          detail('chat/concurrency=2', [50]),
        ],
      });
    assert.deepEqual(mergeResults([search(0), search(60)]).results.latency_s?.mean, 0.03);
  });

  it('pools the levels of a search beside the whole of another load', () => {
    const detail = { ...measuredSeries('sought/concurrency=1', [50, 50]), detail: true };
    const found = { id: 'sought', labels: {}, metrics: { knee_load: { unit: 'users', better: 'higher', value: 2 } } };
    const both = mergeResults([runAt(0, [10, 30]), runAt(60, [], { scenario: 'sought', series: [found, detail] })]);
    assert.equal(both.results.latency_s?.mean, 0.035);
  });

  it('counts the requests of a grid once in the pooled figures', () => {
    const detail = (id: string, values: number[]) => ({ ...measuredSeries(id, values), detail: true });
    const of = (second: number) =>
      runAt(second, [], { series: [measuredSeries('chat', [10, 30]), detail('chat/prompt_tokens=1', [10]), detail('chat/prompt_tokens=2', [30])] });
    const merged = mergeResults([of(0), of(60)]);
    assert.equal(merged.series.length, 3);
    assert.equal(merged.series[1]!.detail, true);
    assert.equal(distribution(merged, 'latency_s').count, 4);
    assert.equal(merged.results.latency_s!.mean, 0.02);
  });
});
