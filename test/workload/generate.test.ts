import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countTokens } from 'gpt-tokenizer/encoding/cl100k_base';
import { tokenizerNames } from '../../src/config/scenario/tokenizers.ts';
import { generatePrompt } from '../../src/workload/generate.ts';
import { Random } from '../../src/workload/random.ts';
import { loadTokenizer } from '../../src/workload/tokenizer.ts';
import { words } from '../../src/workload/words.ts';

test('a prompt of n tokens has exactly n tokens', () => {
  for (const tokens of [1, 2, 10, 50, 99, 100, 500, 1000, 2000])
    for (let index = 0; index < 8; index++)
      for (const seed of [0, 7, 123_456_789])
        assert.equal(countTokens(generatePrompt(tokens, seed, index)), tokens, `${tokens} tokens, index ${index}`);
});

for (const name of tokenizerNames) {
  test(`every word begins a prompt with one token, and follows with one: ${name}`, async () => {
    const count = await loadTokenizer(name);
    assert.equal(words.length, 512);
    assert.equal(new Set(words).size, words.length);
    for (const word of words) {
      assert.equal(count(word), 1, word);
      assert.equal(count(`a ${word}`), 2, word);
    }
    assert.equal(count(generatePrompt(777, 5, 5)), 777);
    assert.ok(count('a <|endoftext|> b') > 4, 'what looks like a special token is text');
  });
}

test('the same seed and index give the same prompt, others another', () => {
  assert.equal(generatePrompt(100, 3, 17), generatePrompt(100, 3, 17));
  assert.notEqual(generatePrompt(100, 3, 17), generatePrompt(100, 4, 17));
  assert.notEqual(generatePrompt(100, 3, 17), generatePrompt(100, 3, 18));
});

test('no two prompts share the block that a prefix cache would reuse', () => {
  const prefixes = new Set<string>();
  const count = 20_000;
  for (let index = 0; index < count; index++) prefixes.add(generatePrompt(16, 0, index));
  assert.equal(prefixes.size, count);
  // A cache may keep blocks as small as 4 tokens; even those hardly ever repeat.
  const short = new Set(Array.from({ length: count }, (_, index) => generatePrompt(4, 0, index)));
  assert.ok(short.size > count - 20, `${count - short.size} of ${count} repeat`);
});

test('words are drawn evenly, from the first one on', () => {
  const first = new Map<string, number>();
  const count = 51_200;
  for (let index = 0; index < count; index++) {
    const word = generatePrompt(1, 1, index);
    first.set(word, (first.get(word) ?? 0) + 1);
  }
  assert.equal(first.size, words.length);
  // 100 are expected of each, with a standard deviation of 10: chi-square over 511 degrees of freedom has mean 511 and standard deviation 32.
  const chiSquare = [...first.values()].reduce((sum, seen) => sum + (seen - 100) ** 2 / 100, 0);
  assert.ok(chiSquare > 511 - 6 * 32 && chiSquare < 511 + 6 * 32, `chi-square ${chiSquare}`);
});

test('a generator is even, in range, and repeats itself only for the same seed and stream', () => {
  const draw = (seed: number, stream: number) => {
    const random = new Random(seed, stream);
    return Array.from({ length: 1000 }, () => random.uniform());
  };
  const values = draw(5, 2);
  assert.deepEqual(values, draw(5, 2));
  assert.notDeepEqual(values, draw(5, 3));
  assert.notDeepEqual(values, draw(6, 2));
  assert.ok(values.every((value) => value >= 0 && value < 1));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(Math.abs(mean - 0.5) < 0.06, `mean ${mean}`);
  const random = new Random(1);
  for (let i = 0; i < 1000; i++) {
    const value = random.below(7);
    assert.ok(Number.isInteger(value) && value >= 0 && value < 7);
  }
});

test('the tokenizer counts as the vocabulary says', async () => {
  const count = await loadTokenizer();
  assert.equal(count(''), 0);
  assert.equal(count('hello world'), 2);
  assert.equal(count(generatePrompt(321, 9, 9)), 321);
});
