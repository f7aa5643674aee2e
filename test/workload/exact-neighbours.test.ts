import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeQuery, writeEntry } from '../../src/config/scenario/vectors.ts';
import { exactNeighbours } from '../../src/workload/exact-neighbours.ts';

test('the nearest are those that a sort of all cosines puts first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 700 }),
      fc.integer({ min: 2, max: 20 }),
      fc.integer({ min: 1, max: 30 }),
      fc.nat(),
      async (entries, dimension, count, seed) => {
        const set = { entries, dimension, seed };
        const queries = [0, 1, 2].map((number) => makeQuery({ ...set, querySeed: seed }, number, { similarity: [0.5, 1], nearPercent: 60 }).vector);
        const found = await exactNeighbours(set, queries, count, async () => undefined);
        assert.equal(found.count, Math.min(count, entries));
        for (const [at, query] of queries.entries()) {
          const cosines = Array.from({ length: entries }, (_, entry) => {
            const vector = new Float32Array(dimension);
            writeEntry(set, entry, vector);
            return vector.reduce((sum, value, i) => sum + value * (query[i] as number), 0);
          });
          const best = cosines.toSorted((a, b) => b - a).slice(0, found.count);
          const own = found.cosines.slice(at * found.count, (at + 1) * found.count);
          for (const [rank, cosine] of best.entries()) assert.ok(Math.abs(cosine - (own[rank] as number)) < 1e-6);
          const ids = found.entries.slice(at * found.count, (at + 1) * found.count);
          assert.equal(new Set(ids).size, found.count);
          for (const [rank, id] of ids.entries()) assert.ok(Math.abs((cosines[id] as number) - (own[rank] as number)) < 1e-6);
        }
      },
    ),
    { numRuns: 30 },
  );
});
