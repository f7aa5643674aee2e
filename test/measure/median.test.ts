import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median } from '../../src/measure/median.ts';

test('the middle of what was measured, the mean of two where two are in the middle, null of none', () => {
  assert.equal(median([5, 1, 9]), 5);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(median([null, 7, null, 1]), 4);
  assert.equal(median([10, 9, 100]), 10);
  assert.equal(median([null]), null);
  assert.equal(median([]), null);
});
