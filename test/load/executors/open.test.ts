import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arrivals, faultsOf, openOf, phasesOf } from './schedule.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

test('a constant rate sends at even distances, the first at once', () => {
  const [phase] = phasesOf('constant_rate', { rate: 3, requests: 5, max_in_flight: 7 });
  assert.deepEqual(arrivals(phase, 5), [0, 1000 / 3, 2000 / 3, 1000, 4000 / 3]);
  assert.equal(openOf(phase).maxInFlight, 7);
  assert.deepEqual([phase?.requests, phase?.durationMs, phase?.label], [5, null, {}]);
});

test('the millionth arrival of a constant rate has gathered no rounding', () => {
  const [phase] = phasesOf('constant_rate', { rate: 30, duration: '10m' });
  const found = arrivals(phase, 1_000_001);
  assert.equal(found.at(-1), (1000 * 1_000_000) / 30);
});

const golden = {
  poisson: [{ rate: 10, requests: 5 }, [60.96562929689906, 140.87574945260386, 202.89867313655301, 258.7637270256149, 322.970419226435]],
  bursts: [{ rate: 10, requests: 5, shape: 0.5 }, [5.90374220860631, 43.85279906175081, 214.75717690676328, 266.70701113353573, 328.56184750529155]],
  even: [{ rate: 10, requests: 5, shape: 4 }, [28.348676910448127, 43.75922854615731, 204.10526214680743, 232.78691484052288, 281.2675918097059]],
} as const;

test('the same seed gives the same schedule, to the last bit', () => {
  for (const [name, [options, expected]] of Object.entries(golden)) {
    const executor = name === 'poisson' ? 'poisson' : 'gamma';
    assert.deepEqual(arrivals(phasesOf(executor, options, 42)[0], 5), expected, name);
  }
  for (const [executor, options] of [
    ['poisson', { rate: 200, requests: 1000 }],
    ['gamma', { rate: 200, requests: 1000, shape: 0.3 }],
  ] as const) {
    const one = arrivals(phasesOf(executor, options, 7)[0], 1000);
    assert.deepEqual(arrivals(phasesOf(executor, options, 7)[0], 1000), one);
    assert.notDeepEqual(arrivals(phasesOf(executor, options, 8)[0], 1000), one);
  }
});

test('gamma of shape 1 is Poisson', () => {
  const options = { rate: 50, requests: 100 };
  assert.deepEqual(arrivals(phasesOf('gamma', options, 3)[0], 100), arrivals(phasesOf('poisson', options, 3)[0], 100));
});

test('random schedules ascend, and have their mean rate and their burstiness', () => {
  const count = 20_000;
  fc.assert(
    fc.property(seeds, fc.double({ min: 0.1, max: 5000, noNaN: true }), fc.constantFrom(0.25, 0.5, 1, 2, 8), (seed, rate, shape) => {
      const found = arrivals(phasesOf('gamma', { rate, shape, requests: count }, seed)[0], count);
      const gaps = found.map((at, index) => at - (found[index - 1] ?? 0));
      assert.ok(gaps.every((gap) => gap >= 0));
      const mean = gaps.reduce((sum, gap) => sum + gap, 0) / count;
      const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / (count - 1);
      // Six standard errors of the mean; a fault in the sampler is far larger.
      assert.ok(Math.abs((mean * rate) / 1000 - 1) < 6 / Math.sqrt(shape * count), `mean ${(mean * rate) / 1000}`);
      // The squared coefficient of variation is 1 / shape; its standard error follows from the kurtosis of the gamma, 3 + 6 / shape.
      const error = Math.sqrt((2 + 6 / shape + 4 / shape) / count);
      assert.ok(Math.abs((variance / mean ** 2) * shape - 1) < 7 * error, `variation ${(variance / mean ** 2) * shape}, shape ${shape}`);
    }),
    // A fixed seed: of statistics checked anew each time one would fail some day.
    { numRuns: 40, seed: 1 },
  );
});

test('gaps of Poisson arrivals are exponential (Kolmogorov-Smirnov)', () => {
  const count = 10_000;
  const found = arrivals(phasesOf('poisson', { rate: 1000, requests: count }, 99)[0], count);
  const gaps = found.map((at, index) => at - (found[index - 1] ?? 0)).sort((a, b) => a - b);
  const farthest = Math.max(...gaps.map((gap, index) => Math.abs(1 - Math.exp(-gap) - (index + 0.5) / count)));
  assert.ok(farthest < 1.63 / Math.sqrt(count), `distance ${farthest}`);
});

/** The integral of the rate up to a time, by its stages. */
function integral(start: number, stages: readonly { rate: number; duration: number }[], untilMs: number): number {
  let [from, left, sum] = [start, untilMs / 1000, 0];
  for (const { rate, duration } of stages) {
    const part = Math.min(duration, left);
    sum += from * part + ((rate - from) / duration) * (part ** 2 / 2);
    left -= part;
    from = rate;
  }
  return sum;
}

test('a ramping rate sends the k-th request when the integral of the rate reaches k', () => {
  const [phase] = phasesOf('ramping_rate', { start_rate: 0, stages: [{ rate: 8, duration: 1 }] });
  // 4 t^2 = k
  const expected = [0, 500, Math.sqrt(0.5) * 1000, Math.sqrt(0.75) * 1000];
  const ramp = arrivals(phase, 9);
  assert.equal(ramp.length, 4);
  for (const [k, at] of ramp.entries()) assert.ok(Math.abs(at - (expected[k] as number)) < 1e-9, `${at}`);
  assert.equal(phase?.durationMs, 1000);
  const stage = fc.record({ rate: fc.double({ min: 0, max: 400, noNaN: true }), duration: fc.integer({ min: 1, max: 20 }) });
  fc.assert(
    fc.property(fc.double({ min: 0, max: 400, noNaN: true }), fc.array(stage, { minLength: 1, maxLength: 5 }), (start_rate, stages) => {
      fc.pre(start_rate > 0 || stages.some(({ rate }) => rate > 0));
      const found = arrivals(phasesOf('ramping_rate', { start_rate, stages })[0], 100_000);
      const totalMs = stages.reduce((sum, { duration }) => sum + duration * 1000, 0);
      found.forEach((at, k) => {
        assert.ok(at >= (found[k - 1] ?? 0) && at <= totalMs);
        const reached = integral(start_rate, stages, at);
        assert.ok(Math.abs(reached - k) < 1e-5 * Math.max(1, k), `arrival ${k} at ${at}, integral ${reached}`);
      });
      const all = integral(start_rate, stages, totalMs);
      assert.ok(found.length >= all - 1e-4 && found.length < all + 1 + 1e-4, `${found.length} arrivals, integral ${all}`);
    }),
    { numRuns: 100 },
  );
});

test('a stretch without load holds no arrival, and the next begins with one', () => {
  const stages = [
    { rate: 0, duration: 1 },
    { rate: 0, duration: 5 },
    { rate: 10, duration: 1 },
  ];
  const found = arrivals(phasesOf('ramping_rate', { start_rate: 10, stages })[0], 1000);
  assert.equal(found.length, 10);
  assert.equal(found.filter((at) => at < 1000).length, 5);
  assert.equal(found[5], 6000);
});

test('a spike of rates sends base and burst exactly, period for period', () => {
  const [phase] = phasesOf('spike', { unit: 'rate', base: 2, height: 50, width: '1s', period: '10s', duration: '30s' });
  const found = arrivals(phase, 10_000, 30_000);
  for (let period = 0; period < 3; period++) {
    const within = (from: number, to: number) => found.filter((at) => at >= period * 10_000 + from && at < period * 10_000 + to).length;
    assert.deepEqual([within(0, 4500), within(4500, 5500), within(5500, 10_000)], [9, 50, 9]);
  }
  assert.equal(phase?.durationMs, 30_000);
});

test('bursts out of nothing', () => {
  const found = arrivals(phasesOf('spike', { unit: 'rate', base: 0, height: 4, width: 1, period: 4, duration: 8 })[0], 1000, 8000);
  assert.deepEqual(found, [1500, 1750, 2000, 2250, 5500, 5750, 6000, 6250]);
});

test('a soak of a rate is a constant rate', () => {
  const [phase] = phasesOf('soak', { rate: 4, duration: '1h' });
  assert.deepEqual(arrivals(phase, 3), [0, 250, 500]);
  assert.deepEqual([phase?.durationMs, phase?.requests], [3_600_000, null]);
});

test('a trace is replayed at its times', () => {
  const rows = [0, 12.5, 12.5, 80].map((atMs) => ({ atMs, inputTokens: 1, outputTokens: 1, blocks: null }));
  const [phase] = phasesOf('trace', { file: 'x.jsonl' }, 0, rows);
  assert.deepEqual(arrivals(phase, 100), [0, 12.5, 12.5, 80]);
  assert.deepEqual([phase?.requests, phase?.durationMs], [4, null]);
  assert.throws(() => phasesOf('trace', { file: 'x.jsonl' }), /without its rows/);
});

test('loads that cannot be are refused', () => {
  const refused = (name: string, options: Record<string, unknown>) =>
    assert.notDeepEqual(faultsOf(name, options), [], `${name} ${JSON.stringify(options)}`);
  for (const name of ['constant_rate', 'poisson', 'gamma']) {
    assert.deepEqual(faultsOf(name, { rate: 5, requests: 10 }), []);
    for (const rate of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, 2e6]) refused(name, { rate, requests: 10 });
    refused(name, { requests: 10 });
    refused(name, { rate: 5 });
    refused(name, { rate: 5, requests: 0 });
    refused(name, { rate: 5, duration: 0 });
    refused(name, { rate: 5, requests: 1, max_in_flight: 0 });
    refused(name, { rate: 5, requests: 1, users: 3 });
  }
  refused('gamma', { rate: 5, requests: 10, shape: 0 });
  refused('gamma', { rate: 5, requests: 10, shape: -1 });
  refused('ramping_rate', { stages: [] });
  refused('ramping_rate', { stages: [{ rate: 0, duration: 1 }] });
  refused('ramping_rate', { stages: [{ rate: -1, duration: 1 }] });
  refused('ramping_rate', { stages: [{ rate: 1, duration: 0 }] });
  refused('spike', { unit: 'rate', base: 2, height: 2, width: 1, period: 4, duration: 8 });
  refused('spike', { unit: 'rate', base: 2, height: 5, width: 4, period: 4, duration: 8 });
  refused('spike', { unit: 'rate', base: 2, height: 5, width: 1, period: 4 });
  refused('spike', { unit: 'rate', base: 2, height: 5, width: 1, period: 4, duration: 8, think_time: 1 });
  refused('spike', { base: 1.5, height: 5, width: 1, period: 4, duration: 8 });
  refused('soak', { rate: 5, users: 2, duration: 60 });
  refused('soak', { duration: 60 });
  refused('trace', { file: 'x', speed: 0 });
  refused('trace', {});
});
