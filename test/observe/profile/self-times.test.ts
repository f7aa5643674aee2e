import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { changedOf, topOf } from '../../../src/observe/profile/self-times.ts';
import { selfSamplesOfPerf, selfSamplesOfStacks } from '../../../src/observe/profile/stacks.ts';
import { selfTimesOfV8 } from '../../../src/observe/profile/v8-profile.ts';

const frame = (functionName: string, url = 'file:///a/b/service.js', lineNumber = 4) => ({ functionName, url, lineNumber });
const v8 = JSON.stringify({
  nodes: [
    { id: 1, callFrame: frame('(root)', '') },
    { id: 2, callFrame: frame('(idle)', '') },
    { id: 3, callFrame: frame('score') },
    { id: 4, callFrame: frame('', 'file:///a/b/service.js', 9) },
  ],
  startTime: 1_000,
  samples: [1, 3, 2, 3, 4],
  timeDeltas: [0, 100, 200, 300, 400],
});

test('a profile of V8: each sample lasts until the next, waiting is no work, and only the window counts', () => {
  // At 1000 root, at 1100 score for 200, at 1300 idle for 300, at 1600 score for 400, at 2000 the last.
  assert.deepEqual(
    [...selfTimesOfV8(v8, null)],
    [
      ['score b/service.js', 600],
      ['(anonymous) b/service.js:10', 0],
    ],
  );
  assert.deepEqual([...selfTimesOfV8(v8, { fromUs: 1_500, toUs: 1_700 })], [['score b/service.js', 400]]);
  assert.throws(() => selfTimesOfV8('{"nodes": 3}', null));
});

test('collapsed stacks and symbols of perf give the samples of their leaves', () => {
  assert.deepEqual([...selfSamplesOfStacks('main (a.py:1);hot (b.py:7) 3\nmain (a.py:1);hot (b.py:9) 4\nno stack\n')], [['hot (b.py)', 7]]);
  const perf = '#      Samples|Shared Object|Symbol\n 2          |libllama.so|[.] ggml_vec_dot\n 1 |[kernel]|[k] read\n';
  assert.deepEqual(
    [...selfSamplesOfPerf(perf)],
    [
      ['ggml_vec_dot libllama.so', 2],
      ['read [kernel]', 1],
    ],
  );
});

test('what changed is told in percent of the base, whatever number of samples each side has', () => {
  const base = new Map([
    ['hot', 50],
    ['cold', 50],
  ]);
  const head = new Map([
    ['hot', 750],
    ['cold', 250],
  ]);
  assert.deepEqual(changedOf(head, base, 'samples'), [
    { function: 'hot', flat: '+25 samples', flat_percent: 25 },
    { function: 'cold', flat: '-25 samples', flat_percent: -25 },
  ]);
  assert.deepEqual(topOf(new Map([['hot', 1_500_000]]), 'us'), [{ function: 'hot', flat: '1.50s', flat_percent: 100 }]);
  assert.deepEqual(topOf(new Map(), 'us'), []);
});

test('the same on both sides has not changed, in whatever number it was sampled; a change of one is in the sum that of the others', () => {
  const times = fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 1_000 }), { minKeys: 1, maxKeys: 8 });
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 50 }), (profile, factor) => {
      const base = new Map(Object.entries(profile));
      assert.deepEqual(changedOf(new Map([...base].map(([name, value]) => [name, value * factor])), base, 'us'), []);
      const head = new Map([...base, ['new', 500]]);
      const sum = changedOf(head, base, 'us').reduce((total, one) => total + one.flat_percent, 0);
      assert.ok(Math.abs(sum) < 0.2, String(sum));
    }),
  );
});
