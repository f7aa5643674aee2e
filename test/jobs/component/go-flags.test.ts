import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchCommand, benchEnvironment, listCommand, listedOf } from '../../../src/jobs/component/go-flags.ts';

const entry = {
  name: 'go',
  run: "cd x && go test -run=^$ -bench '.' -benchmem -benchtime=1000x -count 6 ./... | tee out.txt",
  format: 'go-bench' as const,
  read: [],
  timeoutSeconds: 60,
  series: [
    { pattern: 'BenchmarkA(\\d+)', path: 'a/size_$1' },
    { pattern: 'BenchmarkB', path: 'b' },
    { pattern: 'BenchmarkA_Other', path: 'a/other' },
  ],
};
const plain = { only: null, quick: false, once: false };

test('a command is left as it is where nothing is asked for', () => {
  assert.equal(benchCommand(entry, plain), entry.run);
});

test('flags of go test take the place of its own, wherever it stands in the command', () => {
  assert.equal(
    benchCommand(entry, { ...plain, quick: true, once: true }),
    "cd x && go test -benchtime=100ms -count=1 -run=^$ -bench '.' -benchmem ./... | tee out.txt",
  );
  assert.equal(
    benchCommand(entry, { ...plain, only: 'a' }),
    "cd x && go test -bench='^(BenchmarkA(\\d+)|BenchmarkA_Other)$' -run=^$ -benchmem -benchtime=1000x -count 6 ./... | tee out.txt",
  );
});

test('other tools hear of it by the environment', () => {
  assert.equal(benchCommand({ ...entry, run: 'pytest', format: 'pytest-benchmark' }, { ...plain, quick: true, only: 'a' }), 'pytest');
  const environment = benchEnvironment({ ...plain, quick: true, only: 'a' });
  assert.equal(environment['LLM_BENCH_ONLY'], 'a');
  assert.match(environment['PYTEST_ADDOPTS'] ?? '', /--benchmark-max-time/);
  assert.deepEqual(benchEnvironment(plain), {});
});

test('what a command runs by itself is listed first, so that a component is not run by every command of its package', () => {
  const list = "cd x && go test -list='.' -run=^$ -benchmem -benchtime=1000x -count 6 ./... | tee out.txt";
  assert.equal(listCommand(entry), list);
  assert.equal(listCommand({ ...entry, run: 'go test ./...' }), null);
  assert.equal(listCommand({ ...entry, run: 'pytest', format: 'pytest-benchmark' }), null);
  const names = listedOf(entry, 'a', ['BenchmarkA1', 'BenchmarkA_Other', 'BenchmarkB', 'TestA1', 'ok  \texample.com/x\t0.01s']);
  assert.deepEqual(names, ['BenchmarkA1', 'BenchmarkA_Other']);
  assert.match(benchCommand(entry, { ...plain, only: 'a' }, names), /-bench='\^\(BenchmarkA1\|BenchmarkA_Other\)\$'/);
});
