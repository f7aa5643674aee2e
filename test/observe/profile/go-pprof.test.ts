import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTop } from '../../../src/observe/profile/go-pprof.ts';

const top = `File: benchmarks.test
Type: cpu
Duration: 604ms, Total samples = 290ms (48.01%)
Showing nodes accounting for 250ms, 86.21% of 290ms total
      flat  flat%   sum%        cum   cum%
      90ms 31.03% 31.03%       90ms 31.03%  example.com/x/classify.(*Classifier).score
     -40ms 13.79% 44.83%      -40ms 13.79%  runtime.nanotime (inline)
         0     0% 44.83%       10ms  3.45%  main.main
`;

test('the functions of pprof -top are read, with those that have nothing of their own left out', () => {
  assert.deepEqual(parseTop(top), [
    { function: 'example.com/x/classify.(*Classifier).score', flat: '90ms', flat_percent: 31.03 },
    { function: 'runtime.nanotime', flat: '-40ms', flat_percent: -13.79 },
  ]);
  assert.deepEqual(parseTop('no profile'), []);
});
