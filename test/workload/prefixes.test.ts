import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { sharedPrefixes } from '../../src/workload/prefixes.ts';

const start = (text: string, tokens: number) => text.split(' ', tokens).join(' ');

test('a prompt has exactly its length, begins with its prefix, and ends unlike any other', () => {
  fc.assert(
    fc.property(
      fc.record({ length: fc.integer({ min: 1, max: 80 }), count: fc.integer({ min: 1, max: 9 }), seed: fc.nat() }),
      fc.uniqueArray(fc.nat({ max: 1e6 }), { minLength: 2, maxLength: 12 }),
      fc.integer({ min: 1, max: 40 }),
      ({ length, count, seed }, indices, own) => {
        const prefixes = sharedPrefixes(length, count, seed);
        const tokens = length + own;
        const prompts = indices.map((index) => ({ prefix: prefixes.prefixOf(index), text: prefixes.prompt(tokens, index) }));
        const byPrefix = new Map<number, string>();
        for (const { prefix, text } of prompts) {
          assert.equal(countTokens(text), tokens);
          assert.ok(prefix >= 0 && prefix < count && Number.isInteger(prefix));
          const known = byPrefix.get(prefix);
          if (known !== undefined) assert.equal(start(text, length), known);
          byPrefix.set(prefix, start(text, length));
        }
        if (length >= 16) assert.equal(new Set(byPrefix.values()).size, byPrefix.size, 'prefixes differ');
        if (own >= 16) assert.equal(new Set(prompts.map(({ text }) => text.split(' ').slice(length).join(' '))).size, indices.length);
        const again = sharedPrefixes(length, count, seed);
        assert.deepEqual(
          indices.map((index) => again.prompt(tokens, index)),
          prompts.map(({ text }) => text),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('prefixes come evenly, in step with no round-robin', () => {
  for (const count of [2, 3, 5, 8]) {
    const { prefixOf } = sharedPrefixes(10, count, 7);
    const seen = new Array<number>(count).fill(0);
    for (let index = 0; index < 1000; index++) seen[prefixOf(index)]!++;
    for (const times of seen) assert.ok(Math.abs(times - 1000 / count) <= 3, seen.join());
    // Of every third request (a round-robin over three) each prefix has its share too.
    const third = new Array<number>(count).fill(0);
    for (let index = 0; index < 3000; index += 3) third[prefixOf(index)]!++;
    for (const times of third) assert.ok(Math.abs(times - 1000 / count) <= 1000 / count / 4, third.join());
  }
});

test('a prompt no longer than its prefix still has a token of its own', () => {
  const prefixes = sharedPrefixes(100, 1, 0);
  assert.equal(countTokens(prefixes.prompt(100, 3)), 100);
  assert.equal(start(prefixes.prompt(100, 3), 99), start(prefixes.prompt(200, 4), 99));
  assert.equal(countTokens(prefixes.prompt(1, 3)), 1);
});
