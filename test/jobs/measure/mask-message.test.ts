import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { messageMasker } from '../../../src/jobs/measure/mask-message.ts';

test('a secret is masked wherever a message is cut', () => {
  const secret = 'sk-0a1b2c3d4e5f';
  const mask = messageMasker([secret]);
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(60), fc.constantFrom('', '…'), (before, after, length, mark) => {
      const masked = mask(`${`${before}${secret}${after}`.slice(0, length)}${mark}`);
      for (let start = 0; start + 4 <= secret.length; start++) {
        // Only what the text around it happens to hold as well may remain.
        const piece = secret.slice(0, start + 4);
        if (!before.includes(piece) && !after.includes(piece)) assert.ok(!masked.includes(piece), masked);
      }
    }),
  );
});

test('everything else stays as it is', () => {
  const mask = messageMasker(['sk-0a1b2c3d4e5f', 'other-secret']);
  for (const message of ['', 'no such model', 'it ends in sk-', 'cut off…', 'sk-9']) assert.equal(mask(message), message);
  assert.equal(mask('key sk-0a1b2c3d4e5f and other-se…'), 'key *** and ***…');
  assert.equal(messageMasker([])('plain'), 'plain');
});
