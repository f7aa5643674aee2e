import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextStep } from '../../src/verdict/escalate.ts';

describe('nextStep', () => {
  const step = (...args: Parameters<typeof nextStep>) => nextStep(...args).step;

  it('auto confirms a suspicion by pairing where it can', () => {
    for (const screen of ['regressed', 'inconclusive', null, 'new'] as const) assert.equal(step('auto', screen, true), 'paired');
    for (const screen of ['regressed', 'inconclusive'] as const) assert.equal(step('auto', screen, false), 'accept');
    for (const screen of [null, 'new'] as const) assert.equal(step('auto', screen, false), 'rules');
    for (const screen of ['ok', 'improved', 'warn', 'missing', 'invalid'] as const) assert.equal(step('auto', screen, true), 'accept');
    assert.match(nextStep('auto', null, false).why, /noise is unknown/);
  });

  it('the other modes do one thing alone', () => {
    assert.equal(step('rules', 'regressed', true), 'rules');
    assert.equal(step('paired', 'ok', true), 'paired');
    assert.equal(step('screen', 'regressed', true), 'accept');
    assert.equal(step('screen', null, true), 'rules');
  });
});
