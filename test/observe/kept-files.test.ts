import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { KeptFiles } from '../../src/observe/kept-files.ts';

test('a file is read from its start each time, a long one whole, and one that is not there is null', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-kept-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const files = new KeptFiles();
  const file = join(folder, 'stat');
  assert.equal(files.read(file), null);
  await writeFile(file, 'one');
  assert.equal(files.read(file), 'one');
  await writeFile(file, 'another');
  assert.equal(files.read(file), 'another');
  await writeFile(file, 'x'.repeat(100_000));
  assert.equal(files.read(file)?.length, 100_000);
  files.close();
  assert.equal(files.read(file)?.length, 100_000, 'closed, it begins anew');
  files.close();
});

test('of a process that has ended there is nothing to read', { skip: process.platform !== 'linux' }, async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const files = new KeptFiles();
  assert.match(files.read(`/proc/${child.pid}/stat`) ?? '', /^\d+ \(/);
  child.kill();
  await once(child, 'exit');
  assert.equal(files.read(`/proc/${child.pid}/stat`), null);
  files.close();
});
