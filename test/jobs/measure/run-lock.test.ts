import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { acquireRunLock } from '../../../src/jobs/measure/run-lock.ts';

function scratch(t: TestContext): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'llm-bench-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Another run: a process that takes the lock and holds it until its input ends. */
async function otherRun(directory: string) {
  const source = new URL('../../../src/jobs/measure/run-lock.ts', import.meta.url).href;
  const program = `
    import { acquireRunLock } from ${JSON.stringify(source)};
    const lock = await acquireRunLock(${JSON.stringify(directory)});
    console.log('held');
    process.stdin.on('end', async () => { await lock.release(); process.exit(0); }).resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

test('a run alone sees nobody, and leaves nothing', async (t) => {
  const directory = scratch(t);
  const lock = await acquireRunLock(directory);
  assert.equal(lock.other, null);
  assert.equal(readdirSync(directory).length, 1);
  await lock.release();
  await lock.release();
  assert.deepEqual(readdirSync(directory), []);
});

test('a second run notices the first; one that ended is forgotten', async (t) => {
  const directory = scratch(t);
  const child = await otherRun(directory);
  const lock = await acquireRunLock(directory);
  assert.equal(lock.other?.pid, child.pid);
  assert.equal(lock.other?.cwd, process.cwd());
  assert.ok(!Number.isNaN(Date.parse(lock.other?.started ?? '')));
  child.stdin.end();
  await once(child, 'exit');
  const again = await acquireRunLock(directory);
  assert.equal(again.other, null);
  await Promise.all([lock.release(), again.release()]);
});

test('the lock of a killed run is stale and taken away', async (t) => {
  const directory = scratch(t);
  const child = await otherRun(directory);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(readdirSync(directory).length, 1);
  const lock = await acquireRunLock(directory);
  assert.equal(lock.other, null);
  assert.equal(readdirSync(directory).length, 1);
  await lock.release();
  assert.deepEqual(readdirSync(directory), []);
});

test('a process id that now belongs to another program is stale', { skip: process.platform === 'linux' ? false : 'needs /proc' }, async (t) => {
  const directory = scratch(t);
  writeFileSync(
    path.join(directory, `llm-bench-run-${process.ppid}-x.lock`),
    JSON.stringify({ pid: process.ppid, started: '2020-01-01T00:00:00Z', cwd: '/', start_ticks: 1 }),
  );
  assert.equal((await acquireRunLock(directory)).other, null);
});

test('the longest-running of several is named; a half-written file still counts; foreign files do not', async (t) => {
  const directory = scratch(t);
  const [one, two] = [await otherRun(directory), await otherRun(directory)];
  writeFileSync(path.join(directory, `llm-bench-run-${two.pid}-y.lock`), '');
  writeFileSync(path.join(directory, 'llm-bench-run-abc.lock'), '{}');
  const { other } = await acquireRunLock(directory);
  assert.ok(other !== null && [one.pid, two.pid].includes(other.pid));
  for (const child of [one, two]) child.stdin.end();
  await Promise.all([once(one, 'exit'), once(two, 'exit')]);
});

test('where nothing can be written it still answers', async (t) => {
  const lock = await acquireRunLock(path.join(scratch(t), 'missing'));
  assert.equal(lock.other, null);
  await lock.release();
});
