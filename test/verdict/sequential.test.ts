import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { estimatePairs } from '../../src/verdict/paired.ts';
import { judgePairs, type PairedPlan, plannedLooks } from '../../src/verdict/sequential.ts';
import { normal, seeded } from '../random.ts';

const plan: PairedPlan = { maxPairs: 30, alpha: 0.01, beta: 0.1, final: false };
const limit = Math.log(1.05);
const noise = (count: number, sd: number, change: number, seed: number) => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => change + sd * normal(random));
};

describe('estimatePairs', () => {
  it('is not moved far by an outlier, and mirrors', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: -5, max: 5, noNaN: true }), (seed, outlier) => {
        const values = noise(20, 0.02, 0.1, seed);
        const found = estimatePairs([...values.slice(1), outlier]);
        const mirrored = estimatePairs([...values.slice(1), outlier].map((value) => -value));
        assert.ok(found && mirrored);
        assert.ok(Math.abs(found.change - 0.1) < 0.03);
        assert.ok(Math.abs(found.change + mirrored.change) < 1e-9);
      }),
    );
  });

  it('takes the spread of blocks where pairs of a block hang together', () => {
    const blocks = noise(10, 0.1, 0, 3);
    const together = blocks.flatMap((value) => [value, value]);
    const apart = [...blocks, ...noise(10, 0.1, 0, 4)];
    assert.ok((estimatePairs(together)?.standardError ?? 0) > 1.15 * (estimatePairs(apart)?.standardError ?? 1) * 0.9);
    assert.ok((estimatePairs(together)?.standardError ?? 0) > 0.1 / Math.sqrt(15));
  });

  it('needs two pairs and passes over rounds that did not measure', () => {
    assert.equal(estimatePairs([0.1]), null);
    assert.equal(estimatePairs([null, 0.1, null]), null);
    assert.equal(estimatePairs([0.1, null, 0.2, null])?.pairs, 2);
  });
});

describe('judgePairs', () => {
  const one = (logRatios: (number | null)[], options: Partial<PairedPlan> = {}) => judgePairs([{ logRatios, limit }], [], { ...plan, ...options });

  it('says regressed, ok, continue or inconclusive', () => {
    assert.equal(one(noise(30, 0.02, 0.15, 1)).decision, 'regressed');
    assert.equal(one(noise(30, 0.02, 0, 1)).decision, 'ok');
    assert.equal(one(noise(8, 0.3, 0.05, 1)).decision, 'continue');
    assert.equal(one(noise(30, 0.3, 0.05, 1)).decision, 'inconclusive');
    assert.equal(one(noise(30, 0.02, -0.15, 1)).gating[0]?.decision, 'improved');
  });

  it('decides nothing before six pairs, whatever they say', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { maxLength: 5 }), fc.boolean(), (logRatios, final) => {
        const { decision, gating } = one(logRatios, { final });
        assert.equal(decision, final ? 'inconclusive' : 'continue');
        assert.equal(gating[0]?.decision, 'inconclusive');
      }),
    );
    assert.deepEqual(plannedLooks(11), [6, 8, 10]);
  });

  it('looks after every block of up to a hundred pairs, of more after each few percent, and at the end', () => {
    assert.equal(plannedLooks(100).length, 48);
    fc.assert(
      fc.property(fc.integer({ min: 101, max: 100_000 }), (most) => {
        const looks = plannedLooks(most);
        assert.equal(looks.at(-1), 2 * Math.floor(most / 2));
        assert.ok(looks.length < 300);
        for (const [index, look] of looks.entries()) {
          const before = looks[index - 1];
          assert.ok(look % 2 === 0 && (before === undefined || (look > before && look - before <= Math.max(2, 0.082 * before))), `${before} ${look}`);
        }
      }),
    );
  });

  it('asking after every pair ends where asking once at the end does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 0.12, noNaN: true }), (seed, change) => {
        const all = noise(30, 0.08, change, seed);
        const atOnce = one(all);
        for (let count = 1; count <= 30; count++) {
          const found = one(all.slice(0, count));
          if (found.decision === 'continue') continue;
          assert.equal(found.decision, atOnce.decision);
          assert.equal(found.pairs, atOnce.pairs);
          return;
        }
        assert.fail('it never ended');
      }),
      { numRuns: 40 },
    );
  });

  it('a larger change ends earlier', () => {
    const pairs = (change: number) => {
      let sum = 0;
      for (let seed = 1; seed <= 60; seed++) sum += one(noise(30, 0.08, change, seed)).pairs;
      return sum / 60;
    };
    assert.ok(pairs(Math.log(1.2)) < 0.7 * pairs(Math.log(1.1)));
  });

  it('refutes no change in at most 1% of unchanged comparisons, however often it looks, one metric or five', () => {
    const trials = 1_500;
    for (const metrics of [1, 5]) {
      const random = seeded(metrics);
      let alarms = 0;
      for (let trial = 0; trial < trials; trial++) {
        // A limit that anything lies beyond: what is left is the test of no change.
        const drawn = Array.from({ length: metrics }, () => ({ logRatios: Array.from({ length: 30 }, () => 0.1 * normal(random)), limit: -9 }));
        if (judgePairs(drawn, [], plan).decision === 'regressed') alarms += 1;
      }
      // Three Monte Carlo standard errors above the level.
      assert.ok(alarms / trials <= 0.01 + 3 * Math.sqrt((0.01 * 0.99) / trials), `${alarms} of ${trials} with ${metrics} metrics`);
    }
  });

  it('one regressed metric ends it; an undecided one keeps it going', () => {
    const regressed = { logRatios: noise(30, 0.01, 0.2, 1), limit };
    const open = { logRatios: noise(30, 0.4, 0.05, 2), limit };
    const fine = { logRatios: noise(30, 0.01, 0, 3), limit };
    assert.equal(judgePairs([open, regressed], [], plan).decision, 'regressed');
    assert.equal(judgePairs([open, fine], [], plan).decision, 'inconclusive');
    assert.equal(judgePairs([fine], [open], plan).decision, 'ok');
    assert.equal(judgePairs([fine], [open], plan).aside[0]?.decision, 'inconclusive');
  });

  it('says how many pairs would settle it, more the nearer the change lies to the limit', () => {
    const settle = (change: number, sd = 0.25) => one(noise(30, sd, change, 8)).gating[0]?.pairsToSettle ?? null;
    assert.ok((settle(0.0) ?? 0) > 30);
    assert.equal(settle(0.15, 0.01), null);
  });

  it('spends what is left when the budget ends early', () => {
    const early = noise(10, 0.05, 0.1, 2);
    const going = one(early).gating[0]?.level ?? 0;
    const ended = one(early, { final: true }).gating[0]?.level ?? 0;
    assert.ok(ended > 2 * going, `${ended} against ${going}`);
  });
});
