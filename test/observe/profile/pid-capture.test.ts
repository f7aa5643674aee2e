import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { capturePids, probeTool } from '../../../src/observe/profile/pid-capture.ts';

/** A folder with a program of this name in it. */
async function withProgram(t: TestContext, name: string, script: string): Promise<{ folder: string; env: NodeJS.ProcessEnv }> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-tool-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
  return { folder, env: { PATH: `${folder}:/usr/bin:/bin` } };
}

test('a tool is there or is not installed', async (t) => {
  const { env } = await withProgram(t, 'py-spy', 'echo "py-spy 1.0"');
  assert.equal(await probeTool('py-spy', env), null);
  assert.equal(await probeTool('py-spy', { PATH: '/nowhere' }), 'py-spy is not installed');
  const broken = await withProgram(t, 'perf', 'echo "WARNING: perf not found for kernel" >&2; exit 2');
  assert.match((await probeTool('perf', broken.env)) ?? '', /^perf cannot be used: /);
});

test('the tool is given the process, the time and the file; what it says when it fails is told', async (t) => {
  const { folder, env } = await withProgram(t, 'py-spy', `echo "$@" > "$(dirname "$0")/arguments"`);
  const context = { folder, seconds: 3, env, signal: new AbortController().signal };
  const captured = await capturePids({ tool: 'py-spy', pids: [12, 13] }, context);
  assert.equal(captured.cpu, join(folder, 'cpu.collapsed.txt'));
  const told = await readFile(join(folder, 'arguments'), 'utf8');
  assert.match(told, /record .*--pid 12 .*--duration 3 /);
  assert.ok(told.includes(`--output ${captured.cpu}`));

  const refused = await withProgram(t, 'perf', 'echo "Access to performance monitoring is limited" >&2; exit 255');
  const { cpu, problems } = await capturePids({ tool: 'perf', pids: [12] }, { ...context, env: refused.env });
  assert.equal(cpu, null);
  assert.deepEqual(problems, ['perf: Access to performance monitoring is limited']);
});
