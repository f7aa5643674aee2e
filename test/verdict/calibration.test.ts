import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { limitsFor } from '../../src/config/thresholds/limits-for.ts';
import { loadThresholds } from '../../src/config/thresholds/load-thresholds.ts';
import { renderCalibration, renderCalibrationMarkdown, suggestedThresholds } from '../../src/report/calibration.ts';
import type { ResultDocument } from '../../src/result/document.ts';
import { type Calibration, calibrate, pairedDetectable, pairsWithin, screenDetectable } from '../../src/verdict/calibration.ts';
import { estimatePairs } from '../../src/verdict/paired.ts';
import { decideScreen, screen } from '../../src/verdict/screen.ts';
import { judgePairs } from '../../src/verdict/sequential.ts';
import { normal, seeded } from '../random.ts';
import { documentOf } from '../result/sample.ts';

/** Rounds of a side: throughput of this noise, and a latency that never varies. The first round is twice as slow. */
function side(rounds: number, noise: number, seed: number, offset: number): ResultDocument {
  const random = seeded(seed);
  const runs = Array.from({ length: rounds }, (_, round) => ({
    round,
    order: 2 * round + offset,
    started: '',
    duration_seconds: 1,
    values: { chat: { tokens_per_sec: (round === 0 ? 500 : 1000) * Math.exp(noise * normal(random)), 'latency_s.p95': 0.5, error_rate: 0 } },
  }));
  const latency = {
    unit: 's',
    better: 'lower',
    count: 10,
    sum: 5,
    mean: 0.5,
    min: 0.5,
    p50: 0.5,
    p90: 0.5,
    p95: 0.5,
    p99: null,
    p999: null,
    max: 0.5,
  };
  const metrics = {
    tokens_per_sec: { unit: 'tokens/s', better: 'higher', value: 1000 },
    latency_s: { ...latency, stddev: 0 },
    error_rate: { unit: '%', better: 'lower', value: 0 },
  };
  return documentOf({ series: [{ id: 'chat', labels: { scenario: 'chat' }, metrics }], runs });
}

const options = (seed: number, trials = 300) => ({ secondsPerPair: 7, trials, random: seeded(seed) });
const thresholds = { paired: { series: {} }, screen: { series: {} } };
function calibrated(rounds: number, noise: number, seed = 1, trials = 300): Calibration {
  const found = calibrate(side(rounds, noise, seed, 0), side(rounds, noise, seed + 1, 1), thresholds, options(seed, trials));
  assert.ok(typeof found !== 'string', String(found));
  return found;
}
const throughput = ({ metrics }: Calibration) => metrics.find(({ metric }) => metric === 'tokens_per_sec') as Calibration['metrics'][number];

describe('calibrate', () => {
  it('finds the noise that is there, of runs and of their ratios, the first round of each side left out', () => {
    const found = calibrated(201, 0.05);
    assert.equal(found.pairs, 200);
    const { run_noise_percent, pair_noise_percent, value } = throughput(found);
    assert.ok(Math.abs(run_noise_percent - 5.1) < 0.6, String(run_noise_percent));
    assert.ok(Math.abs(pair_noise_percent - 100 * Math.expm1(0.05 * Math.SQRT2)) < 0.9, String(pair_noise_percent));
    assert.ok(Math.abs(value - 1000) < 20);
  });

  it('more time and larger pools find less, more noise needs more', () => {
    const quiet = throughput(calibrated(31, 0.03));
    const loud = throughput(calibrated(31, 0.12));
    for (const { paired_detectable_percent: paired, screen_detectable_percent: pools } of [quiet, loud]) {
      assert.ok((paired['2'] ?? 0) > (paired['5'] ?? 0) && (paired['5'] ?? 0) > (paired['10'] ?? 0));
      assert.ok((pools['4'] ?? 0) > (pools['10'] ?? 0) && (pools['10'] ?? 0) > (pools['20'] ?? 0));
    }
    assert.ok((loud.paired_detectable_percent['5'] ?? 0) > 2 * (quiet.paired_detectable_percent['5'] ?? 1));
    assert.ok((loud.suggested_limit_percent ?? 100) > (quiet.suggested_limit_percent ?? 100));
  });

  it('false alarms of the present limits stay rare, and are the same for the same seed', () => {
    const { false_alarms: alarms } = calibrated(31, 0.04, 3, 600);
    for (const { percent, standard_error } of [alarms.paired.regressed, alarms.screen.regressed].flatMap((share) => share ?? [])) {
      assert.ok(percent <= 1 + 3 * standard_error, String(percent));
      assert.ok(standard_error > 0);
    }
    assert.deepEqual(calibrated(31, 0.04, 3, 600).false_alarms, alarms);
  });

  it('refuses too few pairs and rounds that hold no look, in words', () => {
    assert.match(String(calibrate(side(4, 0.1, 1, 0), side(4, 0.1, 2, 1), thresholds, options(1))), /^3 pairs of rounds: at least 4/);
    const quick = calibrate(side(9, 0.1, 1, 0), side(9, 0.1, 2, 1), thresholds, { ...options(1, 1000), secondsPerPair: 0.02 });
    assert.ok(typeof quick !== 'string');
    assert.deepEqual([quick.false_alarms.paired.pairs, quick.false_alarms.trials], [1000, 200]);
    assert.match(quick.notes.join(), /5 minutes hold 14998 pairs of rounds as short as these; false alarms are simulated for 1000/);
    const slow = calibrate(side(9, 0.1, 1, 0), side(9, 0.1, 2, 1), thresholds, { ...options(1), secondsPerPair: 120 });
    assert.ok(typeof slow !== 'string');
    assert.equal(slow.false_alarms.paired.regressed, null);
    assert.deepEqual(throughput(slow).paired_detectable_percent['5'], null);
    assert.match(renderCalibration(slow, { color: false }), /too few for a first look/);
  });
});

describe('what is called detectable', () => {
  const trials = 600;
  const least = 0.9 - 3 * Math.sqrt(0.09 / trials);

  it('paired: is told from none at least nine times in ten', () => {
    const [noise, pairs] = [0.08, 24];
    const random = seeded(5);
    const drawn = (change: number) => Array.from({ length: pairs }, () => change + noise * normal(random));
    // As a calibration measures it: with what the robust estimate costs.
    const measured = Array.from({ length: 200 }, () => estimatePairs(drawn(0))?.noise ?? 0).reduce((sum, one) => sum + one / 200, 0);
    const change = pairedDetectable(measured, pairs, 1) as number;
    let found = 0;
    for (let trial = 0; trial < trials; trial++) {
      if (
        judgePairs([{ logRatios: drawn(change), limit: 1e-6 }], [], { maxPairs: pairs, alpha: 0.01, beta: 0.1, final: true }).decision === 'regressed'
      )
        found += 1;
    }
    assert.ok(found / trials >= least, `${found} of ${trials}`);
  });

  it('screen: as often as it says, where the noise is the prior', () => {
    const [noise, pool] = [0.05, 20];
    const change = screenDetectable(noise, pool, 4) as number;
    const random = seeded(6);
    let found = 0;
    for (let trial = 0; trial < trials; trial++) {
      const draw = (center: number) => Math.exp(center + noise * normal(random));
      const judged = screen({ pool: Array.from({ length: pool }, () => draw(0)), head: [draw(change)], direction: 1 });
      assert.ok('estimate' in judged);
      const others = [1, 2, 3].map(() => ({ estimate: { ...judged.estimate, change: 0 }, limit: 1 }));
      if (decideScreen([{ estimate: judged.estimate, limit: 1e-6 }, ...others], 0.01, 0.1)[0]?.decision === 'regressed') found += 1;
    }
    assert.ok(found / trials >= least - 0.03, `${found} of ${trials}`);
  });

  it('a budget holds whole blocks, less the dropped rounds', () => {
    assert.deepEqual([pairsWithin(5, 7), pairsWithin(2, 60), pairsWithin(10, 1e6)], [40, 0, 0]);
  });
});

describe('the thresholds to paste', () => {
  it('are a block that llm-bench.yaml takes, whatever the series is called', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'llm-bench-calibration-'));
    try {
      const found = calibrated(31, 0.06);
      const [first, ...others] = found.metrics as [Calibration['metrics'][number], ...Calibration['metrics']];
      const odd = { ...first, series: 'chat/prompt_tokens=500: "#x"', suggested_limit_percent: null };
      const block = suggestedThresholds({ ...found, metrics: [first, ...others, odd] });
      await writeFile(join(folder, 'llm-bench.yaml'), block);
      const builtinRoot = fileURLToPath(new URL('../..', import.meta.url));
      const loaded = await loadThresholds({ cwd: folder, builtinRoot, configFile: null, path: null, origin: 'test', scenarios: [] });
      assert.equal(limitsFor(loaded.thresholds, 'chat', first.metric)?.max_regression_percent, first.suggested_limit_percent);
      assert.ok((first.suggested_limit_percent ?? 0) >= 5);
      assert.equal(limitsFor(loaded.thresholds, odd.series, odd.metric)?.gate, false);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('stand in the text and in the markdown', () => {
    const found = calibrated(31, 0.06);
    for (const text of [renderCalibration(found, { color: false }), renderCalibrationMarkdown(found)]) {
      assert.ok(text.includes(suggestedThresholds(found).trimEnd()));
      assert.match(text, /Output tokens\/s/);
      assert.match(text, /paired, 5 minutes \(40 pairs\): regressed \d/);
    }
  });
});
