import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InFlightLimit } from '../../src/load/in-flight-limit.ts';

test('whoever counts in one word shares one limit, and a place that one leaves is free for another', () => {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const [one, other] = [new InFlightLimit(3, word), new InFlightLimit(3, word)];
  // One may have all of it.
  assert.deepEqual([one.enter(), one.enter(), one.enter(), one.enter(), other.enter()], [true, true, true, false, false]);
  one.leave();
  assert.deepEqual([other.enter(), one.enter()], [true, false]);
});

test('alone it counts for itself', () => {
  const limit = new InFlightLimit(1);
  assert.deepEqual([limit.enter(), limit.enter(), new InFlightLimit(1).enter()], [true, false, true]);
});
