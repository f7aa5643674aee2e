import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { UserError } from '../../../src/config/errors.ts';
import { isDistribution, type ResultDocument } from '../../../src/result/document.ts';
import { directionBy } from '../../../src/result/import/direction.ts';
import { importText } from '../../../src/result/import/import.ts';
import { importFormatNames } from '../../../src/result/import/registry.ts';
import { mergeResults } from '../../../src/result/merge.ts';
import { valueAt } from '../../../src/result/metric-values.ts';
import { parseResult } from '../../../src/result/read.ts';

const folder = fileURLToPath(new URL('../../fixtures/import/', import.meta.url));
const text = (name: string): string => readFileSync(folder + name, 'utf8');
const read = (name: string, from: string | null = null): ResultDocument => importText(text(name), name, from);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name));

/** Every value of every run, `series metric` -> values. */
function runs(document: ResultDocument): Record<string, (number | null)[]> {
  const found: Record<string, (number | null)[]> = {};
  for (const run of document.runs)
    for (const [series, values] of Object.entries(run.values))
      for (const [key, value] of Object.entries(values)) {
        const name = `${series} ${key}`;
        found[name] = [...(found[name] ?? []), value];
      }
  return found;
}

const unitOf = (document: ResultDocument, series: string, metric: string) => {
  const found = document.series.find(({ id }) => id === series)?.metrics[metric];
  return found && [found.unit, found.better];
};

/** Figures of the LLM tools under our names: ttft p50, tpot mean, itl mean, latency p50 in s, tokens/s, req/s, error rate. */
const llm: [file: string, from: string, series: string, values: (number | null)[]][] = [
  ['vllm.json', 'vllm', 'vllm/request_rate=inf/max_concurrency=8', [114, 15, 14, 0.76, 250, 4.9, 2]],
  ['guidellm.json', 'guidellm', 'guidellm/strategy=constant/rate=2', [63, 14, 12, 0.72, 180, 2, (100 * 1) / 51]],
  ['aiperf.json', 'aiperf', 'aiperf/concurrency=4', [57, 9, 9, 0.665, 320, 5, 5]],
  ['genai-perf.json', 'genai-perf', 'genai-perf/concurrency=2', [57, 9, 9, 0.665, 320, 5, null]],
  ['inference-perf.json', 'inference-perf', 'inference-perf', [95, 20, 18, 1.14, 210, 3.96, 1]],
  ['llmperf.json', 'llmperf', 'llmperf/concurrency=5/input_tokens=550/output_tokens=150', [190, 20, 20, 2.85, 240, 1.5, 4]],
];

describe('formats of LLM tools', () => {
  for (const [file, from, series, expected] of llm) {
    it(`${from}: under our names, in our units`, () => {
      const document = read(file);
      assert.equal(document.imported?.from, from);
      const found = document.series.find(({ id }) => id === series);
      assert.ok(found, document.series.map(({ id }) => id).join());
      const keys = ['ttft_ms.p50', 'tpot_ms.mean', 'itl_ms.mean', 'latency_s.p50', 'tokens_per_sec', 'requests_per_sec', 'error_rate'];
      for (const [index, key] of keys.entries()) {
        const value = valueAt(found, key);
        const wanted = expected[index] ?? null;
        if (wanted === null) assert.equal(value, null, key);
        else assert.ok(value !== null && Math.abs(value / wanted - 1) < 1e-9, `${key}: ${value}, expected ${wanted}`);
      }
      assert.deepEqual(unitOf(document, series, 'latency_s'), ['s', 'lower']);
      assert.deepEqual(unitOf(document, series, 'tokens_per_sec'), ['tokens/s', 'higher']);
    });
  }

  it('sglang: a line for each run', () => {
    const document = read('sglang.jsonl');
    assert.equal(document.runs.length, 2);
    assert.deepEqual(runs(document)['sglang/request_rate=4 ttft_ms.mean'], [80, 81.6]);
    assert.equal(document.imported?.sessions, 2);
  });

  it('guidellm: the rates of a sweep, found anew in each run, are named by their place', () => {
    const file = JSON.parse(text('guidellm.json'));
    file.args.profile = 'sweep';
    const { series } = importText(JSON.stringify(file), 'b.json', null);
    assert.deepEqual(
      series.map(({ id }) => id),
      ['guidellm/strategy=constant/sweep=0', 'guidellm/strategy=constant/sweep=1'],
    );
  });

  it('the model, the start and the requests are kept', () => {
    const { model, timestamp, results } = read('vllm.json');
    assert.deepEqual(
      [model, timestamp, results.total_requests, results.failed, results.concurrency],
      ['org/model-3b', '2026-01-31T15:45:00.000Z', 100, 2, 8],
    );
  });
});

describe('formats of load generators', () => {
  it('k6: --summary-export and handleSummary alike', () => {
    const exported = read('k6.json');
    const found = runs(exported);
    assert.deepEqual([found['k6 latency_s.p95'], found['k6 requests_per_sec'], found['k6 error_rate']], [[0.12], [20], [1]]);
    assert.deepEqual([found['k6 checks'], found['k6 http_req_waiting_ms.p95'], found['k6 login_time_ms.p95']], [[98.33], [118], [8.5]]);
    assert.deepEqual(unitOf(exported, 'k6', 'login_time_ms'), ['ms', 'lower']);
    const handled = runs(read('k6-handle-summary.json'));
    assert.deepEqual([handled['k6 latency_s.p95'], handled['k6 error_rate']], [[0.12], [0]]);
  });

  it('locust: a series for each endpoint and one for all', () => {
    const found = runs(read('locust_stats.csv'));
    assert.deepEqual(
      [found['locust latency_s.p95'], found['locust/GET /a requests_per_sec'], found['locust/POST /b,c latency_s.p50']],
      [[0.06], [10], [0.03]],
    );
    assert.deepEqual(found['locust/GET /a error_rate'], [1]);
  });

  it('wrk and wrk2: times in any unit', () => {
    const found = runs(read('wrk.txt'));
    const near = (key: string, wanted: number) => assert.ok(Math.abs((found[key]?.[0] ?? 0) / wanted - 1) < 1e-9, `${key}: ${found[key]}`);
    near('wrk latency_s.mean', 635.5e-6);
    near('wrk latency_s.p99', 4.5e-3);
    near('wrk requests_per_sec', 11200.53);
    near('wrk error_rate', (100 * 20) / 112000);
    const second = runs(read('wrk2.txt'));
    assert.ok(Math.abs((second['wrk latency_s.p999']?.[0] ?? 0) - 3.61e-3) < 1e-12);
    assert.equal(read('wrk2.txt').results.duration_seconds, 30);
  });
});

describe('formats of micro-benchmarks', () => {
  it('go-bench: -count=3 gives three runs, own units keep their names', () => {
    const document = read('go-bench.txt');
    const found = runs(document);
    assert.deepEqual(found['BenchmarkSum ns/op'], [2.27, 2.3, 2.25]);
    assert.deepEqual(found['BenchmarkSub/size=10 ns/op'], [9.234, 9.3, 9.1]);
    const units = { 'ns/op': 'lower', 'MB/s': 'higher', 'B/op': 'lower', 'allocs/op': 'lower', 'p95-ms': 'lower', 'hit-rate': 'higher' };
    for (const [unit, better] of Object.entries(units)) assert.deepEqual(unitOf(document, 'BenchmarkSum', unit), [unit, better]);
    assert.equal(document.environment.cpu_model, 'Some CPU');
    assert.deepEqual(runs(read('go-bench.jsonl'))['BenchmarkSum ns/op'], [2.5, 2.6]);
  });

  it('go-bench: a suffix that all names share is GOMAXPROCS, others tell benchmarks apart', () => {
    const bench = (...names: string[]) =>
      runs(importText(names.map((name, index) => `Benchmark${name}   \t 100\t ${index + 1} ns/op\n`).join(''), 'b.txt', null));
    assert.deepEqual(bench('A', 'A', 'A-2', 'A-2'), { 'BenchmarkA ns/op': [1, 2], 'BenchmarkA-2 ns/op': [3, 4] });
    assert.deepEqual(bench('X/batch-1', 'X/batch-8'), { 'BenchmarkX/batch-1 ns/op': [1], 'BenchmarkX/batch-8 ns/op': [2] });
    for (const cores of ['', '-4', '-16']) {
      const found = bench(`X/n=1${cores}`, `X/n=8${cores}`, `Y${cores}`);
      assert.deepEqual(Object.keys(found), ['BenchmarkX/n=1 ns/op', 'BenchmarkX/n=8 ns/op', 'BenchmarkY ns/op'], cores);
    }
    assert.deepEqual(Object.keys(bench('X/batch-1-4', 'X/batch-8-4')), ['BenchmarkX/batch-1 ns/op', 'BenchmarkX/batch-8 ns/op']);
  });

  it('hyperfine: one command with several parameters is several series', () => {
    const result = (threads: string, time: number) => ({
      command: 'srv',
      mean: time,
      times: [time, time],
      exit_codes: [0, 0],
      parameters: { threads },
    });
    const read = (...results: object[]) => runs(importText(JSON.stringify({ results }), 'h.json', null));
    assert.deepEqual(read(result('8', 0.2), result('1', 1)), { 'srv/threads=8 time_s': [0.2, 0.2], 'srv/threads=1 time_s': [1, 1] });
    assert.deepEqual(read(result('8', 0.2), result('8', 1)), { 'srv time_s': [0.2, 0.2, 1, 1] });
  });

  it('hyperfine: each time is a run; a command that failed is told', () => {
    const document = read('hyperfine.json');
    assert.deepEqual(runs(document)['sleep 0.01 time_s'], [0.0112, 0.0115, 0.0111, 0.0113, 0.0114]);
    assert.deepEqual(document.imported?.notes, ['tool --fast: 1 of 2 runs ended with an error']);
  });

  it('pytest-benchmark and vitest: one run of a process', () => {
    const document = read('pytest-benchmark.json');
    assert.deepEqual(runs(document)['test_x.py::test_a time_s'], [1e-5]);
    assert.match(document.git.sha ?? '', /^0123456789/);
    assert.deepEqual(runs(read('vitest.json'))['a.bench.ts/sort/normal time_ms'], [0.025]);
  });

  it('google-benchmark: repetitions are runs, in ns; what failed is told', () => {
    const document = read('google-benchmark.json');
    assert.deepEqual(runs(document)['BM_Copy/64 real_time_ns'], [10_000, 11_000]);
    assert.deepEqual(unitOf(document, 'BM_Copy/64', 'items_per_second'), ['items/s', 'higher']);
    assert.deepEqual(unitOf(document, 'BM_Copy/64', 'misses'), ['', 'lower']);
    assert.deepEqual(document.imported?.notes, ['BM_Bad failed: no file']);
  });

  it('criterion: estimates by their path, printed lines, messages', () => {
    const path = 'target/criterion/fib/20/new/estimates.json';
    assert.deepEqual(runs(importText(text('criterion/fib/20/new/estimates.json'), path, null)), { 'fib/20 time_ns': [26050] });
    const found = runs(read('criterion.txt'));
    assert.deepEqual([found['fib_20 time_ns'], found['copy MB/s'], found['fib 20 time_ns']], [[26050], [976], [26251]]);
    assert.deepEqual(found['a_group/with a very long name time_ns'], [1.051 * 1e6]);
    assert.deepEqual(runs(read('criterion.jsonl')), { 'fib/20 time_ns': [26050] });
  });

  it('jmh: each fork is a run', () => {
    const document = read('jmh.json');
    assert.deepEqual(runs(document)['Bench.parse/size=10 thrpt'], [101, 109]);
    assert.deepEqual(unitOf(document, 'Bench.parse/size=10', 'thrpt'), ['ops/us', 'higher']);
    assert.deepEqual(unitOf(document, 'Bench.print', 'avgt'), ['ns/op', 'lower']);
  });

  it('custom: direction by unit, or as told', () => {
    const document = read('custom.json');
    assert.deepEqual(unitOf(document, 'Startup', 'value'), ['ms', 'lower']);
    assert.deepEqual(unitOf(document, 'Throughput', 'value'), ['req/s', 'higher']);
    assert.deepEqual(unitOf(document, 'CPU Load', 'value'), ['Percent', 'neither']);
    const told = importText(text('custom.json'), 'custom.json', 'custom', { direction: 'higher' });
    assert.deepEqual(unitOf(told, 'CPU Load', 'value'), ['Percent', 'higher']);
  });

  it('a table: runs by their column, statistics by the metric or a column, direction by a column', () => {
    const document = read('runs.csv');
    assert.deepEqual(runs(document)['chat latency_ms'], [101, 102, 103, 104, 105, 106]);
    assert.equal(document.imported?.sessions, 6);
    const table = 'series,metric,stat,value,unit,better\na,ttft_ms,p95,10,ms,\na,ttft_ms,p50,5,ms,\na,size,,7,kB,lower\na,ttft_ms,p95,11,ms,\n';
    const stats = importText(table, 't.csv', null);
    assert.deepEqual(runs(stats)['a ttft_ms.p95'], [10, 11]);
    assert.deepEqual(runs(stats)['a ttft_ms.p50'], [5]);
    assert.deepEqual(unitOf(stats, 'a', 'size'), ['kB', 'lower']);
    assert.deepEqual(runs(importText('a,1,x,3,ms\na,2,x,4,ms\n', 'bare.csv', null)), { 'a x': [3, 4] });
  });
});

describe('a table with units of its own', () => {
  const one = (row: string) => importText(`series,run,metric,value,unit\n${row}\n`, 't.csv', null);

  it('is converted to the units of our metrics', () => {
    const cases: [row: string, key: string, value: number, unit: string][] = [
      ['a,1,latency_s.p95,900,ms', 'latency_s.p95', 0.9, 's'],
      ['a,1,ttft_ms.p95,0.9,s', 'ttft_ms.p95', 900, 'ms'],
      ['a,1,ttft_ms,900,usec', 'ttft_ms.p50', 0.9, 'ms'],
      ['a,1,error_rate,0.2,ratio', 'error_rate', 20, '%'],
      ['a,1,error_rate,0.2,Percent', 'error_rate', 0.2, '%'],
      ['a,1,tokens_per_sec,600,tokens/min', 'tokens_per_sec', 10, 'tokens/s'],
      ['a,1,requests_per_sec,5,requests/sec', 'requests_per_sec', 5, 'req/s'],
      ['a,1,ttft_ms,5,', 'ttft_ms.p50', 5, 'ms'],
    ];
    for (const [row, key, value, unit] of cases) {
      const document = one(row);
      const found = runs(document)[`a ${key}`]?.[0] ?? Number.NaN;
      assert.ok(Math.abs(found / value - 1) < 1e-12, `${row}: ${found}`);
      assert.equal(document.series[0]?.metrics[key.split('.')[0] as string]?.unit, unit, row);
    }
  });

  it('is refused where a unit is of another kind, but metrics of other names keep whatever unit they have', () => {
    for (const row of ['a,1,latency_s.p95,900,MB', 'a,1,tokens_per_sec,5,ms', 'a,1,error_rate,5,errors', 'a,1,requests_per_sec,5,tokens/s'])
      assert.throws(() => one(row), /t\.csv:2: \w+ is in .*, found the unit/, row);
    assert.deepEqual(runs(one('a,1,queue wait,900,us')), { 'a queue wait': [900] });
  });
});

describe('importing', () => {
  it('knows every fixture by its content, and has a fixture for every format', () => {
    const seen = files.map((name) => {
      const document = read(name);
      assert.ok(document.series.length > 0 && document.runs.length > 0, name);
      for (const from of importFormatNames.filter((one) => one !== document.imported?.from))
        assert.throws(() => importText(text(name), name, from), UserError, `${name} as ${from}`);
      assert.equal(parseResult(text(name), name).imported?.from, document.imported?.from);
      return document.imported?.from;
    });
    assert.deepEqual([...new Set(seen)].sort(), [...importFormatNames].sort());
  });

  it('several files are several runs; units that differ are named', () => {
    const one = read('custom.json');
    const merged = mergeResults([one, one], ['a.json', 'b.json']);
    assert.deepEqual(runs(merged)['Startup value'], [120.5, 120.5]);
    assert.equal(merged.imported?.sessions, 2);
    const other = importText('[{"name": "Startup", "unit": "s", "value": 1}]', 'b.json', null);
    assert.throws(() => mergeResults([one, other], ['a.json', 'b.json']), /Startup: it is in ms in a\.json and in s in b\.json/);
  });

  it('says what is wrong with a file that cannot be used', () => {
    const refusals: [string, string, string | null, RegExp][] = [
      ['', 'a.json', null, /a\.json is empty/],
      ['hello\n', 'a.txt', null, /a\.txt is of no format that is known/],
      ['{"a": 1}', 'a.json', null, /of no format that is known/],
      [text('vllm.json').slice(0, 200), 'a.json', null, /a\.json is cut short/],
      [text('vllm.json'), 'a.json', 'k6', /a\.json is not the JSON of `k6.*looks like the JSON of `vllm/s],
      ['[{"name": "x", "value": "much"}]', 'a.json', null, /a\.json holds no benchmark result.*a\.json\[0\]: value of x left out: NaN/s],
      ['[{"name": "x", "value": NaN}]', 'a.json', null, /holds no benchmark result/],
      ['{"benchmarks": [{"name": "x", "stats": {"rounds": 0}}]}', 'a.json', null, /holds no benchmark result/],
      ['series,metric,value,better\na,b,1,up\n', 'a.csv', null, /a\.csv:2: expected lower, higher or neither/],
      ['series,metric,value\n"a,b,1\n', 'a.csv', null, /a\.csv:\d+ is no table/],
    ];
    for (const [content, name, from, message] of refusals) {
      assert.throws(
        () => importText(content, name, from),
        (error) =>
          (error instanceof UserError && error.exitCode === 2 && message.test(error.message)) || assert.fail(`${content.slice(0, 40)}: ${error}`),
      );
    }
  });

  it('leaves out and names what is no finite number, by its line', () => {
    const document = importText('series,run,metric,value,unit\na,1,x,NaN,ms\na,2,x,5,ms\na,3,x,inf,ms\na,4,x,,ms\na,4,y,0,ms\n', 't.csv', null);
    assert.deepEqual(runs(document), { 'a x': [5], 'a y': [0] });
    assert.deepEqual(document.imported?.notes.length, 3);
    assert.ok(document.imported?.notes.some((note) => note.startsWith('t.csv:2: x of a left out: NaN')));
  });

  it('survives writing and reading', () => {
    for (const name of files) {
      const document = read(name);
      assert.deepEqual(parseResult(JSON.stringify(document), 'again.json'), document, name);
    }
  });

  it('never ends in anything but a result or a UserError', () => {
    const mutated = fc
      .tuple(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(), fc.constantFrom('', '{', ']', 'NaN', '-1e999', ',', '"', 'null', '\n', '%', '[]')), { maxLength: 6 }),
      )
      .map(([name, edits]) => {
        let content = text(name);
        for (const [at, piece] of edits) {
          const start = at % (content.length + 1);
          content = content.slice(0, start) + piece + content.slice(start + (at % 7));
        }
        return content;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.string({ unit: 'binary' }), fc.json()), fc.constantFrom(null, ...importFormatNames), (content, from) => {
        try {
          const document = importText(content, 'f.csv', from);
          for (const { metrics } of document.series)
            for (const metric of Object.values(metrics))
              if (!isDistribution(metric)) assert.ok(metric.value === null || Number.isFinite(metric.value));
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
        try {
          parseResult(content, 'f.json');
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('directionBy', () => {
  it('goes by the documented rule', () => {
    const lower = ['ns/op', 'ms', 'allocs/op', 'ns/iter', 'seconds', 'p95-ms', 'error-rate', 'drops/s', 's/req'];
    const higher = ['MB/s', 'req/sec', 'ops', 'iter/sec', 'hit-rate', 'ops/us', 'items/s', 'tokens per second'];
    const joined = [
      'GB_sec',
      'MB_s',
      'events_sec',
      'kb sec',
      'Mbps',
      'MiBps',
      'GFLOPS',
      'Mhz',
      'requests_per_sec',
      'Events Per Second',
      'hits/s',
      'opsPerSec',
      'msgs/s',
    ];
    for (const unit of joined) assert.equal(directionBy(unit), 'higher', unit);
    for (const unit of ['time_sec', 'latency_s', 'p99_ms', 'load sec']) assert.equal(directionBy(unit), 'lower', unit);
    for (const unit of lower) assert.equal(directionBy(unit), 'lower', unit);
    for (const unit of higher) assert.equal(directionBy(unit), 'higher', unit);
    for (const unit of ['MB', 'KiB', 'bytes', 'allocations']) assert.equal(directionBy(unit), 'lower', unit);
    for (const unit of ['', 'Percent', 'widgets']) assert.equal(directionBy(unit), 'neither', unit);
    assert.equal(directionBy('MB', 'write throughput'), 'higher');
  });

  it('takes a rate for better when higher, also for each of something, whatever it is a rate of', () => {
    const rates = ['tokens/sec/user', 'tok/s/GPU', 'req/s/node', 'GB/s/core', 'requests per ms', 'Mops', '1/s', 's^-1', 'tokens/min', 'k req/s'];
    for (const unit of rates) assert.equal(directionBy(unit), 'higher', unit);
    for (const name of ['parser: error handling', 'cache miss path', 'retry throughput', 'timeouts_disabled', 'train loss step', 'drop']) {
      for (const unit of ['ops/sec', 'req/s', 'tokens/s', 'bytes/s', 'ops']) assert.equal(directionBy(unit, '', name), 'higher', `${unit} ${name}`);
      assert.equal(directionBy('ms', '', name), 'lower', name);
    }
    for (const unit of [
      'errors/s',
      'failed requests/s',
      'timeouts per second',
      'error_rate',
      'failures',
      'ms/token',
      'cycles/byte',
      'us/op',
      'seconds per image',
    ])
      assert.equal(directionBy(unit), 'lower', unit);
    for (const metric of ['errors', 'failed_requests_per_sec', 'timeout rate']) assert.equal(directionBy('req/s', metric), 'lower', metric);
    assert.equal(directionBy('1/s', '', 'errors'), 'lower');
    assert.equal(directionBy('%', 'cache miss rate'), 'lower');
    assert.equal(directionBy('score (higher is better)'), 'higher');
  });

  it('knows units by their long and short names', () => {
    for (const unit of ['msec', 'usec', 'nsec', 'hours', 'h', 'Milliseconds', 'microsecond', 'Megabytes', 'kilobytes', 'GiB', 'Mebibytes'])
      assert.equal(directionBy(unit), 'lower', unit);
    assert.equal(directionBy('Megabytes', '', 'Memory Free'), 'higher');
    assert.equal(directionBy('', 'tokens_per_sec_per_user'), 'higher');
    assert.equal(directionBy('', 'ttft'), 'lower');
    assert.equal(directionBy('', 'time_per_output_token_ms'), 'lower');
  });
});
