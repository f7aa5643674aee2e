import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onSharedClock } from '../../src/load/agreed-start.ts';
import { sharedMs } from '../../src/load/shared-clock.ts';

test('a thread that is held up between its looks at two clocks begins no later for it', (t) => {
  const startAtMs = Date.now() + 60_000;
  const wanted = onSharedClock(startAtMs) as number;
  const { now } = Date;
  let looks = 0;
  t.mock.method(Date, 'now', () => {
    const atMs = now();
    const untilMs = sharedMs() + 200;
    if (looks++ === 0) while (sharedMs() < untilMs);
    return atMs;
  });
  const agreed = onSharedClock(startAtMs) as number;
  assert.ok(Math.abs(agreed - wanted) < 100, `${agreed - wanted} ms later`);
  assert.equal(onSharedClock(null), null);
});
