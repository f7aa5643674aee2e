import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Level } from '../../src/load/levels.ts';
import { compatDefinition } from '../../src/measure/compat.ts';
import type { ResultDocument } from '../../src/result/document.ts';
import { RecordFolder } from '../../src/result/from-records.ts';
import { failureOf, recordOf } from '../measure/records.ts';

test('levels are series, classes of requests details, runs evidence', () => {
  const folder = new RecordFolder();
  for (const run of [0, 1]) {
    let at = 0;
    for (const concurrency of [1, 5]) {
      for (let i = 0; i < 10; i++) {
        const series = `steps/concurrency=${concurrency}/prompt_tokens=${i % 2 ? 100 : 200}`;
        folder.add(recordOf({ series, index: i, intendedMs: at, sentMs: at, firstOutputMs: at + 20, lastOutputMs: at + 90, endMs: at + 100 }), run);
        at += 100;
      }
    }
    folder.add(failureOf({ series: 'other', intendedMs: 0, endMs: 50 }), run);
  }
  const document = folder.result()!;
  assert.deepEqual(
    document.series.map(({ id, detail, labels }) => [id, detail ?? false, labels['concurrency'] ?? null, labels['prompt_tokens'] ?? null]).toSorted(),
    [
      ['other', false, null, null],
      ['steps/concurrency=1', false, 1, null],
      ['steps/concurrency=1/prompt_tokens=100', true, 1, 100],
      ['steps/concurrency=1/prompt_tokens=200', true, 1, 200],
      ['steps/concurrency=5', false, 5, null],
      ['steps/concurrency=5/prompt_tokens=100', true, 5, 100],
      ['steps/concurrency=5/prompt_tokens=200', true, 5, 200],
    ],
  );
  assert.deepEqual([document.results.total_requests, document.results.failed, document.admissible], [42, 2, false]);
  const level = document.series.find(({ id }) => id === 'steps/concurrency=5')!;
  const rate = level.metrics['requests_per_sec']!;
  assert.ok('value' in rate && Math.abs((rate.value as number) - 10) < 1e-9);
  assert.match(document.note!, /^from request records; a record does not hold the gaps/);
});

test('levels of several runs are found again, those of a part by themselves, and named classes are details', () => {
  const folder = new RecordFolder();
  const send = (series: string, run: number, at: number, took: number) =>
    folder.add(recordOf({ series, index: at, intendedMs: at, sentMs: at, firstOutputMs: at + 1, lastOutputMs: at + took, endMs: at + took }), run);
  for (const round of [0, 1]) {
    for (const name of ['short', 'long']) send(`mix/phase=cold/prompt_class=${name}`, 2 * round, 0, 100);
    send('mix/part=hot/rate=2', 2 * round + 1, 0, 100);
    send('mix/part=hot/rate=4', 2 * round + 1, 1000, 200);
  }
  const { series, runs, results } = folder.result()!;
  assert.deepEqual(series.map(({ id, labels, detail }) => [id, labels['scenario'], labels['prompt_class'] ?? null, detail ?? false]).toSorted(), [
    ['mix/part=hot/rate=2', 'mix', null, false],
    ['mix/part=hot/rate=4', 'mix', null, false],
    ['mix/phase=cold', 'mix', null, false],
    ['mix/phase=cold/prompt_class=long', 'mix', 'long', true],
    ['mix/phase=cold/prompt_class=short', 'mix', 'short', true],
  ]);
  assert.deepEqual([runs.length, results.total_requests], [2, 8]);
  const parts = results['parts'] as { series: string; results: Record<string, unknown> }[];
  const levels = parts.find((part) => part.series === 'mix/part=hot')?.results['levels'] as Level[];
  assert.deepEqual(
    levels.map(({ load, requests, requests_per_sec, p95_latency_s, stop_reason }) => [load, requests, requests_per_sec, p95_latency_s, stop_reason]),
    [
      [2, 2, 1, 0.1, null],
      [4, 2, 5, 0.2, null],
    ],
  );
  // What the levels were held to is not in the log.
  assert.equal(parts[1]?.results['max_sustainable_load'], undefined);
});

test('what differs within a run are classes of it, whose time is that of the run, not of each', () => {
  const folder = new RecordFolder();
  const send = (series: string, run: number, at: number) =>
    folder.add(recordOf({ series, index: at, intendedMs: at, sentMs: at, firstOutputMs: at + 1, lastOutputMs: at + 400, endMs: at + 500 }), run);
  for (const [at, name] of ['001', 'b', '001', 'b'].entries()) send(`forms/case=${name}`, 0, 500 * at);
  for (const [at, labels] of ['short/turn=1', 'long/turn=1', 'short/turn=2', 'long/turn=2'].entries())
    send(`talk/conversation=${labels}`, 1, 500 * at);
  send('edges/case=one', 2, 0);
  send('edges/case=two', 3, 0);
  const { series, results } = folder.result()!;
  const scenarios = results['scenarios'] as Record<string, ResultDocument['results']>;
  assert.deepEqual(
    ['forms', 'talk', 'edges'].map((name) => [
      scenarios[name]?.duration_seconds,
      scenarios[name]?.throughput.requests_per_sec,
      'parts' in scenarios[name]!,
    ]),
    [
      [2, 2, false],
      [2, 2, false],
      [1, 2, true],
    ],
  );
  const counted = new Map(series.map(({ id, detail, requests }) => [id, [requests?.successful, detail ?? false]]));
  assert.deepEqual(counted.get('forms'), [4, false]);
  assert.deepEqual(counted.get('forms/case=001'), [2, true]);
  assert.deepEqual(counted.get('talk/conversation=long/turn=2'), [1, true]);
  assert.deepEqual(counted.get('edges/case=two'), [1, false]);
});

test('under another definition the same records give its times', () => {
  const fold = (name: 'guidellm' | 'mlperf') => {
    const folder = new RecordFolder(compatDefinition(name));
    folder.add(recordOf(), 0);
    return folder.result()!;
  };
  const guidellm = fold('guidellm');
  assert.deepEqual(
    [guidellm.results.compat, guidellm.results.ttft_ms?.max, guidellm.results.tpot_ms?.max, guidellm.results.itl_ms?.max],
    ['guidellm', 99, 299 / 11, 20],
  );
  assert.match(guidellm.note!, /by the definitions of GuideLLM \(vllm-project\/guidellm/);
  assert.equal(fold('mlperf').results.itl_ms, null);
});

test('no record, no result', () => {
  assert.equal(new RecordFolder().result(), null);
});
