import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { durationSchema, parseDurationSeconds, positiveDurationSchema } from '../../src/config/duration.ts';

test('reads seconds and units', () => {
  assert.equal(parseDurationSeconds(600), 600);
  assert.equal(parseDurationSeconds('600'), 600);
  assert.equal(parseDurationSeconds('1.5'), 1.5);
  assert.equal(parseDurationSeconds('250ms'), 0.25);
  assert.equal(parseDurationSeconds('30s'), 30);
  assert.equal(parseDurationSeconds('10m'), 600);
  assert.equal(parseDurationSeconds('1h30m'), 5400);
  assert.equal(parseDurationSeconds(' 2h '), 7200);
});

test('refuses what is no duration', () => {
  for (const text of ['', 's', '-3s', '3 s', '10 minutes', '1e3', '5x', '1.s', 'NaN', '٣s']) assert.equal(parseDurationSeconds(text), null, text);
  for (const number of [-1, Number.NaN, Number.POSITIVE_INFINITY]) assert.equal(parseDurationSeconds(number), null);
});

test('any whole number of each unit adds up', () => {
  const whole = fc.nat({ max: 10_000 });
  fc.assert(
    fc.property(whole, whole, whole, (hours, minutes, seconds) => {
      assert.equal(parseDurationSeconds(`${hours}h${minutes}m${seconds}s`), hours * 3600 + minutes * 60 + seconds);
    }),
  );
});

test('text and number mean the same', () => {
  fc.assert(fc.property(fc.nat(), (seconds) => parseDurationSeconds(String(seconds)) === parseDurationSeconds(seconds)));
});

test('any text gives null or a number of at least zero', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const seconds = parseDurationSeconds(text);
      assert.ok(seconds === null || (Number.isFinite(seconds) && seconds >= 0));
    }),
  );
});

test('the schemas say what they expected', () => {
  assert.equal(durationSchema.parse('10m'), 600);
  assert.match(String(durationSchema.safeParse('soon').error?.issues[0]?.message), /expected a duration such as 600, 30s or 10m, found "soon"/);
  assert.equal(positiveDurationSchema.safeParse(0).success, false);
  assert.equal(positiveDurationSchema.parse('1ms'), 0.001);
});
