import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SampleSummary } from '../../src/observe/history.ts';
import type { Observed } from '../../src/observe/sampler.ts';
import { attributionSentence } from '../../src/report/attribution.ts';
import { forTerminal } from '../../src/report/escape.ts';
import { howMeasured } from '../../src/report/measured.ts';
import { mergeResults } from '../../src/result/merge.ts';
import { type Observations, withObservations } from '../../src/result/observed.ts';
import { judgeByRules } from '../../src/verdict/evaluate.ts';
import { judgePaired } from '../../src/verdict/judge-paired.ts';
import { sampleResult } from '../report/sample.ts';

const summary = (mean: number, count = 500): SampleSummary => ({
  count,
  sum: mean * count,
  mean,
  min: mean / 2,
  max: mean * 2,
  p50: mean,
  p90: mean,
  p95: mean,
  p99: null,
  stddev: 0,
});

const seen = (values: Record<string, number>, over: Partial<Observations> = {}): Observations => {
  const whole = Object.entries(values).map(([name, mean]): Observed => ({ name, unit: 'ms', better: 'lower', summary: summary(mean) }));
  const { id } = sampleResult().series[0]!;
  return { whole, bySeries: new Map([[id, whole]]), perSecond: new Map(), replicas: null, absent: [], costPercent: 0.4, ...over };
};

test('what was seen is a metric of the series, a value of its run, a column of the timeline and a block for people', () => {
  const document = withObservations(
    sampleResult({ timeline: [0, 1].map((t) => ({ t, requests: 1, tokens: 1, errors: 0, in_flight: 1, ttft_ms_p50: null, latency_ms_p95: null })) }),
    seen({ service_memory_mb: 120 }, { perSecond: new Map([['service_memory_mb', [110, null]]]), absent: [{ sampler: 'gpu', reason: 'no GPU' }] }),
  );
  const [series] = document.series;
  assert.equal(series?.metrics['service_memory_mb']?.observed, true);
  assert.equal(document.runs[0]?.values[series!.id]?.['service_memory_mb.max'], 240);
  assert.deepEqual(
    document.timeline.map((bucket) => bucket['service_memory_mb']),
    [110, null],
  );
  assert.equal(document.observed?.cost_percent_of_a_core, 0.4);
  assert.deepEqual(document.observed?.absent, [{ sampler: 'gpu', reason: 'no GPU' }]);
});

test('what could not be watched is one warning that does not make the run invalid, and is told once', () => {
  const absent = [
    { sampler: 'nvidia-smi', reason: 'there is no nvidia-smi here' },
    { sampler: 'metrics of 127.0.0.1:80/metrics', reason: 'line 1: expected a series' },
  ];
  const document = withObservations(sampleResult(), seen({}, { absent }));
  const checks = document.validity.checks.filter(({ name }) => name === 'watched');
  assert.deepEqual(checks, [
    {
      name: 'watched',
      ok: false,
      severity: 'advice',
      detail: 'not watched: nvidia-smi (there is no nvidia-smi here), metrics of 127.0.0.1:80/metrics (line 1: expected a series)',
    },
  ]);
  assert.equal(document.validity.valid, true);
  const verdict = judgeByRules([sampleResult()], document, { series: {} });
  assert.equal(
    howMeasured(verdict, document, null, forTerminal)
      .join('\n')
      .match(/there is no nvidia-smi here/g)?.length,
    1,
  );
});

test('nothing watched leaves the document as it was', () => {
  const document = sampleResult();
  assert.equal(withObservations(document, seen({})), document);
});

test('a limit on what was seen is judged, and without one it is not', () => {
  const before = withObservations(sampleResult(), seen({ service_memory_mb: 100 }));
  const after = withObservations(sampleResult(), seen({ service_memory_mb: 200 }));
  const rows = (limits: Record<string, object>) =>
    judgeByRules([before], after, { series: { '*': limits } }).series.filter(({ metric }) => metric.startsWith('service_memory_mb'));
  assert.deepEqual(
    rows({ 'service_memory_mb.max': { max_regression_percent: 10 } }).map(({ verdict }) => verdict),
    ['regressed'],
  );
  assert.deepEqual(rows({}), []);
});

test('client and server are held against each other, and a gap beyond both errors is told', () => {
  const ours = sampleResult().series[0]!.metrics['ttft_ms']!;
  const mean = 'mean' in ours ? ours.mean! : 0;
  const checksOf = (serverMs: number) =>
    withObservations(sampleResult(), seen({ server_ttft_ms: serverMs })).validity.checks.filter(({ name }) => name === 'server_agrees');
  assert.deepEqual(
    checksOf(mean * 0.99).map(({ ok }) => ok),
    [true],
  );
  const [far] = checksOf(mean * 0.5);
  assert.equal(far?.ok, false);
  assert.equal(far?.severity, 'advice');
  assert.match(far?.detail ?? '', /^mean TTFT is 1\d\d\.\d ms here and \d+\.\d ms by the server's own histogram/);
});

test('other requests on the server, and there is nothing to compare', () => {
  const whole: Observed[] = [{ name: 'server_ttft_ms', unit: 'ms', better: 'lower', summary: summary(1, 5000) }];
  const document = withObservations(sampleResult(), seen({}, { whole, bySeries: new Map([[sampleResult().series[0]!.id, whole]]) }));
  assert.ok(document.validity.checks.every(({ name }) => name !== 'server_agrees'));
});

test('a slower TTFT is explained by queue, prefill and the rest', () => {
  const at = (ttft: number, queue: number, prefill: number) => {
    const document = withObservations(sampleResult(), seen({ server_queue_ms: queue, server_prefill_ms: prefill }));
    const metric = document.series[0]!.metrics['ttft_ms']!;
    if ('mean' in metric) metric.mean = ttft;
    return document;
  };
  assert.equal(
    attributionSentence(at(150, 40, 85), at(100, 10, 80)),
    "Mean TTFT rose by 50.0 ms; by the server's own histograms: the queue +30.0 ms, network and the rest +15.0 ms, prefill +5.00 ms.",
  );
  assert.equal(attributionSentence(at(101, 10, 80), at(100, 10, 80)), null, 'nothing to explain');
  assert.equal(attributionSentence(sampleResult(), at(100, 10, 80)), null, 'the server says nothing');
});

test('rounds that were added still only show what was seen: paired, it gates nothing', () => {
  const rounds = (memory: number) =>
    mergeResults(
      [1, 2, 3].map((round) => withObservations(sampleResult({ timestamp: `2026-01-0${round}T00:00:00Z` }), seen({ service_memory_mb: memory }))),
    );
  const [base, head] = [rounds(120), rounds(300)];
  assert.equal(head.series[0]?.metrics['service_memory_mb']?.observed, true);
  const { verdict } = judgePaired(base, head, { series: {} }, { maxPairs: 6, final: true });
  assert.deepEqual(
    verdict.series.filter(({ metric }) => metric.startsWith('service_memory_mb')),
    [],
  );
});
