import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRetrieval } from '../../src/load/retrieval-check.ts';

const neighbours = { entries: Uint32Array.from([5, 6, 7, 1, 2, 3]), cosines: Float32Array.from([0.95, 0.9, 0.8, 0.7, 0.6, 0.5]), count: 3 };
const asked = { queries: 10, top_k: 3, threshold: 0.9 };
const found = (ids: string[] | null, best: number | null = null, hit: boolean | null = null) => ({ ids, best, hit });

test('recall is the share of the nearest that were found, in any order, each once', () => {
  const recall = (ids: string[], index = 0) => checkRetrieval(asked, neighbours, index, found(ids)).recall;
  assert.equal(recall(['7', '5', '6']), 1);
  assert.equal(recall(['5', '5', '5']), 1 / 3);
  assert.equal(recall(['8', '9', '10', '5', '6', '7']), 0, 'only as many as were asked for count');
  assert.equal(recall([]), 0);
  assert.equal(recall(['1', '2', 'x'], 11), 2 / 3, 'the eleventh request asks the second query');
  assert.equal(recall(['1'], 2), null, 'a query that was not sampled');
  assert.equal(checkRetrieval(asked, null, 0, found(['5'])).recall, null);
  assert.equal(checkRetrieval(asked, neighbours, 0, found(null)).recall, null);
});

test('a hit is what the server says it is, or what its best match comes to; whether it should be one is told by the exact search', () => {
  const { hit, hitExpected } = checkRetrieval(asked, neighbours, 0, found(null, 0.93));
  assert.deepEqual([hit, hitExpected], [true, true]);
  assert.equal(checkRetrieval(asked, neighbours, 0, found(null, 0.93, false)).hit, false);
  assert.equal(checkRetrieval(asked, neighbours, 1, found(null, Number.NEGATIVE_INFINITY)).hit, false);
  assert.equal(checkRetrieval(asked, neighbours, 1, found(null, 0.2)).hitExpected, false);
  assert.equal(checkRetrieval(asked, neighbours, 5, found(null, 0.2)).hitExpected, null);
  assert.equal(
    checkRetrieval({ ...asked, threshold: 0.951 }, neighbours, 0, found(null, 0.95)).hitExpected,
    null,
    'too near to the threshold to say',
  );
  const plain = checkRetrieval({ queries: 10, top_k: 3 }, neighbours, 0, found(['5'], 0.93, true));
  assert.deepEqual([plain.hit, plain.hitExpected], [null, null], 'without a threshold nothing is a hit');
});
