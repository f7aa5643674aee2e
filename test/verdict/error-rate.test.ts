import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ErrorCounts, judgeErrorRate } from '../../src/verdict/error-rate.ts';
import { seeded } from '../random.ts';

const options = { points: 1, alpha: 0.01, beta: 0.1 };
const runs = (count: number, errors: number, requests = 1000): ErrorCounts[] => Array.from({ length: count }, () => ({ errors, requests }));

describe('judgeErrorRate', () => {
  it('zero on both sides is ok, and so is a head without a failure', () => {
    assert.equal(judgeErrorRate(runs(20, 0), runs(1, 0), options)?.decision, 'ok');
    assert.equal(judgeErrorRate(runs(1, 0, 10), runs(1, 0, 10), options)?.decision, 'ok');
    assert.equal(judgeErrorRate(runs(20, 2), runs(1, 0, 50), options)?.decision, 'ok');
  });

  it('tells a rise from a failure or two', () => {
    assert.equal(judgeErrorRate(runs(20, 1), runs(1, 100), options)?.decision, 'regressed');
    assert.equal(judgeErrorRate(runs(20, 1), runs(1, 3), options)?.decision, 'ok');
    assert.equal(judgeErrorRate(runs(20, 0, 50), runs(1, 1, 50), options)?.decision, 'inconclusive');
    assert.equal(judgeErrorRate(runs(1, 50), runs(1, 0), options)?.decision, 'improved' satisfies string);
  });

  it('runs that differ among themselves make a rise harder to tell', () => {
    const restless = Array.from({ length: 20 }, (_, i) => ({ errors: i % 2 === 0 ? 0 : 120, requests: 1000 }));
    assert.equal(judgeErrorRate(restless, runs(1, 130), options)?.decision, 'inconclusive');
    assert.equal(judgeErrorRate(runs(20, 60), runs(1, 130), options)?.decision, 'regressed');
  });

  it('says nothing of no requests', () => assert.equal(judgeErrorRate([], runs(1, 1), options), null));

  it('no rise is refuted in at most 1% where there is none', () => {
    const random = seeded(3);
    const draw = (rate: number): ErrorCounts => ({ errors: Array.from({ length: 400 }, random).filter((u) => u < rate).length, requests: 400 });
    let alarms = 0;
    for (let i = 0; i < 400; i++) {
      if (
        judgeErrorRate(
          Array.from({ length: 5 }, () => draw(0.03)),
          [draw(0.03)],
          { ...options, points: 0 },
        )?.decision === 'regressed'
      )
        alarms += 1;
    }
    assert.ok(alarms <= 14, `${alarms} of 400`);
  });

  it('more failures never look better', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 199 }), (before, now) => {
        const p = (errors: number) => judgeErrorRate(runs(6, before), runs(1, errors), options)?.p ?? 1;
        assert.ok(p(now + 1) <= p(now) + 1e-12 || (before === 0 && now === 0));
      }),
    );
  });
});
