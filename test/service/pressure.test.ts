import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startPressure } from '../../src/service/pressure.ts';

const cliPath = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url));

test('work beside the service takes what it was asked to, and nothing is left of it', { skip: process.platform !== 'linux' }, async () => {
  const before = (await readdir(tmpdir())).filter((name) => name.startsWith('llm-bench-pressure-'));
  const running = await startPressure({ cpu: 1, memory_percent: 1, io: 1 }, { seconds: 60, env: process.env, cliPath });
  try {
    assert.equal(running.alive(), true);
    const folders = (await readdir(tmpdir())).filter((name) => name.startsWith('llm-bench-pressure-') && !before.includes(name));
    assert.ok(folders.length > 0);
    if (running.by === 'worker threads') {
      const mine = await processesOf('pressure');
      assert.ok(mine.length > 0);
      const cpu = async () => (await Promise.all(mine.map(ticks))).reduce((sum, value) => sum + value, 0);
      const first = await cpu();
      const tried = performance.now();
      while ((await cpu()) - first < 5 && performance.now() - tried < 20_000) await sleep(50);
      assert.ok((await cpu()) - first >= 5, 'it computes');
    }
  } finally {
    await running.stop();
  }
  assert.equal(running.alive(), false);
});

test('it ends by itself when its time is over', { skip: process.platform !== 'linux' }, async () => {
  const running = await startPressure({ cpu: 1 }, { seconds: 1, env: { PATH: process.env['PATH'] }, cliPath });
  const tried = performance.now();
  while (running.alive() && performance.now() - tried < 30_000) await sleep(50);
  assert.equal(running.alive(), false);
  await running.stop();
});

/** Children of this process that run our command line with this word. */
async function processesOf(word: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'latin1').catch(() => '');
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    if (parent === process.pid && line.split('\0').includes(word)) found.push(Number(name));
  }
  return found;
}

async function ticks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}
