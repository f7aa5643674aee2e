import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../../src/config/errors.ts';
import { openProfile } from '../../../src/jobs/profile/open-profile.ts';

const cli = fileURLToPath(new URL('../../../src/cli/index.ts', import.meta.url));

async function folder(t: TestContext, files: Record<string, string>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'llm-bench-open-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

const refused = (pattern: RegExp, hint: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UserError);
  assert.equal(error.exitCode, 2);
  assert.match(error.message, pattern);
  assert.match(error.hint ?? '', hint);
  return true;
};

test('no profile, one that pprof does not read, and no Go: each says what to do', async (t) => {
  const open = (path: string, kind: 'cpu' | 'mem' = 'cpu') => openProfile(kind, path, ':0', { PATH: '/nowhere' });
  await assert.rejects(open(await folder(t, {})), refused(/no profile .*cpu\.prof/, /--profile always/));
  await assert.rejects(open(await folder(t, { 'cpu.cpuprofile': '{}' })), refused(/cpu\.cpuprofile is no profile that pprof reads/, /Chrome/));
  await assert.rejects(open(await folder(t, { 'mem.prof': '' }), 'mem'), refused(/could not be started/, /Install Go/));
});

test('stopping the command stops pprof, and what pprof started', async (t) => {
  // `go tool pprof` is a starter of the real one, as Go does it.
  const path = await folder(t, { 'cpu.prof': '', go: '#!/bin/sh\necho "$@" > "$0.arguments"\nsleep 300 &\necho $! > "$0.pid"\nwait\n' });
  await chmod(join(path, 'go'), 0o755);
  const child = spawn(process.execPath, [cli, 'profile', 'cpu', '--profiles', path, '--http', '127.0.0.1:1'], {
    env: { ...process.env, PATH: `${path}:${process.env['PATH']}` },
    stdio: 'ignore',
  });
  let pid = '';
  while (pid === '' && child.exitCode === null) {
    await sleep(50);
    pid = (await readFile(join(path, 'go.pid'), 'utf8').catch(() => '')).trim();
  }
  assert.equal((await readFile(join(path, 'go.arguments'), 'utf8')).trim(), `tool pprof -http=127.0.0.1:1 ${join(path, 'cpu.prof')}`);
  child.kill('SIGTERM');
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  assert.equal(stateOf(pid), '');
});

/** Empty when it has gone, or waits to be collected. */
function stateOf(pid: string): string {
  try {
    const state = execFileSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).trim();
    return state.startsWith('Z') ? '' : state;
  } catch {
    return '';
  }
}
