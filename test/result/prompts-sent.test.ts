import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergeResults } from '../../src/result/merge.ts';
import { addPrompts, type PromptFigures, type PromptsSent } from '../../src/result/prompts-sent.ts';
import { documentOf, measuredSeries } from './sample.ts';

const given = (source: string, unique: number, from_first = true): PromptsSent => ({ source, seed: null, lengths: null, unique, from_first });
const generated = (seed: number, unique: number, more: Partial<PromptsSent> = {}): PromptsSent => ({
  source: `g${seed}`,
  seed,
  lengths: [50],
  unique,
  from_first: true,
  ...more,
});
const uniqueOf = (...lists: unknown[]) => addPrompts(lists).unique_prompts;

test('generated prompts of unlike seeds add up, those of a file count once', () => {
  assert.equal(uniqueOf([generated(1, 25)], [generated(2, 25)]), 50);
  assert.equal(uniqueOf([generated(1, 25)], [generated(1, 10)]), 25);
  assert.equal(uniqueOf([given('file', 10)], [given('file', 4)]), 10);
  assert.equal(uniqueOf([given('file', 10)], [generated(1, 5)]), 15);
  assert.equal(uniqueOf([generated(1, 5)], [generated(1, 5, { source: 'other', lengths: [100] })]), 10);
});

test('what may be the same text or another is not counted', () => {
  assert.equal(uniqueOf([given('file', 10)], [given('other', 10)]), null);
  assert.equal(uniqueOf([generated(1, 5)], [generated(1, 5, { source: 'other', lengths: [50, 100] })]), null);
  assert.equal(uniqueOf([generated(1, 5)], [generated(1, 5, { source: 'other', lengths: null })]), null);
  assert.equal(uniqueOf([generated(1, 5)], [generated(1, 5, { from_first: false })]), null);
  assert.equal(uniqueOf([generated(1, 5)], undefined), null);
  assert.equal(uniqueOf([generated(1, 5)], 'nonsense'), null);
  assert.equal(uniqueOf([generated(1, 5)], [{}]), null);
});

test('machines that share a load send generated prompts of their own', () => {
  const part = (index: number, count = 2) => [generated(1, 5, { shard: { index, count }, from_first: false })];
  assert.equal(uniqueOf(part(1), part(2)), 10);
  assert.equal(uniqueOf(part(1), part(1)), null);
  assert.equal(uniqueOf(part(1), part(2, 3)), null);
  assert.equal(uniqueOf(part(1), [generated(1, 5)]), null);
});

test('adding is the same in any order and grouping', () => {
  const one = fc.record({
    source: fc.constantFrom('a', 'b', 'c'),
    kind: fc.constantFrom('given', 'generated'),
    unique: fc.integer({ min: 0, max: 50 }),
    from_first: fc.boolean(),
    shard: fc.constantFrom(undefined, { index: 1, count: 2 }, { index: 2, count: 2 }, { index: 1, count: 3 }),
  });
  const made = one.map(({ source, kind, unique, from_first, shard }): PromptsSent[] => {
    const at = 'abc'.indexOf(source);
    const of = kind === 'given' ? given(source, unique, from_first) : generated(at % 2, unique, { source: `g${source}`, lengths: [at], from_first });
    return [{ ...of, ...(shard ? { shard } : {}) }];
  });
  const again = ({ prompt_sources }: PromptFigures) => prompt_sources;
  fc.assert(
    fc.property(made, made, made, (a, b, c) => {
      const whole = addPrompts([a, b, c]);
      assert.deepEqual(addPrompts([c, a, b]), whole);
      assert.deepEqual(addPrompts([again(addPrompts([a, b])), c]), whole);
      assert.deepEqual(addPrompts([a, again(addPrompts([b, c]))]), whole);
    }),
  );
});

test('results without their sources leave the number open, however alike their numbers are', () => {
  const run = (second: number, more: object = {}) =>
    documentOf({
      timestamp: `2026-01-01T00:0${second}:00Z`,
      results: { total_requests: 1, successful: 1, failed: 0, duration_seconds: 1, unique_prompts: 10, ...more },
      series: [measuredSeries('chat', [second + 1])],
    });
  assert.equal(mergeResults([run(0), run(1)]).results.unique_prompts, null);
  const sources = (seed: number) => ({ prompt_sources: [generated(seed, 10)] });
  const merged = mergeResults([run(0, sources(1)), run(1, sources(2))]);
  assert.equal(merged.results.unique_prompts, 20);
  assert.equal(mergeResults([merged, run(2, sources(2))]).results.unique_prompts, 20);
  assert.equal(mergeResults([run(0)]).results.unique_prompts, 10);
});
