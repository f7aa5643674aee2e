import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Thresholds } from '../../src/config/thresholds/thresholds.ts';
import type { DistributionMetric, ResultDocument } from '../../src/result/document.ts';
import { judgePaired, type PairedOptions } from '../../src/verdict/judge-paired.ts';
import { judgeScreen, type ScreenOptions } from '../../src/verdict/judge-screen.ts';
import type { MetricVerdict, Verdict } from '../../src/verdict/verdict.ts';
import { normal, seeded } from '../random.ts';
import { documentOf } from '../result/sample.ts';

const none: Thresholds = { series: {} };

interface Figures {
  /** Every time is multiplied by it, throughput divided. */
  factor?: number;
  runs?: number;
  noise?: number;
  seed?: number;
  errors?: number;
  unit?: string;
  drop?: string[];
  members?: Record<string, unknown>;
}

/** A document of runs around fixed levels; its order numbers are the caller's. */
function measured(
  { factor = 1, runs = 1, noise = 0.02, seed = 1, errors = 0, unit = 'ms', drop = [], members = {} }: Figures,
  order = (run: number) => run,
): ResultDocument {
  const random = seeded(seed);
  const levels = { 'ttft_ms.p50': 20, 'ttft_ms.p95': 40, 'ttft_ms.p99': 60, 'latency_s.p95': 0.5, tokens_per_sec: 1000, error_rate: errors };
  const draw = (): Record<string, number> =>
    Object.fromEntries(
      Object.entries(levels)
        .filter(([key]) => !drop.includes(key))
        .map(([key, level]) => [
          key,
          key === 'error_rate' ? level : level * (key === 'tokens_per_sec' ? 1 / factor : factor) * Math.exp(noise * normal(random)),
        ]),
    );
  const values = Array.from({ length: runs }, draw);
  const first = values[0] as Record<string, number>;
  const distribution = (name: string, better: string, named: string) => ({
    unit: named,
    better,
    count: 1000,
    sum: null,
    mean: 1,
    min: null,
    p50: first[`${name}.p50`] ?? null,
    p90: null,
    p95: first[`${name}.p95`] ?? null,
    p99: first[`${name}.p99`] ?? null,
    p999: null,
    max: null,
    stddev: null,
  });
  return documentOf({
    cohort: 'c1',
    admissible: true,
    validity: { valid: true, checks: [] },
    timestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, seed)).toISOString(),
    series: [
      {
        id: 'chat',
        labels: { scenario: 'chat' },
        metrics: {
          ttft_ms: distribution('ttft_ms', 'lower', unit),
          latency_s: distribution('latency_s', 'lower', 's'),
          ...(drop.includes('tokens_per_sec') ? {} : { tokens_per_sec: { unit: 'tokens/s', better: 'higher', value: first['tokens_per_sec'] } }),
          error_rate: { unit: '%', better: 'lower', value: errors },
        },
      },
    ],
    runs: values.map((one, run) => ({ round: run, order: order(run), started: '2026-01-01T00:00:00Z', duration_seconds: 1, values: { chat: one } })),
    ...members,
  });
}

const pool = (count: number, figures: Figures = {}) => Array.from({ length: count }, (_, i) => measured({ ...figures, seed: 10 + i }));

function row(verdict: Verdict, metric: string): MetricVerdict {
  const found = verdict.series.find((one) => one.metric === metric);
  assert.ok(found, `no row of ${metric}`);
  return found;
}

function screened(baselines: ResultDocument[], current: ResultDocument, thresholds = none, options: Partial<ScreenOptions> = {}): Verdict {
  const judged = judgeScreen(baselines, current, thresholds, { currentRuns: 'independent', ...options });
  assert.ok('verdict' in judged, 'refusal' in judged ? judged.refusal : '');
  return judged.verdict;
}

function refusal(baselines: ResultDocument[], current: ResultDocument): string {
  const judged = judgeScreen(baselines, current, none, { currentRuns: 'independent' });
  assert.ok('refusal' in judged);
  return judged.refusal;
}

describe('judgeScreen', () => {
  it('names what regressed, with all that a reader needs', () => {
    const verdict = screened(pool(20), measured({ factor: 1.4 }));
    assert.equal(verdict.verdict, 'regressed');
    assert.equal(verdict.mode, 'screen');
    assert.equal(verdict.alpha, 0.01);
    assert.equal(verdict.baseline?.runs, 20);
    const ttft = row(verdict, 'ttft_ms.p95');
    assert.equal(ttft.verdict, 'regressed');
    assert.ok(ttft.change_percent !== null && Math.abs(ttft.change_percent - 40) < 10);
    assert.ok(ttft.interval_percent !== null && ttft.interval_percent[0] > 0 && ttft.interval_percent[1] > ttft.change_percent);
    assert.ok(ttft.noise_percent !== null && ttft.noise_percent > 1 && ttft.noise_percent < 4);
    assert.ok(ttft.detectable_percent !== null && ttft.detectable_percent < 15);
    assert.equal(ttft.limit_percent, 10);
    assert.match(ttft.rule ?? '', /^max_regression_percent 10 \(/);
    const throughput = row(verdict, 'tokens_per_sec');
    assert.equal(throughput.verdict, 'regressed');
    assert.ok(throughput.change_percent !== null && throughput.change_percent < -20);
  });

  it('unchanged is ok, better is improved', () => {
    assert.equal(screened(pool(20), measured({ seed: 3 })).verdict, 'ok');
    assert.equal(screened(pool(20), measured({ factor: 0.6 })).verdict, 'improved');
  });

  it('a tail advises, with a wider limit of its own', () => {
    const verdict = screened(pool(20), measured({ factor: 1.6 }));
    const tail = row(verdict, 'ttft_ms.p99');
    assert.equal(tail.verdict, 'warn');
    assert.equal(tail.limit_percent, 30);
    assert.match(tail.rule ?? '', /advises only/);
    assert.equal(row(screened(pool(20), measured({ factor: 1.2 })), 'ttft_ms.p99').verdict, 'ok');
  });

  it('limits of thresholds hold, on the change and on the value', () => {
    const thresholds: Thresholds = {
      series: { '*': { 'latency_s.p95': { max_regression_percent: 60 }, 'ttft_ms.p50': { max: 15 }, 'ttft_ms.p95': { gate: false } } },
    };
    const verdict = screened(pool(20), measured({ factor: 1.3 }), thresholds);
    assert.equal(row(verdict, 'latency_s.p95').verdict, 'ok');
    assert.equal(row(verdict, 'latency_s.p95').limit_percent, 60);
    assert.equal(row(verdict, 'ttft_ms.p50').verdict, 'regressed');
    assert.equal(row(verdict, 'ttft_ms.p95').verdict, 'warn');
    assert.equal(row(screened(pool(20), measured({ seed: 5 }), thresholds), 'ttft_ms.p50').rule, 'max 15');
  });

  it('warns on a change of either kind where thresholds ask for it, when it is no noise', () => {
    const thresholds: Thresholds = {
      series: { '*': { 'ttft_ms.p50': { max_regression_percent: 60, warn_regression_percent: 10 }, tokens_per_sec: { warn_change_percent: 15 } } },
    };
    const verdict = screened(pool(20), measured({ factor: 0.7 }), thresholds);
    assert.equal(row(verdict, 'tokens_per_sec').rule, 'warn_change_percent 15 (better)');
    assert.equal(row(screened(pool(20), measured({ factor: 1.2 }), thresholds), 'ttft_ms.p50').rule, 'warn_regression_percent 10');
  });

  it('refuses pools that are too small or mixed, naming why', () => {
    assert.match(refusal(pool(3), measured({})), /3 runs: at least 4/);
    assert.match(refusal([...pool(5), measured({ members: { cohort: 'c2' } })], measured({})), /mixes cohorts: .*"c2"/);
    assert.match(refusal([...pool(5), measured({ members: { scenario: 'other' } })], measured({})), /mixes scenarios/);
    assert.match(refusal(pool(5), measured({ members: { cohort: 'c9' } })), /cohort is "c1", this result's "c9"/);
    assert.match(refusal([], measured({})), /0 runs/);
  });

  it('leaves out what is not admissible and names it', () => {
    const verdict = screened(
      [...pool(6), measured({ factor: 9, members: { admissible: false } }), measured({ members: { partial: true } })],
      measured({ seed: 4 }),
    );
    assert.equal(verdict.baseline?.runs, 6);
    assert.match(verdict.notes.join('\n'), /not admissible/);
    assert.match(verdict.notes.join('\n'), /partial/);
  });

  it('what vanished is missing, other units warn, an invalid run judges nothing', () => {
    assert.equal(row(screened(pool(6), measured({ drop: ['tokens_per_sec'] })), 'tokens_per_sec').verdict, 'missing');
    const units = row(screened(pool(6), measured({ unit: 's' })), 'ttft_ms.p50');
    assert.equal(units.verdict, 'warn');
    assert.match(units.rule ?? '', /units differ/);
    assert.equal(screened(pool(6), measured({ members: { validity: { valid: false, checks: [] } } })).verdict, 'invalid');
  });

  it('error rates: a rise is told, in points', () => {
    const verdict = screened(pool(20), measured({ errors: 5 }));
    const errors = row(verdict, 'error_rate');
    assert.equal(errors.verdict, 'regressed');
    assert.match(errors.rule ?? '', /^max_rise_points 1 \(default; up by 5 points/);
    assert.equal(errors.limit_percent, null, 'it was held against points, not against a percentage');
    const stated: Thresholds = { series: { '*': { error_rate: { max_regression_percent: 50 } } } };
    const percent = row(screened(pool(20, { errors: 4 }), measured({ errors: 12 }), stated), 'error_rate');
    assert.deepEqual([percent.verdict, percent.limit_percent], ['regressed', 50]);
    assert.match(percent.rule ?? '', /^max_regression_percent 50 \(up by/);
    assert.equal(row(screened(pool(20), measured({})), 'error_rate').verdict, 'ok');
  });

  it('error rates: requests are counted, neither gaps between tokens nor looks at the service', () => {
    const counted = (document: ResultDocument): ResultDocument => {
      const [series] = document.series as [ResultDocument['series'][number]];
      const latency = series.metrics['latency_s'] as DistributionMetric;
      const many = { ...latency, count: 20_000 };
      Object.assign(series.metrics, { latency_s: { ...latency, count: 19 }, itl_ms: many, service_cpu_cores: { ...many, observed: true } });
      return document;
    };
    // One failure of twenty requests, after none of twenty in each of four runs, may well be chance.
    const verdict = screened(pool(4).map(counted), counted(measured({ errors: 5 })));
    const errors = row(verdict, 'error_rate');
    assert.equal(errors.verdict, 'inconclusive', errors.rule ?? '');
  });

  it('error rates of unknown numbers of requests: a limit on the rate holds all the same, and none is ok', () => {
    const rate = (errors: number, seed: number) => {
      const document = measured({ errors, seed });
      for (const { metrics } of document.series) for (const name of ['ttft_ms', 'latency_s']) delete metrics[name];
      return document;
    };
    const clean = Array.from({ length: 5 }, (_, index) => rate(0, 10 + index));
    const limited: Thresholds = { series: { '*': { error_rate: { max: 1 } } } };
    const broken = row(screened(clean, rate(50, 3), limited), 'error_rate');
    assert.deepEqual([broken.verdict, broken.current, broken.rule], ['regressed', 50, 'max 1']);
    assert.equal(row(screened(clean, rate(0, 3), limited), 'error_rate').verdict, 'ok');
    assert.equal(row(screened(clean, rate(0.5, 3), limited), 'error_rate').verdict, 'inconclusive');
  });

  it('a count that is the same in every run of the pool is no matter of noise', () => {
    const counted = (value: number, seed: number) => {
      const document = measured({ seed });
      for (const series of document.series) series.metrics['allocs/op'] = { unit: '', better: 'lower', value };
      for (const run of document.runs) Object.assign(run.values['chat'] ?? {}, { 'allocs/op': value });
      return document;
    };
    const thresholds: Thresholds = { series: { '*': { '*': { max_regression_percent: 10 } } } };
    const same = Array.from({ length: 5 }, (_, index) => counted(100, 10 + index));
    const found = (value: number) => row(screened(same, counted(value, 3), thresholds), 'allocs/op');
    assert.deepEqual([found(100).verdict, found(100).change_percent], ['ok', 0]);
    assert.equal(found(103).verdict, 'regressed', 'its limit is 1%');
    assert.equal(found(90).verdict, 'improved');
    assert.ok(Math.abs((found(103).change_percent ?? 0) - 3) < 1e-9);
  });

  it('runs of one machine count as one', () => {
    const current = measured({ runs: 4, seed: 2 });
    const width = (currentRuns: ScreenOptions['currentRuns']) => {
      const [low, high] = row(screened(pool(20), current, none, { currentRuns }), 'ttft_ms.p50').interval_percent ?? [0, 0];
      return high - low;
    };
    assert.ok(width('one-machine') > 1.5 * width('independent'));
  });
});

describe('judgePaired', () => {
  /** Base and head in mirrored blocks behind one dropped round each, which was twice as slow. */
  function sides(pairs: number, head: Figures, noise = 0.02): [ResultDocument, ResultDocument] {
    const place = (side: 0 | 1) => (run: number) => {
      if (run === 0) return side;
      const pair = run - 1;
      return 2 + 2 * pair + (pair % 2 === 0 ? side : 1 - side);
    };
    const build = (figures: Figures, side: 0 | 1) => {
      const document = measured({ noise, runs: pairs + 1, ...figures }, place(side));
      const cold = document.runs[0]?.values['chat'];
      if (cold) for (const key of Object.keys(cold)) cold[key] = 2 * (cold[key] ?? 0);
      return { ...document, runs: [...document.runs].reverse() };
    };
    return [build({ seed: 21 }, 0), build({ seed: 22, ...head }, 1)];
  }
  const judge = (documents: [ResultDocument, ResultDocument], options: Partial<PairedOptions> = {}, thresholds = none) =>
    judgePaired(...documents, thresholds, { maxPairs: 30, final: false, secondsPerPair: 10, ...options });

  it('tells a slow-down of 10% from none', () => {
    const slow = judge(sides(30, { factor: 1.1 }));
    assert.equal(slow.decision, 'regressed');
    assert.equal(slow.verdict.verdict, 'regressed');
    assert.equal(slow.verdict.mode, 'paired');
    assert.ok(slow.pairs < 30);
    assert.equal(slow.verdict.series.filter((one) => one.verdict === 'regressed').length > 0, true);
    const same = judge(sides(30, {}));
    assert.equal(same.decision, 'ok');
    assert.equal(same.verdict.verdict, 'ok');
    assert.ok(Math.abs(row(same.verdict, 'ttft_ms.p50').change_percent ?? 99) < 3);
  });

  it('is invalid where the rounds of either side are', () => {
    for (const side of [0, 1] as const) {
      const documents = sides(30, { factor: 1.1 });
      documents[side].validity = { valid: false, checks: [] };
      assert.equal(judge(documents).verdict.verdict, 'invalid');
    }
  });

  it('goes on while it cannot tell, and says at the end what more would take', () => {
    const noisy = sides(12, { factor: 1.02 }, 0.12);
    const going = judge(noisy);
    assert.equal(going.decision, 'continue');
    const ended = judge(noisy, { final: true });
    assert.equal(ended.decision, 'inconclusive');
    assert.equal(ended.verdict.verdict, 'inconclusive');
    assert.match(ended.verdict.notes.join('\n'), /inconclusive after 12 pairs/);
    const first = judge(sides(3, { factor: 2 }), { final: true });
    assert.equal(first.decision, 'inconclusive');
    assert.match(row(first.verdict, 'ttft_ms.p50').rule ?? '', /too few pairs/);
  });

  it('--limit holds for gating metrics whatever thresholds say', () => {
    const thresholds: Thresholds = { series: { '*': { 'ttft_ms.p50': { max_regression_percent: 50 } } } };
    assert.equal(row(judge(sides(30, { factor: 1.2 }), {}, thresholds).verdict, 'ttft_ms.p50').limit_percent, 50);
    assert.equal(row(judge(sides(30, { factor: 1.2 }), { limitPercent: 8, override: true }, thresholds).verdict, 'ttft_ms.p50').limit_percent, 8);
  });

  it('a limit on the change of an error rate is a percentage of that rate, as in a screen', () => {
    const thresholds: Thresholds = { series: { '*': { error_rate: { max_regression_percent: 50 } } } };
    const rise = row(judge(sides(10, { errors: 20 }), { final: true }, thresholds).verdict, 'error_rate');
    assert.deepEqual([rise.limit_percent, (rise.rule ?? '').slice(0, 17)], [null, 'max_rise_points 1'], 'of none there is no percentage');
    const [base, head] = sides(10, { errors: 20 });
    const before = measured({ seed: 21, runs: 11, errors: 5 });
    const runs = base.runs.map((run) => ({ ...run, values: { chat: { ...run.values['chat'], error_rate: 5 } } }));
    const grown = row(judge([{ ...base, series: before.series, runs }, head], { final: true }, thresholds).verdict, 'error_rate');
    assert.deepEqual([grown.verdict, grown.limit_percent], ['regressed', 50], grown.rule ?? '');
  });

  it('rounds without a metric, or with a zero, are no crash', () => {
    const [base, head] = sides(10, { factor: 1.1 });
    const [one, other] = head.runs;
    if (one?.values['chat']) one.values['chat']['ttft_ms.p50'] = null;
    if (other?.values['chat']) other.values['chat']['ttft_ms.p95'] = 0;
    const { verdict } = judge([base, head], { final: true });
    assert.equal(row(verdict, 'ttft_ms.p95').verdict, 'inconclusive');
    assert.match(row(verdict, 'ttft_ms.p95').rule ?? '', /zero/);
    assert.ok(row(verdict, 'ttft_ms.p50').change_percent !== null);
  });

  it('a tail that rounds are too short to tell of is not called ok: left out with a remark, or missing where a limit names it', () => {
    const documents = sides(10, {});
    for (const { runs } of documents) for (const { values } of runs) Object.assign(values['chat'] ?? {}, { 'ttft_ms.p99': null });
    const { verdict } = judge(documents, { final: true });
    assert.equal(
      verdict.series.find(({ metric }) => metric === 'ttft_ms.p99'),
      undefined,
    );
    assert.match(verdict.notes.join('\n'), /ttft_ms\.p99 of chat was not compared: no round measured it/);
    const named: Thresholds = { series: { '*': { 'ttft_ms.p99': { max_regression_percent: 40 } } } };
    const found = row(judge(documents, { final: true }, named).verdict, 'ttft_ms.p99');
    assert.ok(found.verdict === 'missing' || found.verdict === 'inconclusive', JSON.stringify(found));
    assert.match(found.rule ?? '', /no round measured it/);
  });

  it('a count that is the same in every round has not changed, though its limit is finer than the interval of few rounds', () => {
    const [base, head] = sides(10, { factor: 1 });
    const count = (side: ResultDocument, value: (order: number) => number) => {
      for (const [index, { values }] of side.runs.entries()) Object.assign(values['chat'] ?? {}, { 'allocs/op': value(index), 'B/op': value(index) });
      Object.assign(side.series[0]?.metrics ?? {}, {
        'allocs/op': { unit: '', better: 'lower', value: 12 },
        'B/op': { unit: 'B', better: 'lower', value: 12 },
      });
    };
    const thresholds: Thresholds = { series: { '*': { '*': { max_regression_percent: 10 } } } };
    for (const side of [base, head]) count(side, () => 12);
    const same = judge([base, head], { final: true }, thresholds).verdict;
    for (const metric of ['allocs/op', 'B/op']) {
      const found = row(same, metric);
      assert.equal(found.verdict, 'ok', JSON.stringify(found));
      assert.deepEqual([found.baseline, found.current, found.change_percent], [12, 12, 0]);
    }
    // One round that differs is left to the statistics.
    count(head, (index) => (index === 4 ? 13 : 12));
    assert.notEqual(row(judge([base, head], { final: true }, thresholds).verdict, 'allocs/op').rule, 'the same in every round');
  });
});
