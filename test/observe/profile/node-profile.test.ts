import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { collectNodeProfile } from '../../../src/observe/profile/node-profile.ts';
import { mostSpent, threadTimes } from '../../../src/observe/profile/thread-times.ts';

/** In one function for so many milliseconds, then idle. */
const profileOf = (name: string, ms: number) =>
  JSON.stringify({
    nodes: [
      { id: 1, callFrame: { functionName: name, url: 'service.js', lineNumber: 1 } },
      { id: 2, callFrame: { functionName: '(idle)', url: '', lineNumber: -1 } },
    ],
    startTime: 0,
    samples: [1, 2],
    timeDeltas: [0, ms * 1000, 1000],
  });

test('of the threads of a service the one that worked most is kept, not one that waits inside a function', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-profile-'));
  try {
    const kept = async (spent: (pid: number) => { first: number; others: number } | null) => {
      const profiles = join(folder, 'profiles');
      await mkdir(profiles, { recursive: true });
      await writeFile(join(profiles, 'CPU.20260101.100000.77.0.001.cpuprofile'), profileOf('answers', 3000));
      await writeFile(join(profiles, 'CPU.20260101.100000.77.1.002.cpuprofile'), profileOf('waits', 10_000));
      await writeFile(join(profiles, 'CPU.20260101.100000.78.0.001.cpuprofile'), profileOf('watches', 20));
      const { file } = await collectNodeProfile(profiles, { fromUs: 0, toUs: 20e6, spent }, join(folder, 'kept'));
      return /answers|waits|watches/.exec(await readFile(String(file), 'utf8'))?.[0];
    };
    assert.equal(await kept((pid) => (pid === 77 ? { first: 3e6, others: 10_000 } : { first: 20_000, others: 0 })), 'answers');
    assert.equal(await kept((pid) => (pid === 77 ? { first: 3e6, others: 9.9e6 } : null)), 'waits', 'it worked');
    assert.equal(await kept(() => null), 'waits', 'nothing is known but what V8 says');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('the kernel tells a thread that works from one that waits', { skip: process.platform !== 'linux' && 'read from /proc' }, async () => {
  const waits = new Worker('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)', { eval: true });
  try {
    await new Promise((resolve) => waits.once('online', resolve));
    const before = threadTimes([process.pid]);
    for (const start = process.cpuUsage(); process.cpuUsage(start).user < 200_000; );
    const { first, others } = mostSpent(process.pid, before, threadTimes([process.pid])) ?? assert.fail('nothing was read');
    assert.ok(first > 0 && first > 2 * others, `${first} and ${others}`);
    assert.equal(mostSpent(1e9, before, threadTimes([1e9])), null);
  } finally {
    await waits.terminate();
  }
});
