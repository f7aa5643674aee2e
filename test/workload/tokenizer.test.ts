import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base';
import { loadTokenizer } from '../../src/workload/tokenizer.ts';

const asText = { disallowedSpecial: new Set<string>() };

test('a long text has the tokens that the vocabulary gives it as a whole', async () => {
  const word = fc.oneof(
    fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }),
    fc.constantFrom('the', "it's", '1234', '<|endoftext|>', '...\n\n', '漢字', '👩‍🚀'),
  );
  for (const [name, whole] of [
    ['cl100k_base', cl100k],
    ['o200k_base', o200k],
  ] as const) {
    const count = await loadTokenizer(name);
    fc.assert(
      fc.property(fc.array(word, { minLength: 150, maxLength: 400 }), fc.constantFrom(' ', '  ', '\n', ' \n'), (words, between) => {
        const text = words.map((one, index) => `${one}${index % 7 === 0 ? between : ' '}`).join('');
        assert.equal(count(text), whole(text, asText));
      }),
      { numRuns: 60 },
    );
  }
});

test('a text without blanks takes no time by the square of its length, and its count is cut by a few tokens at most', {
  timeout: 120_000,
}, async () => {
  const count = await loadTokenizer();
  for (const unit of ['漢字仮名', 'x', '👩‍🚀', ' ', '!?']) {
    const [short, long] = [unit.repeat(1000 / unit.length), unit.repeat(300_000 / unit.length)];
    const whole = cl100k(short, asText);
    assert.ok(Math.abs(count(short) - whole) <= 3, `${count(short)} for ${whole}`);
    assert.ok(count(long) > 200 * whole, `${count(long)}`);
  }
});
