import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passedDeadline } from '../../src/load/deadlines.ts';

test('the whole answer, its first token and the next one have each their time', () => {
  const deadlines = { totalMs: 1000, firstTokenMs: 200, idleMs: 100 };
  const kind = (nowMs: number, lastOutputMs: number) => passedDeadline(deadlines, nowMs, 50, lastOutputMs)?.kind;
  assert.equal(kind(249, -1), undefined);
  assert.equal(kind(250, -1), 'timeout_first_token');
  assert.equal(kind(250, 240), undefined);
  assert.equal(kind(340, 240), 'timeout_idle');
  assert.equal(kind(1050, 1049), 'timeout_total');
  assert.equal(passedDeadline({ totalMs: 1000, firstTokenMs: null, idleMs: null }, 1049, 50, -1), null);
});
