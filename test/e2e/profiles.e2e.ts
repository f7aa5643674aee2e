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
const skip = goIsThere() ? false : 'go is not installed';

function goIsThere(): boolean {
  try {
    execFileSync('go', ['version']);
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
