import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { goTool, parseTop } from '../../../src/observe/profile/go-pprof.ts';

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

test('pprof that is still being compiled, and a machine without Go: the profile is kept, and the message says what to do', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-go-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'go'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
  await assert.rejects(goTool(['-top', 'cpu.prof'], { PATH: `${folder}:/usr/bin:/bin` }, 200), {
    message: /no answer within 0\.2 s .*`go tool pprof -h`.*the profile is kept/,
  });
  await assert.rejects(goTool(['-top', 'cpu.prof'], { PATH: '/nowhere' }), { message: /go is not installed: the profile is kept/ });
});
