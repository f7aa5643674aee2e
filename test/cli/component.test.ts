import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Workspace } from './harness.ts';

const line = (name: string, nanoseconds: number, more = '') => `${name}-2 1000 ${nanoseconds} ns/op ${more} 64 B/op 2 allocs/op`;
const prints = (...lines: string[]) => `printf '%s\\n' ${lines.map((text) => `'${text}'`).join(' ')}`;
const fast = [line('BenchmarkClassifyBatch_Size1', 1000, '0.5 p95-ms'), line('BenchmarkPrioritySelection', 500, '0.001 p95-ms')];

async function run(workspace: Workspace, ...args: string[]) {
  return workspace.run(['component', ...args]);
}

test('runs a command, reads what it prints and judges it by the names of thresholds', async () => {
  await using workspace = await Workspace.open();
  const green = await run(workspace, '--run', prints(...fast), '--format', 'go-bench', '-o', 'base.json');
  assert.equal(green.code, 0, green.stderr);
  const base = await workspace.result('base.json');
  assert.deepEqual(
    base.series.map(({ id }) => id),
    ['classification/batch_size_1', 'decision/priority_selection'],
  );
  assert.equal(base.scenario, 'components');
  assert.notEqual(base.cohort, '');

  const slower = [line('BenchmarkClassifyBatch_Size1', 1300, '0.5 p95-ms'), line('BenchmarkPrioritySelection', 510, '0.001 p95-ms')];
  const red = await run(workspace, '--run', prints(...slower), '--format', 'go-bench', '--baseline', 'base.json', '--json');
  assert.equal(red.code, 1, red.stderr);
  const rows = (JSON.parse(red.stdout) as { series: { series: string; metric: string; verdict: string; limit_percent: number }[] }).series;
  const row = (series: string, metric: string) => rows.find((one) => one.series === series && one.metric === metric);
  assert.equal(row('classification/batch_size_1', 'ns/op')?.verdict, 'regressed');
  assert.equal(row('classification/batch_size_1', 'ns/op')?.limit_percent, 10);
  assert.equal(row('classification/batch_size_1', 'allocs/op')?.limit_percent, 1);
  assert.equal(row('decision/priority_selection', 'ns/op')?.verdict, 'ok');
});

test('a broken limit on a p95 is red without a baseline', async () => {
  await using workspace = await Workspace.open();
  const slow = line('BenchmarkClassifyBatch_Size1', 1000, '10.5 p95-ms');
  const { code, stdout } = await run(workspace, '--run', prints(slow), '--format', 'go-bench');
  assert.equal(code, 1);
  assert.match(stdout, /10\.5 ms/);
});

test('a limit without its metric is an error, and what was measured is kept', async () => {
  await using workspace = await Workspace.open();
  const { code, stderr } = await run(workspace, '--run', prints(line('BenchmarkClassifyBatch_Size1', 1000)), '--format', 'go-bench');
  assert.equal(code, 2);
  assert.match(stderr, /classification\/batch_size_1: latency_s\.p95 has max 0\.01 \(default\), but BenchmarkClassifyBatch_Size1 reports no p95-ms/);
  assert.equal((await workspace.result('component_results.json')).series.length, 1);

  const limits = '{ classification: { batch_size_7: { max_p95_latency_ms: 3 } } }';
  const file = `component: { run: ${JSON.stringify(prints(...fast))}, format: go-bench }\nthresholds: { component_benchmarks: ${limits} }\n`;
  await writeFile(workspace.file('llm-bench.yaml'), file);
  const gone = await run(workspace);
  assert.equal(gone.code, 2);
  assert.match(gone.stderr, /classification\/batch_size_7: .*llm-bench\.yaml:2.*no benchmark of that name was run/);
});

test('a command without a benchmark is exit 2, one that fails is exit 4; what it measured before is kept as partial', async () => {
  await using workspace = await Workspace.open();
  const none = await run(workspace, '--run', 'echo nothing here', '--format', 'go-bench');
  assert.equal(none.code, 2);
  assert.match(none.stderr, /The command was: echo nothing here[\s\S]*\| nothing here/);

  const failed = await run(workspace, '--run', `${prints(...fast)}; echo broken >&2; exit 3`, '--format', 'go-bench');
  assert.equal(failed.code, 4);
  assert.match(failed.stderr, /failed after .* exit status 3[\s\S]*\| broken/);
  const kept = await workspace.result('component_results.json');
  assert.equal(kept.partial, true);
  assert.equal(kept.admissible, false);
  assert.equal(kept.series.length, 2);
  assert.match(kept.validity.checks.map(({ detail }) => detail).join(), /exit status 3/);

  const late = await run(workspace, '--run', 'sleep 60', '--format', 'go-bench', '--timeout', '0.3');
  assert.equal(late.code, 4);
  assert.match(late.stderr, /took longer than 0\.3 s and was stopped/);
});

test('files that the command writes are read; old ones are not taken for new', async () => {
  await using workspace = await Workspace.open();
  const json = '[{"name":"sort","unit":"ms","value":12}]';
  const { code, stderr } = await run(workspace, '--run', `echo '${json}' > out.json`, '--format', 'custom', '--read', '*.json');
  assert.equal(code, 0, stderr);
  assert.equal((await workspace.result('component_results.json')).series[0]?.id, 'sort');
  const stale = await run(workspace, '--run', 'touch -d 2001-01-01 out.json', '--format', 'custom', '--read', 'out.json');
  assert.equal(stale.code, 2);
  assert.match(stale.stderr, /1 match, none written by this run/);
});

test('entries of llm-bench.yaml: own names, settings as environment, setup; one component alone', async () => {
  await using workspace = await Workspace.open();
  const entries = [
    'component:',
    '  - name: sorting',
    '    setup: [echo ready > set-up]',
    '    run: test -f set-up && echo "BenchmarkSort_$LLM_BENCH_CACHE_CACHE_SIZES-2 10 ${LLM_BENCH_SORT_ROUNDS} ns/op"',
    '    format: go-bench',
    '    series: { "BenchmarkSort_(\\\\d+),.*": sort/size_$1 }',
    '  - name: decisions',
    `    run: echo 'BenchmarkPrioritySelection 10 5 ns/op 0.1 p95-ms'`,
    '    format: go-bench',
  ];
  await writeFile(workspace.file('llm-bench.yaml'), `${entries.join('\n')}\n`);
  const { mkdir } = await import('node:fs/promises');
  await mkdir(workspace.file('config'));
  await writeFile(workspace.file('config', 'perf.yaml'), 'benchmark_config: { sort: { rounds: 77 } }\n');
  const { code, stderr } = await run(workspace);
  assert.equal(code, 0, stderr);
  const result = await workspace.result('component_results.json');
  assert.deepEqual(
    result.series.map(({ id, metrics }) => [id, (metrics['ns/op'] as { value: number }).value]),
    [
      ['sort/size_1000', 77],
      ['decision/priority_selection', 5],
    ],
  );
  assert.equal((await run(workspace, '--only', 'decision')).code, 0);
  assert.equal((await workspace.result('component_results.json')).series.length, 1);
  const unknown = await run(workspace, '--only', 'dicision');
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /no benchmark of the component "dicision"/);
});

test('what cannot be is said before anything runs', async () => {
  await using workspace = await Workspace.open();
  assert.match((await run(workspace)).stderr, /expected a command to run, found none/);
  assert.equal((await run(workspace, '--run', 'true')).code, 2);
  await writeFile(workspace.file('llm-bench.yaml'), 'component: { run: "touch ran", format: gobench, tiemout: 3 }\n');
  const wrong = await run(workspace);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /gobench.*did you mean "go-bench"/);
  assert.match(wrong.stderr, /"tiemout"/);
});

test('ab --component measures base and head in turn; a count that is the same in every round is ok, and flags of a service are refused', async () => {
  await using workspace = await Workspace.open();
  await writeFile(workspace.file('llm-bench.yaml'), `component: { run: ${JSON.stringify(prints(...fast))}, format: go-bench }\nprofile: never\n`);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: workspace.file('.') });
  git('init', '--quiet');
  git('add', '-A');
  git('commit', '--quiet', '-m', 'base');
  const { code, stdout, stderr } = await workspace.run([
    'ab',
    '--component',
    'classification',
    '--baseline-ref',
    'HEAD',
    '--budget',
    '3s',
    '--format',
    'json',
    '-o',
    'ab.json',
  ]);
  assert.equal(code, 0, stderr);
  const verdict = JSON.parse(stdout) as {
    mode: string;
    series: { series: string; metric: string; verdict: string; change_percent: number | null }[];
  };
  assert.equal(verdict.mode, 'paired');
  const counts = verdict.series.filter(({ metric }) => metric === 'allocs/op');
  assert.deepEqual(
    counts.map(({ series, verdict: row, change_percent: change }) => [series, row, change]),
    [['classification/batch_size_1', 'ok', 0]],
  );
  assert.equal((await workspace.result('ab.json')).scenario, 'components');
  const refused = await workspace.run(['ab', '--component', '--baseline-ref', 'HEAD', '--base-url', 'http://127.0.0.1:1']);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /leave out --base-url/);
  assert.equal((await workspace.run(['ab', '--component'])).code, 2);
});
