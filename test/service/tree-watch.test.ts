import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { markerVariable } from '../../src/service/environment.ts';
import { terminateTree } from '../../src/service/tree.ts';
import { TreeWatch } from '../../src/service/tree-watch.ts';

test('processes that come later are found, those that went are gone, others are never in it', { skip: process.platform !== 'linux' }, async () => {
  const marker = randomUUID();
  const script = 'read line; setsid sleep 60 & sleep 60 & echo more; wait';
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, [markerVariable]: marker } });
  const other = spawn('sleep', ['60']);
  const tree = { pgid: child.pid ?? null, marker };
  try {
    await once(child, 'spawn');
    const watch = new TreeWatch(tree);
    assert.deepEqual(await watch.pids(), [child.pid]);
    child.stdin.end('go\n');
    await once(child.stdout, 'data');
    let pids = await watch.pids();
    for (let tries = 0; pids.length < 3 && tries < 200; tries++) {
      await sleep(20);
      pids = await watch.pids();
    }
    assert.equal(pids.length, 3, 'the shell, its child, and the one in a session of its own');
    assert.ok(!pids.includes(other.pid as number) && !pids.includes(process.pid));
    await terminateTree(tree, 1000);
    assert.deepEqual(await watch.pids(), []);
  } finally {
    other.kill();
    await terminateTree(tree, 100);
  }
});
