import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asOneRun, onlyComponent, withDerived } from '../../../src/result/components/derived.ts';
import { joinResults } from '../../../src/result/components/join.ts';
import { namedComponents, pathOf } from '../../../src/result/components/named.ts';
import { importText } from '../../../src/result/import/import.ts';
import { valueAt } from '../../../src/result/metric-values.ts';

const names = [
  { pattern: 'BenchmarkClassifyBatch_Size(\\d+)', path: 'classification/batch_size_$1' },
  { pattern: 'BenchmarkClassify(Category|PII)', path: 'classification/$1' },
  { pattern: 'BenchmarkEvaluateDecisions_(\\w+)', path: 'decision/$1' },
  { pattern: 'BenchmarkExtProc(\\w*)', path: 'extproc/$1' },
  { pattern: 'BenchmarkCache_(HNSW|Linear)', path: 'cache/search_$1' },
];

const output = `
goos: linux
pkg: example.com/x
BenchmarkClassifyBatch_Size10-4   100   2000 ns/op   0.5 p95-ms   120 B/op   2 allocs/op
BenchmarkClassifyBatch_Size10-4   100   2200 ns/op   0.7 p95-ms   120 B/op   2 allocs/op
BenchmarkCache_HNSW-4    100   1000 ns/op   0.9 hit-rate   3 B/op   0 allocs/op
BenchmarkCache_Linear-4  100   3000 ns/op   0.9 hit-rate   3 B/op   0 allocs/op
BenchmarkOther-4         100   10 ns/op
`;
const imported = () => importText(output, 'out', 'go-bench');

test('benchmark names become the paths of thresholds; what no pattern matches whole keeps its name', () => {
  assert.equal(pathOf('BenchmarkClassifyBatch_Size100', names), 'classification/batch_size_100');
  assert.equal(pathOf('BenchmarkClassifyPII', names), 'classification/pii');
  assert.equal(pathOf('BenchmarkEvaluateDecisions_SingleDomain', names), 'decision/single_domain');
  assert.equal(pathOf('BenchmarkExtProc', names), 'extproc');
  assert.equal(pathOf('BenchmarkExtProcStreaming', names), 'extproc/streaming');
  assert.equal(pathOf('BenchmarkClassifyPIIFast', names), 'BenchmarkClassifyPIIFast');
  fc.assert(fc.property(fc.string(), (name) => pathOf(name, names).length > 0 || name === ''));
});

test('own percentiles become latency_s, hit-rate becomes hit_rate, in the series and in every run', () => {
  const document = namedComponents(imported(), names);
  const batch = document.series.find(({ id }) => id === 'classification/batch_size_10')!;
  assert.deepEqual(batch.labels, { component: 'classification', benchmark: 'BenchmarkClassifyBatch_Size10' });
  assert.equal(valueAt(batch, 'latency_s.p95'), 0.0006);
  assert.equal(valueAt(batch, 'latency_s.p50'), null);
  assert.equal(document.runs[1]?.values[batch.id]?.['latency_s.p95'], 0.0007);
  const cache = document.series.find(({ id }) => id === 'cache/search_hnsw')!;
  assert.equal(valueAt(cache, 'hit_rate'), 0.9);
  assert.equal(cache.metrics['hit_rate']?.better, 'higher');
  // Bytes without an allocation are set-up divided by the iterations.
  assert.equal(cache.metrics['B/op']?.better, 'neither');
  assert.equal(batch.metrics['B/op']?.better, 'lower');
});

test('two benchmarks of one path: the second keeps its name and that is told', () => {
  const document = namedComponents(imported(), [{ pattern: 'BenchmarkCache_\\w+', path: 'cache' }]);
  assert.deepEqual(
    document.series.map(({ id }) => id),
    ['BenchmarkClassifyBatch_Size10', 'cache', 'BenchmarkCache_Linear', 'BenchmarkOther'],
  );
  assert.match(document.imported?.notes.join() ?? '', /BenchmarkCache_Linear keeps its name: cache is BenchmarkCache_HNSW already/);
});

test('derived metrics are made for every run that has both, and only there', () => {
  const how = { unit: 'x', better: 'higher' as const };
  const document = withDerived(namedComponents(imported(), names), {
    hnsw_speedup: { series: 'cache/search_hnsw', ratio: ['cache/search_linear ns/op', 'cache/search_hnsw ns/op'], ...how },
    gone: { series: 'cache/search_hnsw', difference: ['cache/nothing ns/op', 'cache/search_hnsw ns/op'], ...how },
    nowhere: { series: 'no/such', ratio: ['cache/search_linear ns/op', 'cache/search_hnsw ns/op'], ...how },
  });
  const cache = document.series.find(({ id }) => id === 'cache/search_hnsw')!;
  assert.equal(valueAt(cache, 'hnsw_speedup'), 3);
  assert.equal(document.runs[0]?.values['cache/search_hnsw']?.['hnsw_speedup'], 3);
  assert.equal(document.runs[1]?.values['cache/search_hnsw']?.['hnsw_speedup'], undefined);
  assert.equal(cache.metrics['gone'], undefined);
});

test('one component alone; repetitions as one run; results side by side', () => {
  const document = namedComponents(imported(), names);
  const cache = onlyComponent(document, 'cache');
  assert.equal(cache.series.length, 2);
  assert.equal(cache.runs.length, 1);
  const one = asOneRun(document);
  assert.equal(one.runs.length, 1);
  assert.equal(one.runs[0]?.values['classification/batch_size_10']?.['ns/op'], 2100);
  const joined = joinResults([onlyComponent(document, 'classification'), cache]);
  assert.deepEqual(Object.keys(joined.runs[0]?.values ?? {}).sort(), ['cache/search_hnsw', 'cache/search_linear', 'classification/batch_size_10']);
  assert.equal(joined.runs.length, 2);
});
