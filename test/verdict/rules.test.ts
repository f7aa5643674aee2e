import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { judgeValue } from '../../src/verdict/limits.ts';
import { changePercent, judgeChange } from '../../src/verdict/rules.ts';

const gate = { max_regression_percent: 20, warn_regression_percent: 10 };
const value = fc.double({ min: 1e-6, max: 1e9, noNaN: true });
const direction = fc.constantFrom('lower' as const, 'higher' as const);

describe('judgeChange', () => {
  it('fails and warns beyond the limit in the bad direction of the metric', () => {
    const lower = (current: number) => judgeChange(100, current, 'lower', gate);
    assert.deepEqual(lower(121), { verdict: 'regressed', rule: 'max_regression_percent 20' });
    assert.deepEqual(lower(111), { verdict: 'warn', rule: 'warn_regression_percent 10' });
    assert.deepEqual(lower(109), { verdict: 'ok', rule: 'max_regression_percent 20' });
    assert.deepEqual(lower(95), { verdict: 'ok', rule: 'max_regression_percent 20' });
    assert.deepEqual(lower(80), { verdict: 'improved', rule: 'max_regression_percent 20 (better)' });
    const higher = (current: number) => judgeChange(100, current, 'higher', gate)?.verdict;
    assert.deepEqual(
      [higher(79), higher(89), higher(91), higher(110), higher(126), higher(0)],
      ['regressed', 'warn', 'ok', 'ok', 'improved', 'regressed'],
    );
  });

  it('counts exactly on the limit as within it, whatever the rounding of doubles', () => {
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: 400 }), (baseline, limit) => {
        const limits = { max_regression_percent: limit };
        assert.notEqual(judgeChange(baseline, baseline * (1 + limit / 100), 'lower', limits)?.verdict, 'regressed');
        assert.equal(judgeChange(baseline, baseline * (1 + (limit + 0.001) / 100), 'lower', limits)?.verdict, 'regressed');
      }),
    );
    assert.equal(judgeChange(0.1, 0.12, 'lower', gate)?.verdict, 'warn');
    assert.equal(judgeChange(100, 85, 'higher', { max_regression_percent: 15 })?.verdict, 'ok');
  });

  it('does not depend on the unit', () => {
    fc.assert(
      fc.property(value, value, direction, fc.constantFrom(0.001, 1000, 3, 1e-6), (baseline, current, better, scale) => {
        const change = Math.abs(changePercent(baseline, current)!);
        // Within a rounding of a limit either answer is right.
        for (const limit of [10, 20]) fc.pre(Math.abs(change - limit) > 1e-6 && Math.abs(Math.abs(changePercent(current, baseline)!) - limit) > 1e-6);
        assert.deepEqual(judgeChange(baseline * scale, current * scale, better, gate), judgeChange(baseline, current, better, gate));
      }),
    );
  });

  it('mirrors when the sides are exchanged: what regressed one way improved the other', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1000, noNaN: true }), fc.double({ min: 1, max: 1000, noNaN: true }), direction, (a, b, better) => {
        const limits = { max_regression_percent: 20 };
        const there = judgeChange(a, b, better, limits)?.verdict;
        const back = judgeChange(b, a, better, limits)?.verdict;
        const mirror = { regressed: 'improved', improved: 'regressed', ok: 'ok' } as Record<string, string>;
        assert.equal(back, mirror[there!]);
      }),
    );
  });

  it('never calls one change a regression in both directions', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const worse = judgeChange(a, b, 'lower', { max_regression_percent: 0 })?.verdict === 'regressed';
        const alsoBetter = judgeChange(a, b, 'higher', { max_regression_percent: 0 })?.verdict === 'regressed';
        assert.ok(!(worse && alsoBetter));
      }),
    );
  });

  it('warns of a change either way and says which', () => {
    const limits = { warn_change_percent: 15 };
    assert.deepEqual(judgeChange(100, 116, 'lower', limits), { verdict: 'warn', rule: 'warn_change_percent 15 (worse)' });
    assert.deepEqual(judgeChange(100, 84, 'lower', limits), { verdict: 'warn', rule: 'warn_change_percent 15 (better)' });
    assert.deepEqual(judgeChange(100, 116, 'higher', limits), { verdict: 'warn', rule: 'warn_change_percent 15 (better)' });
    assert.deepEqual(judgeChange(100, 84, 'neither', limits), { verdict: 'warn', rule: 'warn_change_percent 15 (down)' });
    assert.deepEqual(judgeChange(100, 115, 'lower', limits), { verdict: 'ok', rule: 'warn_change_percent 15' });
    assert.deepEqual(judgeChange(100, 85, 'lower', limits), { verdict: 'ok', rule: 'warn_change_percent 15' });
  });

  it('never calls a change of what has no better direction a regression', () => {
    fc.assert(
      fc.property(value, value, (baseline, current) => {
        assert.equal(judgeChange(baseline, current, 'neither', { max_regression_percent: 0 })?.verdict, 'ok');
      }),
    );
  });

  it('has a clear word for a baseline of zero or below, and warns of a change to the worse there', () => {
    assert.deepEqual(judgeChange(0, 5, 'lower', gate), {
      verdict: 'warn',
      rule: 'max_regression_percent 20 (worse): no percentage of a baseline of 0',
    });
    assert.deepEqual(judgeChange(0, 5, 'higher', gate), {
      verdict: 'ok',
      rule: 'max_regression_percent 20 (better): no percentage of a baseline of 0',
    });
    assert.equal(judgeChange(0, 0, 'lower', gate)?.verdict, 'ok');
    assert.equal(judgeChange(-3, -1, 'lower', gate)?.verdict, 'warn');
    assert.match(judgeChange(-3, -1, 'lower', gate)?.rule ?? '', /below 0/);
    assert.equal(judgeChange(0, 5, 'higher', { warn_change_percent: 15 })?.verdict, 'warn');
    assert.equal(judgeChange(100, 0, 'lower', gate)?.verdict, 'improved');
    assert.equal(changePercent(0, 5), null);
  });

  it('never crashes and never lets the worse pass as improved', () => {
    const any = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(any, any, direction, (baseline, current, better) => {
        const finding = judgeChange(baseline, current, better, gate);
        const worse = better === 'lower' ? current > baseline : current < baseline;
        if (worse) assert.notEqual(finding?.verdict, 'improved');
        else assert.notEqual(finding?.verdict, 'regressed');
      }),
    );
  });

  it('says nothing without a limit on the change', () => {
    assert.equal(judgeChange(1, 100, 'lower', { max: 5 }), null);
  });
});

describe('judgeValue', () => {
  it('judges the value itself; the limit is within', () => {
    const limits = { max: 10, min: 2, warn_max: 8, warn_min: 4 };
    const verdicts = [1, 2, 3, 4, 8, 9, 10, 11].map((one) => judgeValue(one, limits)?.rule);
    assert.deepEqual(verdicts, ['min 2', 'warn_min 4', 'warn_min 4', 'max 10', 'max 10', 'warn_max 8', 'warn_max 8', 'max 10']);
    assert.deepEqual(
      [1, 3, 5, 11].map((one) => judgeValue(one, limits)?.verdict),
      ['regressed', 'warn', 'ok', 'regressed'],
    );
    assert.equal(judgeValue(5, {}), null);
  });

  it('tells values of tiny units apart and zero limits too', () => {
    assert.equal(judgeValue(1.1e-12, { max: 1e-12 })?.verdict, 'regressed');
    assert.equal(judgeValue(1e-15, { max: 0 })?.verdict, 'regressed');
    assert.equal(judgeValue(0.1 + 0.2, { max: 0.3 })?.verdict, 'ok');
    assert.equal(judgeValue(0.7 - 0.4, { min: 0.3 })?.verdict, 'ok');
  });
});
