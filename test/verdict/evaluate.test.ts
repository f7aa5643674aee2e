import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Thresholds } from '../../src/config/thresholds/thresholds.ts';
import type { ResultDocument } from '../../src/result/document.ts';
import { judgeByRules } from '../../src/verdict/evaluate.ts';
import type { MetricVerdict, Verdict } from '../../src/verdict/verdict.ts';
import { documentOf } from '../result/sample.ts';

/** The shipped rules. */
const defaults: Thresholds = {
  series: {
    '*': {
      'latency_s.p95': { max_regression_percent: 20, warn_regression_percent: 10 },
      'latency_s.p50': { warn_change_percent: 15 },
      requests_per_sec: { warn_change_percent: 15 },
      tokens_per_sec: { warn_change_percent: 15 },
      error_rate: { max: 1 },
    },
  },
};

interface Figures {
  p50?: number | null;
  p95?: number | null;
  count?: number;
  tokens?: number | null;
  errors?: number | null;
  more?: Record<string, unknown>;
  detail?: boolean;
}

function series(id: string, { p50 = 1, p95 = 2, count = 500, tokens = 100, errors = 0, more = {}, detail = false }: Figures = {}) {
  return {
    id,
    detail,
    metrics: {
      latency_s: { unit: 's', better: 'lower', count, mean: 1.1, p50, p95 },
      ...(tokens === null ? {} : { tokens_per_sec: { unit: 'tokens/s', better: 'higher', value: tokens } }),
      error_rate: { unit: '%', better: 'lower', value: errors },
      ...more,
    },
  };
}

const result = (figures: Figures = {}, members: Record<string, unknown> = {}): ResultDocument =>
  documentOf({ series: [series('chat', figures)], ...members });

function row(verdict: Verdict, metric: string, id = 'chat'): MetricVerdict {
  const found = verdict.series.filter((one) => one.metric === metric && one.series === id);
  assert.equal(found.length, 1, `rows of ${metric}: ${JSON.stringify(verdict.series.map((one) => [one.series, one.metric]))}`);
  return found[0]!;
}

describe('judgeByRules', () => {
  it('judges the shipped rules', () => {
    const judge = (figures: Figures) => judgeByRules([result()], result(figures), defaults);
    assert.equal(judge({}).verdict, 'ok');
    assert.equal(judge({ p95: 2.6 }).verdict, 'regressed');
    assert.equal(judge({ p95: 2.3 }).verdict, 'warn');
    assert.equal(judge({ errors: 1.01 }).verdict, 'regressed');
    assert.equal(judge({ errors: 1 }).verdict, 'ok');
    assert.equal(judge({ tokens: 120 }).verdict, 'warn');
    assert.match(row(judge({ tokens: 120 }), 'tokens_per_sec').rule!, /warn_change_percent 15 \(better\)/);
    assert.equal(judge({ p95: 1.5 }).verdict, 'improved');
    const regressed = row(judge({ p95: 2.6 }), 'latency_s.p95');
    assert.deepEqual(
      { ...regressed, change_percent: Math.round(regressed.change_percent!) },
      {
        series: 'chat',
        metric: 'latency_s.p95',
        verdict: 'regressed',
        rule: 'max_regression_percent 20',
        baseline: 2,
        current: 2.6,
        unit: 's',
        better: 'lower',
        change_percent: 30,
        interval_percent: null,
        noise_percent: null,
        detectable_percent: null,
        limit_percent: 20,
        limit: null,
      },
    );
  });

  it('takes the median over runs, over those of all baselines together', () => {
    const run = (p95: number | null) => ({ values: { chat: { 'latency_s.p95': p95 } } });
    const baselines = [result({ p95: 99 }, { runs: [run(2), run(50), run(1)] }), result({ p95: 4 })];
    const verdict = judgeByRules(baselines, result({ p95: 77 }, { runs: [run(3), run(null), run(3.2)] }), defaults);
    // 1, 2, 4, 50 -> 3; 3, 3.2 -> 3.1
    assert.equal(row(verdict, 'latency_s.p95').baseline, 3);
    assert.equal(row(verdict, 'latency_s.p95').current, 3.1);
    assert.equal(verdict.baseline?.runs, 4);
  });

  it('does not let a median hide the one run in which requests failed', () => {
    const run = (error_rate: number) => ({ values: { chat: { error_rate } } });
    const verdict = judgeByRules([], result({ errors: 33 }, { runs: [run(0), run(0), run(100)] }), defaults);
    assert.equal(row(verdict, 'error_rate').verdict, 'regressed');
  });

  it('judges limits on the value without a baseline, and calls the rest new', () => {
    const limits: Thresholds = { series: { '*': { 'latency_s.p95': { max: 1.5 }, tokens_per_sec: { min: 50 }, error_rate: { warn_max: 0.5 } } } };
    const verdict = judgeByRules([], result({ errors: 0.6 }), limits);
    assert.equal(verdict.baseline, null);
    assert.equal(verdict.verdict, 'regressed');
    assert.deepEqual(
      [row(verdict, 'latency_s.p95').verdict, row(verdict, 'latency_s.p95').rule, row(verdict, 'latency_s.p95').limit],
      ['regressed', 'max 1.5', 1.5],
    );
    assert.equal(row(verdict, 'tokens_per_sec').verdict, 'ok');
    assert.equal(row(verdict, 'error_rate').verdict, 'warn');
    assert.equal(row(verdict, 'latency_s.p50').verdict, 'new');
    assert.equal(judgeByRules([], result(), { series: {} }).verdict, 'new');
    assert.equal(judgeByRules([], result(), defaults).verdict, 'ok');
  });

  it("another tool's throughput, and its median where no p95 is known, fail beyond 20% though the shipped limits only warn of them", () => {
    const imported = { imported: { from: 'wrk', sessions: 1, notes: [] } };
    const judged = (figures: Figures, members = {}) =>
      judgeByRules([result({ p95: null }, members)], result({ p95: null, ...figures }, members), defaults);
    const slow = judged({ p50: 1.3, tokens: 70 }, imported);
    assert.deepEqual([row(slow, 'latency_s.p50').verdict, row(slow, 'tokens_per_sec').verdict], ['regressed', 'regressed']);
    const slower = judged({ p50: 1.18, tokens: 83 }, imported);
    assert.deepEqual([row(slower, 'latency_s.p50').verdict, row(slower, 'tokens_per_sec').verdict], ['warn', 'warn']);
    assert.equal(row(judged({ tokens: 70 }), 'tokens_per_sec').verdict, 'warn', 'our own are held to what the shipped limits say');
  });

  it('advises only where gate is false', () => {
    const limits: Thresholds = { series: { '*': { 'latency_s.p95': { max: 1, max_regression_percent: 5, gate: false } } } };
    const verdict = judgeByRules([result()], result({ p95: 9 }), limits);
    assert.equal(verdict.verdict, 'warn');
    assert.match(row(verdict, 'latency_s.p95').rule!, /advises only/);
  });

  it('takes the worse of a limit on the value and a rule on the change', () => {
    const limits: Thresholds = { series: { '*': { 'latency_s.p95': { max: 1, max_regression_percent: 20 } } } };
    assert.match(row(judgeByRules([result({ p95: 5 })], result({ p95: 2 }), limits), 'latency_s.p95').rule!, /^max 1/);
    assert.equal(row(judgeByRules([result({ p95: 0.5 })], result({ p95: 0.9 }), limits), 'latency_s.p95').rule, 'max_regression_percent 20');
  });

  it('reports what vanished and what is new', () => {
    const both = documentOf({ series: [series('chat'), series('chat/c=2')] });
    const verdict = judgeByRules([both], documentOf({ series: [series('chat', { tokens: null }), series('chat/c=4')] }), defaults);
    assert.equal(verdict.verdict, 'missing');
    assert.deepEqual([row(verdict, 'tokens_per_sec').verdict, row(verdict, 'tokens_per_sec').rule], ['missing', 'not measured any more']);
    assert.equal(row(verdict, 'latency_s.p95', 'chat/c=2').verdict, 'missing');
    assert.equal(row(verdict, 'latency_s.p95', 'chat/c=4').verdict, 'new');
    const dropped = judgeByRules([result({ more: { cache: { unit: '', better: 'higher', value: 3 } } })], result(), defaults);
    assert.equal(row(dropped, 'cache').verdict, 'missing');
  });

  it('does not miss a series that only an older baseline has', () => {
    const older = documentOf({ timestamp: '2026-01-01T00:00:00Z', series: [series('chat'), series('gone')] });
    const newer = documentOf({ timestamp: '2026-01-02T00:00:00Z', series: [series('chat')] });
    for (const baselines of [
      [older, newer],
      [newer, older],
    ])
      assert.equal(judgeByRules(baselines, result(), defaults).verdict, 'ok');
  });

  it('misses a metric that a limit names for the series, not one that a limit on everything names', () => {
    const limit = { 'ttft_ms.p95': { max: 500 }, hit_rate: { min: 80 } };
    const named = judgeByRules([], result(), { series: { 'ch*': limit } });
    assert.equal(named.verdict, 'missing');
    assert.deepEqual([row(named, 'ttft_ms.p95').verdict, row(named, 'hit_rate').verdict], ['missing', 'missing']);
    const general = judgeByRules([], result(), { series: { '*': limit, other: limit } });
    assert.equal(
      general.series.some(({ metric }) => metric === 'ttft_ms.p95'),
      false,
    );
  });

  it('says aloud that a limit on everything had no figure to hold, where the metric is there without one', () => {
    const unknown = { error_rate: { unit: '%', better: 'lower' as const, value: null, note: "the parts' values cannot be added (0, 50)" } };
    const limits: Thresholds = {
      series: { '*': { error_rate: { max: 1 }, 'latency_s.p99': { max: 9 }, 'ttft_ms.p95': { max_regression_percent: 5 } } },
    };
    const verdict = judgeByRules([], result({ count: 50, more: unknown }), limits);
    const { verdict: word, rule } = row(verdict, 'error_rate');
    assert.deepEqual([word, rule], ['missing', "not known, but a limit holds for it: the parts' values cannot be added (0, 50)"]);
    assert.equal(verdict.verdict, 'missing');
    const absent = judgeByRules([], result({ count: 50 }), { series: { '*': { tpot_ms: { max: 1 }, 'tpot_ms.p95': { max: 1 } } } });
    assert.ok(!absent.series.some(({ metric }) => metric.startsWith('tpot_ms')), 'a metric that the series lacks is not missed');
  });

  it('tells too few samples from a metric that vanished', () => {
    const few = result({ p95: null, count: 12 });
    const unlimited = judgeByRules([result()], few, { series: {} });
    assert.equal(unlimited.verdict, 'ok');
    assert.match(unlimited.notes.join(), /latency_s\.p95 of chat was not compared: too few samples for p95 \(12\)/);
    const limited = judgeByRules([result()], few, defaults);
    assert.deepEqual([row(limited, 'latency_s.p95').verdict, row(limited, 'latency_s.p95').rule], ['missing', 'too few samples for p95 (12)']);
  });

  it('does not compare unlike units', () => {
    const of = (unit: string, value: number) => result({ more: { cost: { unit, better: 'lower', value } } });
    const verdict = judgeByRules([of('ms', 5)], of('s', 5), { series: { '*': { cost: { max_regression_percent: 5 } } } });
    assert.deepEqual(
      [row(verdict, 'cost').verdict, row(verdict, 'cost').rule, row(verdict, 'cost').change_percent],
      ['warn', 'units differ: ms in the baseline, s now', null],
    );
    const twoUnits = judgeByRules([of('ms', 5), of('s', 7)], of('s', 7), { series: {} });
    assert.equal(row(twoUnits, 'cost').baseline, 7);
  });

  it('compares metrics of other tools too', () => {
    const of = (value: number) =>
      documentOf({
        series: [
          {
            id: 'parse',
            metrics: { time: { unit: 'ns', better: 'lower', value }, spread: { unit: 'ns', better: 'lower', count: 3, p50: value, p95: value } },
          },
        ],
      });
    const verdict = judgeByRules([of(100)], of(150), { series: { '*': { '*': { max_regression_percent: 20 } } } });
    assert.deepEqual(
      verdict.series.map(({ metric, verdict: word }) => [metric, word]),
      [
        ['time', 'regressed'],
        ['spread.p50', 'ok'],
        ['spread.p95', 'regressed'],
      ],
    );
  });

  it('judges a detail only where thresholds name it', () => {
    const of = (p95: number) => documentOf({ series: [series('chat'), series('chat/prompt_tokens=9', { p95, detail: true })] });
    assert.equal(judgeByRules([of(2)], of(9), defaults).verdict, 'ok');
    assert.equal(judgeByRules([of(2)], of(9), { series: { chat: { 'latency_s.p95': { max: 5 } } } }).verdict, 'ok');
    assert.equal(judgeByRules([of(2)], of(9), { series: { 'chat/prompt_tokens=*': { 'latency_s.p95': { max: 5 } } } }).verdict, 'regressed');
    assert.equal(judgeByRules([result()], of(9), defaults).verdict, 'ok');
  });

  it('matches the series of unlike scenarios that the user named, and says so', () => {
    const a = documentOf({ scenario: 'quick', series: [series('quick'), series('quick/c=2')] });
    const b = documentOf({ scenario: 'slow', series: [series('slow', { p95: 9 }), series('slow/c=2')] });
    const verdict = judgeByRules([a], b, defaults);
    assert.equal(row(verdict, 'latency_s.p95', 'slow').verdict, 'regressed');
    assert.match(verdict.notes.join(), /series of scenario quick are compared with those of slow/);
    const lone = judgeByRules([documentOf({ scenario: '', series: [series('x')] })], result({ p95: 9 }), defaults);
    assert.equal(lone.verdict, 'regressed');
    assert.match(lone.notes.join(), /each side has only that one/);
  });

  it('is invalid when the client was at fault, and still shows the rows', () => {
    const verdict = judgeByRules([result()], result({ p95: 9 }, { validity: { valid: false } }), defaults);
    assert.equal(verdict.verdict, 'invalid');
    assert.equal(row(verdict, 'latency_s.p95').verdict, 'regressed');
  });

  it('is never silently ok when there is nothing to judge', () => {
    const empty = documentOf({ series: [] });
    assert.equal(judgeByRules([], empty, defaults).verdict, 'missing');
    assert.equal(judgeByRules([empty], documentOf({ series: [{ id: 'chat', metrics: {} }] }), defaults).verdict, 'missing');
  });

  it('does not depend on the order of baselines, nor on the unit, and a result against itself is ok', () => {
    const figure = fc.double({ min: 0.001, max: 100, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.record({ p50: figure, p95: figure, tokens: figure }), { minLength: 1, maxLength: 4 }),
        fc.record({ p50: figure, p95: figure, tokens: figure }),
        (bases, now) => {
          const baselines = bases.map((one, index) => result(one, { timestamp: `2026-01-0${index + 1}T00:00:00Z` }));
          const verdict = judgeByRules(baselines, result(now), defaults);
          assert.deepEqual(judgeByRules(baselines.toReversed(), result(now), defaults), verdict);
          assert.ok(['ok', 'new'].includes(judgeByRules([result(now)], result(now), defaults).verdict));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('never crashes on what a document may hold', () => {
    const any = fc.option(fc.double(), { nil: null });
    fc.assert(
      fc.property(
        fc.record({ p50: any, p95: any, tokens: any, errors: any }),
        fc.record({ p50: any, p95: any, tokens: any, errors: any }),
        (a, b) => {
          const verdict = judgeByRules([result(a)], result(b), defaults);
          for (const one of verdict.series) {
            assert.ok(one.change_percent === null || Number.isFinite(one.change_percent));
            if (one.current === null) assert.equal(one.verdict, 'missing');
          }
        },
      ),
    );
  });
});
