import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { retryDelayMs } from '../../src/load/retry.ts';

const policy = { maxAttempts: 10, baseMs: 2000 };

test("the pause doubles, is shortened by up to half, and is never shorter than the server's Retry-After", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 300_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempts, after, random) => {
        const delay = retryDelayMs(policy, attempts, 'rate_limited', after, random) as number;
        const whole = Math.min(60_000, 2000 * 2 ** (attempts - 1));
        assert.ok(delay >= Math.max(after, whole / 2) && delay <= Math.max(after, whole), `${delay}`);
      },
    ),
  );
});

test('a server that says to come back tomorrow is not waited for', () => {
  assert.equal(retryDelayMs(policy, 1, 'rate_limited', 86_400_000, 0), null);
  assert.equal(retryDelayMs(policy, 1, 'http_5xx', 1e12, 0), null);
});

test('the last attempt, and what would end the same again, are not repeated', () => {
  assert.equal(retryDelayMs(policy, 10, 'http_5xx', null, 0), null);
  assert.equal(retryDelayMs(policy, 1, 'http_4xx', null, 0), null);
  assert.equal(retryDelayMs(null, 1, 'http_5xx', null, 0), null);
});
