import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scenario } from '../../src/config/scenario/scenario.ts';
import type { ConversationBlock } from '../../src/result/conversations.ts';
import type { ResultDocument } from '../../src/result/document.ts';
import { mergeWhole, withoutFindings } from '../../src/result/merge-whole.ts';
import { partsIn } from '../../src/result/part-documents.ts';
import { type Stability, stabilityOf } from '../../src/result/stability.ts';
import { uniteRounds, uniteScenarios } from '../../src/result/unite.ts';
import { documentOf, measuredSeries } from './sample.ts';

const at = (seconds: number) => new Date(seconds * 1000).toISOString();

/** A part of `batch` as measuring it makes it: its configuration says what it is. */
function part(size: number, tokensPerSecond: number, seconds: number, changes: { findings?: string[]; failed?: number } = {}) {
  const name = `batch/size=${size}`;
  const { findings = ['batch_efficiency', 'edge_cases'], failed = 0 } = changes;
  const scenario = { name, part: { of: 'batch', labels: { size, case: `of ${size}` } }, findings, request: {}, load: { executor: 'closed' } };
  const document = documentOf({
    scenario: 'batch',
    timestamp: at(seconds),
    cohort: `c${size}`,
    results: {
      total_requests: 3 + failed,
      successful: 3,
      failed,
      success_rate: (100 * 3) / (3 + failed),
      duration_seconds: 2,
      concurrency: size,
      throughput: { tokens_per_sec: tokensPerSecond },
    },
    series: [measuredSeries(name, [10, 20, 30], [1, 2, 3], { tokens_per_sec: tokensPerSecond })],
    runs: [{ round: 0, order: 0, started: at(seconds), duration_seconds: 2, values: { [name]: { tokens_per_sec: tokensPerSecond } } }],
    errors: failed === 0 ? [] : [{ kind: 'http_5xx', count: failed, first_seen: 0.1, example: 'HTTP 500' }],
    config: { resolved: { scenario }, sha256: String(size) },
  });
  return { scenario: scenario as unknown as Scenario, document };
}

/** Written and read again, as `merge` finds it. */
const kept = (document: ResultDocument): ResultDocument => JSON.parse(JSON.stringify(document)) as ResultDocument;
const batchOf = (first: number, second: number, seconds: number, failed = 0) =>
  kept(uniteRounds([[part(1, first, seconds), part(4, second, seconds + 10, { failed })]]));

test('a composed document comes apart again: each part has its series, its values and its errors', () => {
  const document = batchOf(100, 300, 0, 1);
  const [one, four] = partsIn(document)?.parts ?? [];
  assert.deepEqual([one?.scenario.name, four?.scenario.name], ['batch/size=1', 'batch/size=4']);
  assert.deepEqual(
    four?.document.series.map(({ id }) => id),
    ['batch/size=4'],
  );
  assert.deepEqual(Object.keys(four?.document.runs[0]?.values ?? {}), ['batch/size=4']);
  assert.deepEqual([one?.document.errors, four?.document.errors.map(({ kind, count }) => [kind, count])], [[], [['http_5xx', 1]]]);
});

test('what the parts say together is made anew of added results, as it would be of runs in one command', () => {
  const merged = mergeWhole([batchOf(100, 200, 0), batchOf(100, 400, 60, 2)], ['a.json', 'b.json']);
  assert.equal(merged.results['batch_efficiency'], 0.75);
  const { size, requests } = {
    size: (merged.results['batch_sizes'] as { size: number }[]).map((one) => one.size),
    requests: merged.results.total_requests,
  };
  assert.deepEqual([size, requests], [[1, 4], 14]);
  const cases = merged.results['edge_cases'] as Record<string, { outcome: string; server_errors: number }>;
  assert.deepEqual([cases['of 1']?.outcome, cases['of 4']?.outcome, cases['server_errors']], ['answered', 'failed', 2]);
  assert.deepEqual(merged.series.find(({ id }) => id === 'batch')?.metrics['batch_efficiency'], { unit: 'ratio', better: 'higher', value: 0.75 });
  assert.deepEqual(
    merged.runs.map(({ values }) => values['batch']?.['batch_efficiency']),
    [0.5, 1],
    'each run keeps what it found',
  );
  assert.equal(merged.results['rounds'], undefined);
  assert.ok(!merged.validity.checks.some(({ name }) => name === 'findings'));
  const again = mergeWhole([kept(merged), batchOf(100, 400, 120)]);
  assert.equal(again.results['batch_efficiency']?.toString().slice(0, 5), '0.833', 'a sum can be added to');
});

test('several scenarios in each document keep what each found over all of them', () => {
  const chat = (seconds: number) =>
    documentOf({
      scenario: 'chat',
      timestamp: at(seconds),
      results: { total_requests: 1, successful: 1, failed: 0, duration_seconds: 1 },
      series: [measuredSeries('chat', [5])],
      runs: [{ round: 0, order: 0, started: at(seconds), duration_seconds: 1, values: {} }],
    });
  const both = (second: number, seconds: number) => kept(uniteScenarios([batchOf(100, second, seconds), chat(seconds + 30)]));
  const merged = mergeWhole([both(200, 0), both(400, 60)]);
  const scenarios = merged.results['scenarios'] as Record<string, Record<string, unknown>>;
  assert.deepEqual([scenarios['batch']?.['batch_efficiency'], scenarios['chat']?.['total_requests']], [0.75, 2]);
});

test('a part that was left out stays so, with the target that it would have been held against', () => {
  const search = { name: 'batch/part=search', request: { retrieval: {} }, findings: ['target_assessment'], targets: { retrieval_ms: 20 } };
  const skipped = [{ scenario: search as unknown as Scenario, reason: 'the target does not offer /v1/search (status 404)' }];
  const round = (seconds: number) =>
    kept(uniteRounds([[part(1, 100, seconds, { findings: ['target_assessment'] }), part(4, 300, seconds + 10)]], { skipped }));
  const merged = mergeWhole([round(0), round(60)]);
  assert.deepEqual(merged.results['skipped'], [{ series: 'batch/part=search', reason: skipped[0]?.reason, targets: { retrieval_ms: 20 } }]);
  const [target] = merged.results['targets'] as { name: string; met: boolean | null; detail: string }[];
  assert.deepEqual([target?.name, target?.met], ['retrieval', null]);
  assert.match(target?.detail ?? '', /not measured: the target does not offer/);
});

test('where a document does not say enough of its parts, an advice says what is missing', () => {
  const old = batchOf(100, 400, 60, 1);
  for (const one of old.results['parts'] as { errors?: unknown }[]) delete one.errors;
  assert.equal(partsIn(old), null);
  const merged = mergeWhole([batchOf(100, 200, 0), old]);
  const advice = merged.validity.checks.find(({ name }) => name === 'findings');
  assert.deepEqual([advice?.ok, advice?.severity], [false, 'advice']);
  const [composed] = [batchOf(100, 200, 0)];
  assert.equal(composed && withoutFindings(composed, [composed]), composed);
});

/** What a machine of two says, begun so many seconds after the first. */
function shardOfLoad(index: number, executor: string, second: number, results: Record<string, unknown>, more: Record<string, unknown> = {}) {
  return documentOf({
    timestamp: at(second),
    shard: { index, count: 2 },
    results: { total_requests: 3, successful: 3, failed: 0, duration_seconds: 9, ...results },
    series: [measuredSeries('chat', [10, 20, 30])],
    config: { resolved: { scenario: { name: 'chat', load: { executor }, request: {} } }, sha256: executor },
    ...more,
  });
}

test('conversations that machines shared are those of all of them, on one axis of time', () => {
  const row = (type: string, iteration: number, ended: number, completed = true) => ({
    type,
    iteration,
    completed,
    duration_s: completed ? ended : null,
    turns: [{ turn: 1, latency_s: 0.5, ended_s: ended, error: completed ? null : 'timeout_total' }],
  });
  const block = (consistency: number | null, largest: number, rows: ReturnType<typeof row>[]) => ({
    begun: rows.length,
    completed: rows.filter(({ completed }) => completed).length,
    failed: rows.filter(({ completed }) => !completed).length,
    types: [...new Set(rows.map(({ type }) => type))].map((type) => ({
      type,
      conversations: rows.filter((one) => one.type === type).length,
      mean_duration_s: 1,
      max_duration_s: Math.max(...rows.map(({ duration_s }) => duration_s ?? 0)),
      answer_consistency: consistency,
    })),
    context_limit: { refused: 1, cut: 2, largest_context_tokens: largest },
    conversations: rows,
  });
  const one = block(1, 50, [row('short', 1, 1), row('short', 3, 2), row('long', 1, 8)]);
  const other = block(null, 90, [row('short', 2, 1), row('long', 2, 3, false)]);
  const merged = mergeWhole([shardOfLoad(1, 'conversation', 0, { conversation: one }), shardOfLoad(2, 'conversation', 0.5, { conversation: other })]);
  const { begun, completed, failed, types, context_limit, conversations } = merged.results['conversation'] as ConversationBlock;
  assert.deepEqual([begun, completed, failed], [5, 4, 1]);
  assert.deepEqual(context_limit, { refused: 2, cut: 4, largest_context_tokens: 90 });
  assert.deepEqual(
    types.map((type) => [type.type, type.conversations, type.mean_duration_s, type.max_duration_s, type.answer_consistency]),
    [
      ['short', 3, 4 / 3, 8, 1],
      ['long', 2, 8, 8, 1],
    ],
  );
  assert.deepEqual(
    conversations.map(({ iteration, turns }) => [iteration, turns[0]?.ended_s]),
    [
      [1, 1],
      [2, 1.5],
      [3, 2],
      [2, 3.5],
      [1, 8],
    ],
  );
  assert.ok(!merged.validity.checks.some(({ name }) => name === 'findings'));
});

test('a soak that machines shared is as unstable as a machine saw it, with the rates of all', () => {
  const second = (t: number, latency: number) => ({
    t,
    requests: 10,
    tokens: 100,
    errors: 0,
    in_flight: 1,
    ttft_ms_p50: 5,
    latency_ms_p95: latency,
  });
  const shard = (index: number, slower: number) => {
    const timeline = Array.from({ length: 9 }, (_, t) => second(t, t < 6 ? 100 : 100 * slower));
    return shardOfLoad(index, 'soak', 0, { stability: stabilityOf(timeline, 9) }, { timeline });
  };
  const { drift, assessment, thirds } = mergeWhole([shard(1, 1), shard(2, 1.5)]).results['stability'] as Stability;
  assert.deepEqual([assessment.stable, Math.round(drift.latency_ms_p95_percent ?? 0), thirds[2].requests_per_sec], [false, 50, 20]);
  assert.match(assessment.reasons.join(), /p95 latency rose by 50/);
  assert.equal((mergeWhole([shard(1, 1), shard(2, 1)]).results['stability'] as Stability).assessment.stable, true);
});

test('a member of results that cannot be added is named', () => {
  const merged = mergeWhole([shardOfLoad(1, 'closed', 0, { own_figure: { a: 1 } }), shardOfLoad(2, 'closed', 0, { own_figure: { a: 2 } })]);
  const advice = merged.validity.checks.find(({ name }) => name === 'findings');
  assert.match(advice?.detail ?? '', /^results\.own_figure cannot be added and is left out/);
  assert.equal(merged.validity.valid, true);
});
