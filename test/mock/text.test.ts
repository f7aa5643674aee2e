import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRandom, hashText } from '../../src/mock/random.ts';
import { countTokens, hashBlocks, renderChat, tokenChars, writeText } from '../../src/mock/text.ts';

test('a text of so many tokens counts as so many, and the same seed gives the same text', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), (count, seed) => {
      const text = writeText(count, seed);
      assert.equal(text.length, count * tokenChars);
      assert.equal(countTokens(text), count);
      assert.match(text, /^([a-z]{3} )*[a-z]{3}\.$/);
      assert.equal(writeText(count, seed), text);
    }),
  );
  assert.notEqual(writeText(20, 1), writeText(20, 2));
  assert.equal(writeText(0, 1), '');
});

test('tokens are four characters, rounded up, and never none', () => {
  assert.deepEqual(['', 'a', 'abcd', 'abcde'].map(countTokens), [1, 1, 1, 2]);
});

test('equal beginnings have equal block hashes up to the first block that differs', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 400 }), fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 }), (shared, left, right) => {
      const all = (rest: string) => {
        const { promptHashes, outputHashes } = hashBlocks('m', shared, rest);
        assert.equal(promptHashes.length, Math.floor(shared.length / 64));
        assert.equal(promptHashes.length + outputHashes.length, Math.floor((shared + rest).length / 64));
        return [...promptHashes, ...outputHashes];
      };
      const [one, two] = [all(left), all(right)];
      for (let block = 0; block < Math.min(one.length, two.length); block++) {
        const end = (block + 1) * 64;
        assert.equal(one[block] === two[block], (shared + left).slice(0, end) === (shared + right).slice(0, end));
      }
    }),
  );
});

test('an answer that is sent back continues the prompt it was given to', () => {
  const messages = [{ role: 'user', content: 'hello' }];
  const next = renderChat([...messages, { role: 'assistant', content: 'yes' }, { role: 'user', content: 'and?' }]);
  assert.ok(next.startsWith(`${renderChat(messages)}yes`));
});

test('the generator is even, and different for neighbouring seeds', () => {
  const buckets = new Array(10).fill(0);
  const random = createRandom(7);
  for (let index = 0; index < 100_000; index++) buckets[Math.floor(random() * 10)] += 1;
  for (const count of buckets) assert.ok(Math.abs(count - 10_000) < 500, String(buckets));
  const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => createRandom(seed)()));
  assert.equal(firsts.size, 1000);
});

test('hashes of many short texts do not meet', () => {
  const hashes = new Set(Array.from({ length: 50_000 }, (_, index) => hashText(`text ${index}`)));
  assert.equal(hashes.size, 50_000);
  for (const hash of hashes) assert.ok(Number.isSafeInteger(hash) && hash >= 0);
});
