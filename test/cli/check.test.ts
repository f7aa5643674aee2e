import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { startMock } from '../../src/mock/server.ts';
import type { ResultDocument } from '../../src/result/document.ts';
import type { Verdict } from '../../src/verdict/verdict.ts';
import { type Finished, told, Workspace } from './harness.ts';

// Latencies of about half a second, so that what a busy machine adds is small against the limit of 20%.
const pace = { decodeStepMs: 60, decodeStepMsPerSequence: 0, naturalTokens: 100, jitterPercent: 0, logEvery: 0 };
const load = ['-n', '24', '-c', '12', '--max-tokens', '8', '--model', 'm'];

/** Runs against an engine of its own, `factor` times as slow. */
async function against(workspace: Workspace, factor: number, command: string, ...args: string[]): Promise<Finished> {
  const engine = await startMock({ ...pace, slowFactor: factor });
  try {
    return await workspace.run([command, '--url', engine.url, ...load, ...args]);
  } finally {
    await engine.close();
  }
}

test('check without a baseline says what happens next and succeeds', async () => {
  await using workspace = await Workspace.open();
  const finished = await against(workspace, 0.1, 'check');
  assert.equal(finished.code, 0, told(finished));
  assert.match(finished.stderr, /No baseline yet: baseline\.json does not exist.*--set-baseline/s);
  assert.ok(existsSync(workspace.file('bench_results.json')) && existsSync(workspace.file('bench_results.md')));
});

test('a baseline that is named and not there is warned of before anything is measured, alone and beside others', async () => {
  await using workspace = await Workspace.open();
  // How fast these short runs are is not the question.
  await writeFile(workspace.file('limits.yaml'), 'max_error_rate: 5\nmax_regression_percent: 100000\n');
  const limits = ['--thresholds', 'limits.yaml'];
  const alone = await against(workspace, 0.1, 'check', '--baseline', 'mispelt.json', '-o', 'first.json', '--quiet', ...limits);
  assert.equal(alone.code, 0, told(alone));
  assert.match(alone.stderr, /^warning: No baseline yet: mispelt\.json does not exist, so only limits on values are judged/m);
  assert.match(await readFile(workspace.file('first.md'), 'utf8'), /mispelt\.json does not exist/);
  const beside = await against(workspace, 0.1, 'check', '--baseline', 'first.json', 'mispelt.json', '-o', 'second.json', ...limits);
  assert.equal(beside.code, 0, told(beside));
  assert.match(beside.stderr, /^warning: baseline passed over: mispelt\.json: does not exist/m);
  await writeFile(workspace.file('list.yaml'), 'one: { load: { requests: 2 } }\ntwo: { load: { requests: 2 } }\n');
  const all = await workspace.run(['run-all', '--scenarios', 'list.yaml', '--baseline-file', 'mispelt.json', '--scale', '0.1']);
  assert.equal(all.code, 0, told(all));
  assert.equal(all.stderr.match(/warning: No baseline yet: mispelt\.json/g)?.length, 1);
});

test('results of a folder that stores them are a pool: of this kind of machine, before the checked-out commit, the nearest first', async () => {
  await using workspace = await Workspace.open();
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: workspace.path, encoding: 'utf8' }).trim();
  git('init', '-q');
  await writeFile(workspace.file('.gitignore'), '*.json\n*.md\nstore\n');
  await writeFile(workspace.file('llm-bench.yaml'), 'baseline: { folder: store }\nthresholds: { max_error_rate: 5 }\n');
  const commit = (message: string) => git('commit', '-q', '--allow-empty', '-m', message);
  git('add', '-A');
  commit('first');
  const engine = await startMock({ ...pace, slowFactor: 0.2 });
  try {
    const args = ['--url', engine.url, ...load];
    const first = await workspace.run(['run', ...args, '-o', 'run.json']);
    assert.equal(first.code, 0, told(first));
    const measured = JSON.parse(await readFile(workspace.file('run.json'), 'utf8')) as ResultDocument;
    const store = async (sha: string, second: number) => {
      const timestamp = new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
      await writeFile(workspace.file('one.json'), JSON.stringify({ ...measured, timestamp, admissible: true, git: { ...measured.git, sha } }));
      const pushed = await workspace.run(['baseline', 'push', 'one.json', '--store', 'folder:store']);
      assert.equal(pushed.code, 0, told(pushed));
    };
    for (let second = 0; second < 4; second++) {
      commit(`commit ${second}`);
      await store(git('rev-parse', 'HEAD'), second);
    }
    const nearest = git('rev-parse', 'HEAD');
    git('checkout', '-q', '-b', 'elsewhere', 'HEAD~2');
    commit('on another line');
    await store(git('rev-parse', 'HEAD'), 9);
    git('checkout', '-q', '-');
    commit('not measured yet');
    const checked = await workspace.run(['check', ...args, '-o', 'checked.json']);
    const { mode, baseline, notes } = JSON.parse(await readFile(workspace.file('checked.verdict.json'), 'utf8')) as Verdict;
    assert.deepEqual([mode, baseline?.runs, baseline?.sha, baseline?.distance], ['screen', 4, nearest, 1], told(checked));
    assert.match(notes.join('\n'), /One stored run is of commits that do not come before the base/);
  } finally {
    await engine.close();
  }
});

test('a file that says mode: paired for the workflow: run measures as ever, check says so before anything is started', async () => {
  await using workspace = await Workspace.open();
  await writeFile(workspace.file('llm-bench.yaml'), 'mode: paired\n');
  const measured = await against(workspace, 0.1, 'run');
  assert.equal(measured.code, 0, told(measured));
  const engine = await startMock(pace);
  try {
    for (const args of [[], ['--baseline', 'bench_results.json']]) {
      const checked = await workspace.run(['check', '--url', engine.url, ...load, ...args, '-o', 'checked.json']);
      assert.equal(checked.code, 2, told(checked));
      assert.match(checked.stderr, /mode paired.*llm-bench ab/s);
    }
  } finally {
    await engine.close();
  }
  assert.ok(!existsSync(workspace.file('checked.json')));
});

test('the way of a newcomer: run, set the baseline, check; the same again is ok', async () => {
  await using workspace = await Workspace.open();
  const first = await against(workspace, 1, 'run');
  assert.equal(first.code, 0, told(first));
  const set = await workspace.run(['compare', '--set-baseline']);
  assert.equal(set.code, 0, told(set));
  const finished = await against(workspace, 1, 'check', '-o', 'again.json');
  assert.equal(finished.code, 0, told(finished));
  const verdict = JSON.parse(await readFile(workspace.file('again.verdict.json'), 'utf8')) as Verdict;
  assert.ok(['ok', 'warn', 'improved'].includes(verdict.verdict), verdict.verdict);
  assert.equal(verdict.mode, 'rules');
  assert.match(await readFile(workspace.file('again.md'), 'utf8'), /llm-bench/);
  assert.match(finished.stdout, /Baseline/);
});

test('a slow-down of 30% turns the check red and names the p95 of the latency', async () => {
  await using workspace = await Workspace.open();
  assert.equal((await against(workspace, 1, 'run', '-o', 'fast.json')).code, 0);
  const finished = await against(workspace, 1.3, 'check', '--baseline', 'fast.json');
  assert.equal(finished.code, 1, told(finished));
  assert.match(finished.stdout, /❌ llm-bench: .*[Ll]atency p95 regressed by \d+/);
  const verdict = JSON.parse(await readFile(workspace.file('bench_results.verdict.json'), 'utf8')) as Verdict;
  assert.equal(verdict.verdict, 'regressed');
  const row = verdict.series.find(({ metric }) => metric === 'latency_s.p95');
  assert.equal(row?.verdict, 'regressed');
  assert.ok((row?.change_percent ?? 0) > 20 && (row?.change_percent ?? 0) < 60, `${row?.change_percent}%`);
  const quiet = await against(workspace, 1.3, 'check', '--baseline', 'fast.json', '--quiet');
  assert.equal(quiet.code, 1, told(quiet));
  assert.match(quiet.stdout, /regressed/);
  const lenient = await against(workspace, 1.3, 'check', '--baseline', 'fast.json', '--fail-on', 'never', '--json');
  assert.equal(lenient.code, 0, told(lenient));
  assert.equal(JSON.parse(lenient.stdout).scenario, 'default');
});

for (const [what, content, expected] of [
  ['is not JSON', 'no json', /broken\.json/],
  ['is cut short', '{"schema_version": 1, "series": [', /broken\.json/],
  ['is of a newer version', '{"schema_version": 99, "series": []}', /broken\.json.*(version|newer)/s],
] as const) {
  test(`a baseline that ${what} is told before anything is started`, async () => {
    await using workspace = await Workspace.open();
    await writeFile(workspace.file('broken.json'), content);
    const finished = await workspace.run(['check', '--command', 'touch started; exec sleep 150', '--baseline', 'broken.json', '-n', '3']);
    assert.equal(finished.code, 2, told(finished));
    assert.match(finished.stderr, expected);
    assert.ok(!existsSync(workspace.file('started')));
  });
}

test('a limit on the value itself is judged without a baseline, by run as well', async () => {
  await using workspace = await Workspace.open();
  await writeFile(workspace.file('limits.yaml'), 'series: { "*": { latency_s.p95: { max: 0.001 } } }\n');
  for (const command of ['run', 'check']) {
    const finished = await against(workspace, 0.1, command, '--thresholds', 'limits.yaml');
    assert.equal(finished.code, 1, told(finished));
    assert.match(finished.stdout, /[Ll]atency p95/);
  }
});
