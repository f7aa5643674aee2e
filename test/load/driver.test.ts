import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ending } from '../../src/load/driver.ts';

test('a load of more than 24 days, which no single timer holds, does not end at once', async () => {
  const told: string[] = [];
  const ending = new Ending({
    send: () => {},
    takeIndex: () => null,
    exhausted: () => true,
    inFlight: () => 0,
    done: (reason) => void told.push(reason),
  });
  ending.later(40 * 86_400_000, () => ending.end('duration'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(told, []);
  ending.end('interrupted');
  assert.deepEqual(told, ['interrupted']);
});
