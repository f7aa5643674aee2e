import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlarm } from '../../src/mock/alarm.ts';
import { until } from './helpers.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('it rings once for each setting, not before its time, and never after clear or close', async () => {
  let rings = 0;
  const alarm = createAlarm(() => {
    rings += 1;
  });
  for (let round = 1; round <= 200; round++) {
    const begin = performance.now();
    alarm.set(round % 7 === 0 ? 5 : 0.3);
    await until('a ring', () => rings >= round);
    assert.equal(rings, round);
    assert.ok(performance.now() - begin > (round % 7 === 0 ? 4.5 : 0.2), `round ${round} rang early`);
  }
  alarm.set(5);
  alarm.clear();
  await pause(40);
  assert.equal(rings, 200);
  alarm.set(5);
  alarm.close();
  await pause(40);
  assert.equal(rings, 200);
});

test('no setting is lost when it is replaced at the moment it rings', { timeout: 60_000 }, async () => {
  let resolve = () => {};
  const alarm = createAlarm(() => resolve());
  for (let round = 0; round < 500; round++) {
    const rung = new Promise<void>((done) => {
      resolve = done;
    });
    alarm.set(0.05);
    // Between no time and some tenths of a millisecond later, another one in its place.
    for (let spin = round % 50; spin > 0; spin--) performance.now();
    if (round % 2 === 0) alarm.set(0.1);
    else setImmediate(() => alarm.set(0.05));
    await rung;
  }
  alarm.close();
});
