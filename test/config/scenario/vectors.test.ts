import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeQuery, writeEntry } from '../../../src/config/scenario/vectors.ts';

const set = { entries: 1000, dimension: 64, seed: 7 };

function entry(index: number, seed = set.seed, dimension = set.dimension): Float32Array {
  const vector = new Float32Array(dimension);
  writeEntry({ dimension, seed }, index, vector);
  return vector;
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);

test('entries are the same every time and everywhere, of length one, and different from each other', () => {
  assert.deepEqual(
    [...entry(3)].slice(0, 4).map((value) => value.toFixed(6)),
    // Written down once: another machine, or a later version, has to make the very same.
    fixed,
  );
  assert.deepEqual(entry(3), entry(3));
  for (const index of [0, 1, 999, 123_456_789, 5_000_000_000]) assert.ok(Math.abs(dot(entry(index), entry(index)) - 1) < 1e-5);
  assert.ok(Math.abs(dot(entry(0), entry(1))) < 0.6);
  assert.notDeepEqual(entry(0), entry(0, 8));
});

test('directions are even: no coordinate and no pair of neighbours leans to one side', () => {
  const count = 4000;
  const mean = new Float64Array(8);
  let along = 0;
  let before = entry(0, 1, 8);
  for (let i = 1; i <= count; i++) {
    const vector = entry(i, 1, 8);
    for (const [at, value] of vector.entries()) mean[at] = (mean[at] as number) + value / count;
    along += dot(before, vector) / count;
    before = vector;
  }
  // The standard error of each mean is 1 / sqrt(8 * 4000) = 0.0056; that of the cosines is the same.
  for (const value of mean) assert.ok(Math.abs(value) < 0.03, `mean ${value}`);
  assert.ok(Math.abs(along) < 0.03, `mean cosine ${along}`);
});

test('a query lies as near to its entry as was asked, and a stranger near to none', () => {
  for (let index = 0; index < 50; index++) {
    const query = makeQuery({ ...set, querySeed: 3 }, index, { similarity: [0.7, 0.95], nearPercent: 100 });
    assert.ok(query.entry !== null && query.entry >= 0 && query.entry < set.entries);
    assert.ok(query.similarity >= 0.7 && query.similarity <= 0.95);
    assert.ok(Math.abs(dot(query.vector, entry(query.entry)) - query.similarity) < 1e-4);
    assert.ok(Math.abs(dot(query.vector, query.vector) - 1) < 1e-4);
    assert.equal(makeQuery({ ...set, querySeed: 3 }, index, { similarity: [0.7, 0.95], nearPercent: 0 }).entry, null);
  }
  const near = Array.from(
    { length: 400 },
    (_, index) => makeQuery({ ...set, querySeed: 0 }, index, { similarity: [0.9, 0.9], nearPercent: 50 }).entry,
  );
  const share = near.filter((one) => one !== null).length / near.length;
  assert.ok(share > 0.4 && share < 0.6, `share ${share}`);
});

const fixed = ['0.090155', '0.094755', '-0.149952', '0.157312'];
