import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Profiles } from '../../src/observe/profile/profiled.ts';
import { cli, scratch, told } from './support.ts';

const program = fileURLToPath(new URL('fixtures/go-service', import.meta.url));
const skip = works('go', ['version']) ? false : 'go is not installed';

const skipPerf = skip || (works('perf', ['stat', '-e', 'cpu-clock', 'true']) ? false : 'perf is not installed, or not allowed');

function works(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const config = `
target: { name: svc, command: exec ./svc, base_url: "http://127.0.0.1:\${PORT}", ready: { url: / } }
scenario: { name: get, request: { api: http, path: / }, load: { executor: closed, requests: 20, concurrency: 2 } }
thresholds: { series: { get: { latency_s.p50: { max: 0.000001 } } } }
profile: { duration: 3s }
`;

test('a Go service is profiled on both sides, and the function that was made slower is named', { skip }, async (t) => {
  const folder = await scratch(t);
  const build = (into: string, work: string) => {
    const flags = ['build', '-ldflags', `-X main.work=${work}`, '-o', join(into, 'svc'), '.'];
    execFileSync('go', flags, { cwd: folder, env: { ...process.env, GOFLAGS: '-mod=mod' } });
  };
  await cp(program, folder, { recursive: true });
  await mkdir(join(folder, 'slow'));
  build(folder, '300000');
  build(join(folder, 'slow'), '1200000');
  await writeFile(join(folder, 'llm-bench.yaml'), config);
  // Where pprof itself was compiled before.
  const env = { GOCACHE: execFileSync('go', ['env', 'GOCACHE'], { encoding: 'utf8' }).trim() };

  const ran = await cli(t, ['run', '--no-selftest', '-o', 'out.json'], { cwd: folder, env });
  const { profiles } = JSON.parse(await readFile(join(folder, 'out.json'), 'utf8')) as { profiles: Profiles };
  assert.equal(profiles?.taken_by, 'pprof', told(ran));
  assert.deepEqual(profiles.problems, []);
  assert.equal(profiles.cpu?.top[0]?.function, 'main.hot');
  assert.equal(profiles.memory?.top[0]?.function, 'main.alloc');
  assert.ok((profiles.goroutines?.total ?? 0) > 0);

  const sides = ['--baseline-command', 'exec ./svc', '--head-command', 'exec ./slow/svc', '--budget', '10s', '--profile', 'always'];
  const both = await cli(t, ['ab', '--no-selftest', '-o', 'ab.json', ...sides], { cwd: folder, env });
  const { profiles: changed } = JSON.parse(await readFile(join(folder, 'ab.json'), 'utf8')) as { profiles: Profiles };
  assert.equal(changed?.changed?.cpu[0]?.function, 'main.hot', told(both));
  assert.ok((changed.changed?.cpu[0]?.flat_percent ?? 0) > 0);
  assert.ok(existsSync(join(folder, 'reports', 'base', 'cpu.prof')));
  assert.match(await readFile(join(folder, 'ab.md'), 'utf8'), /<summary>Profile: <code>main\.hot<\/code> changed most/);
});

test('perf names the function with the work in a native service that is busy', { skip: skipPerf }, async (t) => {
  const folder = await scratch(t);
  await cp(program, folder, { recursive: true });
  const flags = ['build', '-ldflags', '-X main.work=3000000', '-o', join(folder, 'svc'), '.'];
  execFileSync('go', flags, { cwd: folder, env: { ...process.env, GOFLAGS: '-mod=mod' } });
  await writeFile(join(folder, 'llm-bench.yaml'), config.replace('duration: 3s', 'duration: 5s, with: perf'));
  const ran = await cli(t, ['run', '--no-selftest', '-o', 'out.json'], { cwd: folder });
  const { profiles } = JSON.parse(await readFile(join(folder, 'out.json'), 'utf8')) as { profiles: Profiles };
  assert.equal(profiles?.taken_by, 'perf', told(ran));
  const [first] = profiles.cpu?.top ?? [];
  assert.match(first?.function ?? '', /^main\.hot /, told(ran));
  // 99 a second of a service that is never idle; a busy machine leaves it some of a core.
  assert.ok(Number.parseInt(first?.flat ?? '', 10) > 60, JSON.stringify(profiles.cpu));
});
