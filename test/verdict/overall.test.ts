import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { exitCodeFor, overall, wholeOf, worse } from '../../src/verdict/overall.ts';
import type { OverallVerdict, SeriesVerdict } from '../../src/verdict/verdict.ts';
import { sampleResult } from '../report/sample.ts';

const all: readonly SeriesVerdict[] = ['regressed', 'inconclusive', 'warn', 'missing', 'improved', 'ok', 'new'];

describe('overall', () => {
  it('is the worst of the rows', () => {
    assert.equal(overall(['ok', 'warn', 'regressed', 'inconclusive'], true), 'regressed');
    assert.equal(overall(['ok', 'warn', 'inconclusive'], true), 'inconclusive');
    assert.equal(overall(['ok', 'missing', 'warn'], true), 'warn');
    assert.equal(overall(['ok', 'missing'], true), 'missing');
    assert.equal(overall(['ok', 'improved', 'new'], true), 'improved');
    assert.equal(overall(['new', 'ok'], true), 'ok');
    assert.equal(overall(['new', 'new'], true), 'new');
  });

  it('is invalid whatever the rows of an invalid measurement say, and never silently ok without rows', () => {
    assert.equal(overall(['regressed'], false), 'invalid');
    assert.equal(overall([], true), 'missing');
  });

  it('of what is not valid has its reasons, those of a baseline measured beside it too', () => {
    const checks = [
      { name: 'late_sends', ok: false, severity: 'fatal' as const, detail: 'too late' },
      { name: 'retries', ok: false, severity: 'advice' as const, detail: 'some' },
      { name: 'client_cpu', ok: true, severity: 'fatal' as const, detail: '' },
    ];
    const [good, bad] = [sampleResult(), sampleResult({ validity: { valid: false, checks } })];
    assert.deepEqual(wholeOf([{ verdict: 'regressed' }], good, null), { verdict: 'regressed' });
    assert.deepEqual(wholeOf([{ verdict: 'ok' }], good, good), { verdict: 'ok' });
    const because = (side: string) => [{ side, check: 'late_sends', detail: 'too late' }];
    assert.deepEqual(wholeOf([{ verdict: 'ok' }], bad, good), { verdict: 'invalid', invalid_because: because('current') });
    assert.deepEqual(wholeOf([{ verdict: 'ok' }], good, bad), { verdict: 'invalid', invalid_because: because('baseline') });
  });

  it('gets no better by one more row', () => {
    const cost: Record<string, number> = { invalid: 5, regressed: 4, inconclusive: 3, warn: 2, missing: 2, ok: 0, improved: 0, new: 0 };
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...all), { minLength: 1 }), fc.constantFrom(...all), (rows, one) => {
        assert.ok(cost[overall([...rows, one], true)]! >= cost[overall(rows, true)]!);
        assert.equal(worse(rows[0]!, one), cost[one]! > cost[rows[0]!]! ? one : rows[0]!);
      }),
    );
  });
});

describe('exitCodeFor', () => {
  it('is the contract of the command line', () => {
    const codes = (failOn: 'regressed' | 'inconclusive' | 'never') =>
      (['ok', 'improved', 'new', 'warn', 'missing', 'inconclusive', 'regressed', 'invalid'] as OverallVerdict[]).map((verdict) =>
        exitCodeFor({ verdict }, failOn),
      );
    assert.deepEqual(codes('regressed'), [0, 0, 0, 0, 0, 0, 1, 3]);
    assert.deepEqual(codes('inconclusive'), [0, 0, 0, 0, 0, 5, 1, 3]);
    assert.deepEqual(codes('never'), [0, 0, 0, 0, 0, 0, 0, 3]);
  });
});
