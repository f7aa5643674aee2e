import assert from 'node:assert/strict';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../src/config/errors.ts';
import { isDistribution } from '../../src/result/document.ts';
import { maxResultBytes, parseResult, readResult } from '../../src/result/read.ts';

function refusal(text: string): UserError {
  try {
    parseResult(text, 'base.json');
  } catch (error) {
    assert.ok(error instanceof UserError, `expected a UserError, got ${error}`);
    assert.equal(error.exitCode, 2);
    assert.match(error.message, /base\.json/);
    return error;
  }
  assert.fail('expected a refusal');
}

const minimal = {
  results: { total_requests: 10, successful: 9, failed: 1 },
  series: [{ id: 'chat', metrics: { error_rate: { unit: '%', better: 'lower', value: 10 } } }],
};

describe('parseResult', () => {
  it('fills in what a hand-made document leaves out', () => {
    const document = parseResult(JSON.stringify(minimal), 'base.json');
    assert.equal(document.schema_version, 1);
    assert.equal(document.partial, false);
    assert.equal(document.validity.valid, true);
    assert.equal(document.admissible, true);
    assert.deepEqual(document.runs, []);
    assert.equal(document.results.error_rate, 10);
    assert.equal(document.results.ttft_ms, null);
    assert.equal(document.git.sha, null);
  });

  it('keeps members that this version does not know', () => {
    const document = parseResult(JSON.stringify({ ...minimal, future: { a: [1] }, results: { ...minimal.results, grade: 'A' } }), 'base.json');
    assert.deepEqual(document['future'], { a: [1] });
    assert.equal(document.results['grade'], 'A');
  });

  it('derives one series from a document of the older suites', () => {
    const old = {
      timestamp: '2026-01-26T17:01:07.665394',
      target: 'llamacpp-local',
      scenario: 'latency_benchmark',
      base_url: 'http://localhost:8080',
      model: 'some-model',
      results: {
        total_requests: 100,
        successful: 98,
        failed: 2,
        success_rate: 98.0,
        ttft_ms: { mean: 180, p50: 190, p95: 199, p99: 200 },
        latency_s: { mean: 1.85, p50: 1.91, p95: 1.99, p99: 2.05 },
        throughput: { tokens_per_sec: 125.5, requests_per_sec: 2.5 },
        mlperf_compliant: true,
      },
    };
    const { series, results, tool } = parseResult(JSON.stringify(old), 'base.json');
    assert.equal(series.length, 1);
    assert.equal(series[0]!.id, 'latency_benchmark');
    assert.deepEqual(series[0]!.labels, { scenario: 'latency_benchmark', target: 'llamacpp-local', model: 'some-model' });
    const latency = series[0]!.metrics['latency_s']!;
    assert.ok(isDistribution(latency));
    assert.deepEqual([latency.unit, latency.better, latency.p95, latency.p90, latency.count], ['s', 'lower', 1.99, null, 98]);
    assert.deepEqual(series[0]!.metrics['tokens_per_sec'], { unit: 'tokens/s', better: 'higher', value: 125.5 });
    assert.deepEqual(series[0]!.metrics['error_rate'], { unit: '%', better: 'lower', value: 2 });
    assert.equal(results.error_rate, 2);
    assert.equal(tool.name, '');
  });

  it('reads a time in seconds since 1970', () => {
    assert.equal(parseResult(JSON.stringify({ ...minimal, timestamp: 1704067200.0 }), 'base.json').timestamp, '2024-01-01T00:00:00.000Z');
  });

  it('reads NaN and infinities, however they are written, as not measured', () => {
    const text =
      '{"note": "NaN is not Infinity", "results": {"error_rate": NaN}, "series": [{"id": "a", "metrics": {"x": {"value": -Infinity}, "y": {"value": "NaN"}, "z": {"value": 1e999}, "w": {"value": null}}}]}';
    const document = parseResult(text, 'base.json');
    assert.equal(document.note, 'NaN is not Infinity');
    assert.equal(document.results.error_rate, null);
    const metrics = document.series[0]!.metrics;
    for (const name of ['x', 'y', 'z', 'w']) assert.equal((metrics[name] as { value: unknown }).value, null, name);
  });

  it('reads a byte order mark', () => {
    assert.equal(parseResult(`\uFEFF${JSON.stringify(minimal)}`, 'base.json').series[0]!.id, 'chat');
  });

  it('says what is wrong with a text that is no result', () => {
    assert.match(refusal('').message, /is empty/);
    assert.match(refusal('  \n').message, /is empty/);
    assert.match(refusal('<html>oops</html>').message, /base\.json:1:1 is not JSON: Unexpected token '<'/);
    assert.match(refusal('{\n  "results": {},\n  "x": tru3\n}').message, /base\.json:3:11 is not JSON: Unexpected number/);
    assert.match(refusal('{"a": 1,}').message, /base\.json:1:9 is not JSON/);
    assert.match(refusal('[1, 2]').message, /expected an object with results or series, found a list/);
    assert.match(refusal('"text"').message, /found "text"/);
    assert.match(refusal('{"benchmarks": []}').message, /expected results or series, found "benchmarks"/);
  });

  it('calls any shortened document cut short', () => {
    const text = JSON.stringify(minimal);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: text.length - 1 }), (length) => {
        assert.match(refusal(text.slice(0, length)).message, /is cut short/);
      }),
    );
  });

  it('refuses a newer schema version and one that never was', () => {
    const newer = refusal(JSON.stringify({ ...minimal, schema_version: 2 }));
    assert.match(newer.message, /written by a newer llm-bench.*schema_version is 2.*reads version 1/);
    assert.match(newer.hint ?? '', /[Uu]pdate/);
    assert.match(refusal(JSON.stringify({ ...minimal, schema_version: '1' })).message, /expected 1, found "1"/);
    assert.match(refusal(JSON.stringify({ ...minimal, schema_version: 0 })).message, /found 0/);
  });

  it('names the members of the wrong shape, a few of many', () => {
    const wrong = refusal(
      JSON.stringify({ results: { error_rate: '12 %' }, series: [{ id: '', metrics: { 'a b': { p95: {} } } }, { metrics: [] }] }),
    ).message;
    assert.match(wrong, /results\.error_rate: expected a number or null, found "12 %"/);
    assert.match(wrong, /series\[0\]\.id: expected a name/);
    assert.match(wrong, /series\[0\]\.metrics\."a b"\.p95: expected a number or null, found an object/);
    const many = refusal(JSON.stringify({ series: Array.from({ length: 9 }, () => ({ id: 3, metrics: {} })) })).message;
    assert.match(many, /and 4 more/);
    assert.match(refusal(JSON.stringify({ series: [minimal.series[0], minimal.series[0]] })).message, /two series named "chat"/);
  });

  it('is not fooled by names that objects already have', () => {
    const document = parseResult(
      '{"series": [{"id": "__proto__", "metrics": {"constructor": {"value": 1}}}], "runs": [{"values": {"toString": {"x": 1}}}]}',
      'base.json',
    );
    assert.equal(document.series[0]!.id, '__proto__');
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
  });

  it('never fails but with a sentence, whatever the document', () => {
    const member = fc.constantFrom(
      'series',
      'results',
      'runs',
      'timeline',
      'errors',
      'validity',
      'git',
      'config',
      'environment',
      'schema_version',
      'slowest',
      'ci',
    );
    fc.assert(
      fc.property(fc.dictionary(member, fc.jsonValue()), (document) => {
        try {
          parseResult(JSON.stringify(document), 'base.json');
        } catch (error) {
          assert.ok(error instanceof UserError, String((error as Error).stack));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('readResult', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'llm-bench-read-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('reads a file', async () => {
    const path = join(folder, 'good.json');
    await writeFile(path, JSON.stringify(minimal));
    assert.equal((await readResult(path)).series[0]!.id, 'chat');
  });

  it('names a file that is not there, a folder, and one that is too large to be a result', async () => {
    await assert.rejects(
      readResult(join(folder, 'none.json')),
      (error: UserError) => error.exitCode === 2 && /none\.json does not exist/.test(error.message),
    );
    await assert.rejects(readResult(folder), /is a folder/);
    const large = join(folder, 'large.json');
    await writeFile(large, '{');
    await truncate(large, maxResultBytes + 1);
    await assert.rejects(readResult(large), /large\.json is too large.*65 MiB, at most 64 MiB/);
  });
});
