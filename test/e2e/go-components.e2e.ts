import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Verdict } from '../../src/verdict/verdict.ts';
import { cli, scratch, told } from './support.ts';

const example = fileURLToPath(new URL('../../examples/go-components', import.meta.url));
const skip = goIsThere() ? false : 'go is not installed';

function goIsThere(): boolean {
  try {
    execFileSync('go', ['version']);
    return true;
  } catch {
    return false;
  }
}

/** The example as a repository of its own. */
async function repository(t: TestContext): Promise<string> {
  const folder = await scratch(t);
  await cp(example, folder, { recursive: true });
  const git = (...args: string[]) => execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: folder });
  git('init', '--quiet');
  git('add', '-A');
  git('commit', '--quiet', '-m', 'base');
  return folder;
}

const measure = (t: TestContext, cwd: string, budget: string) =>
  cli(
    t,
    [
      'component',
      '--run',
      "go test -run=^$ -bench='ClassifyBatch_Size10$' -benchmem -benchtime=100ms ./benchmarks/",
      '--format',
      'go-bench',
      ...['--baseline-ref', 'HEAD', '--budget', budget, '--json'],
    ],
    { cwd, env: goCache() },
  );

/** What was compiled before: else the budget goes to the standard library. */
const goCache = (): Record<string, string> => ({ GOCACHE: execFileSync('go', ['env', 'GOCACHE'], { encoding: 'utf8' }).trim() });
const rowOf = (verdict: Verdict, metric: string) =>
  verdict.series.find((row) => row.series === 'classification/batch_size_10' && row.metric === metric);

test('the example is green when nothing changed', { skip }, async (t) => {
  const ran = await measure(t, await repository(t), '30s');
  assert.equal(ran.code, 0, told(ran));
  const verdict = JSON.parse(ran.stdout) as Verdict;
  assert.equal(verdict.mode, 'paired');
  assert.equal(rowOf(verdict, 'allocs/op')?.change_percent, 0);
});

test('it is red when a benchmark is made 30% slower, and the profile names the function', { skip }, async (t) => {
  const folder = await repository(t);
  const file = join(folder, 'classify', 'classify.go');
  const source = await readFile(file, 'utf8');
  // Three tenths of every text are scored twice, without an allocation more: nearly all the time goes there.
  const slower = source.replace('\tc.score(text, scores)\n', '\tc.score(text, scores)\n\tc.score(text[:len(text)*3/10], scores)\n');
  assert.notEqual(slower, source);
  await writeFile(file, slower);
  const ran = await measure(t, folder, '120s');
  assert.equal(ran.code, 1, told(ran));
  // Each round is one number: its time per operation and the percentile made of it say the same, and whichever is sure first ends it.
  const verdict = JSON.parse(ran.stdout) as Verdict;
  const rows = ['ns/op', 'latency_s.p95'].map((metric) => rowOf(verdict, metric));
  assert.ok(
    rows.some((row) => row?.verdict === 'regressed' && (row.change_percent ?? 0) > 10),
    told(ran),
  );
  const { profiles } = JSON.parse(await readFile(join(folder, 'component_results.json'), 'utf8')) as {
    profiles: { cpu: { top: { function: string }[] } };
  };
  assert.ok(
    profiles.cpu.top.some((one) => one.function.includes('classify')),
    JSON.stringify(profiles),
  );
});
