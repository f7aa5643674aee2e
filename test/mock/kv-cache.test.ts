import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Allocation, KvCache } from '../../src/mock/kv-cache.ts';

test('blocks held and kept never exceed the capacity, and all come back', () => {
  const step = fc.record({
    take: fc.boolean(),
    extra: fc.integer({ min: 1, max: 6 }),
    // Small numbers, so that prefixes meet; repeats are allowed.
    hashes: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 8 }),
    output: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 8 }),
    which: fc.nat(),
  });
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 30 }), fc.boolean(), fc.array(step, { maxLength: 60 }), (capacity, prefixCache, steps) => {
      const cache = new KvCache(capacity, prefixCache);
      const held: { allocation: Allocation; blocks: number }[] = [];
      for (const { take, extra, hashes, output, which } of steps) {
        if (take || held.length === 0) {
          const blocks = hashes.length + extra;
          const allocation = cache.allocate(blocks, hashes, hashes.length);
          if (allocation) {
            held.push({ allocation, blocks });
            assert.equal(allocation.shared.length + allocation.privateBlocks, blocks);
            assert.ok(allocation.hitBlocks <= (prefixCache ? hashes.length : 0));
          } else {
            assert.ok(cache.usedBlocks + blocks > capacity, 'refused although there was room');
          }
        } else {
          cache.release(held.splice(which % held.length, 1)[0]!.allocation, output);
        }
        assert.ok(cache.usedBlocks + cache.idleBlocks <= capacity);
        assert.ok(cache.usedBlocks <= held.reduce((sum, { blocks }) => sum + blocks, 0));
      }
      for (const { allocation } of held) cache.release(allocation);
      assert.equal(cache.usedBlocks, 0);
    }),
    { numRuns: 300 },
  );
});

test('the least recently released prefix goes first', () => {
  const cache = new KvCache(4, true);
  for (const hash of [1, 2, 3]) cache.release(cache.allocate(1, [hash], 1)!);
  cache.release(cache.allocate(1, [1], 1)!);
  // Three blocks stay free beside one taken: hash 2 is the oldest of the three kept.
  const other = cache.allocate(2, [], 0)!;
  assert.equal(cache.idleBlocks, 2);
  cache.release(other);
  assert.equal(cache.allocate(1, [2], 1)!.hitBlocks, 0);
  assert.equal(cache.allocate(1, [1], 1)!.hitBlocks, 1);
});
