import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { countTokens } from 'gpt-tokenizer/encoding/cl100k_base';
import { ConfigError } from '../../src/config/errors.ts';
import { blockTokens, type ReplayRow, readTrace, replayRows, type TraceRow } from '../../src/config/scenario/trace-file.ts';
import { traceRequests } from '../../src/workload/trace.ts';
import { createWorkload, warmupIndexBase } from '../../src/workload/workload.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/traces/${name}`, import.meta.url));
const mooncake = fixture('mooncake-conversation.jsonl');
const azure = fixture('azure-llm-2023-conv.csv');
const row = (blocks: number[] | null, inputTokens: number, atMs = 0): ReplayRow => ({ atMs, inputTokens, outputTokens: 7, blocks });

async function faultsOf(text: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-trace-'));
  try {
    const path = join(folder, 'trace');
    await writeFile(path, text);
    await readTrace(path, 'trace');
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a Mooncake trace', async () => {
  const rows = await readTrace(mooncake);
  assert.equal(rows.length, 200);
  assert.deepEqual(rows[0], {
    timestampMs: 0,
    inputTokens: 6758,
    outputTokens: 500,
    blocks: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
  });
  assert.ok(rows.every(({ inputTokens, blocks }) => blocks?.length === Math.ceil(inputTokens / blockTokens)));
});

test('an Azure trace: times to a tenth of a microsecond', async () => {
  const rows = await readTrace(azure);
  assert.equal(rows.length, 200);
  const [first, second] = rows;
  assert.deepEqual([first?.inputTokens, first?.outputTokens, first?.blocks], [374, 44, null]);
  // 18:15:46.6805900 and 18:15:50.9951690
  assert.ok(Math.abs((second?.timestampMs ?? 0) - (first?.timestampMs ?? 0) - 4314.579) < 0.001);
});

test('speed, window and most requests', () => {
  const rows: TraceRow[] = [0, 1000, 2000, 3000, 4000].map((at) => ({ timestampMs: 500 + at, inputTokens: 1, outputTokens: 1, blocks: null }));
  const times = (options: Parameters<typeof replayRows>[1]) => replayRows(rows, options).map(({ atMs }) => atMs);
  assert.deepEqual(times({ speed: 1 }), [0, 1000, 2000, 3000, 4000]);
  assert.deepEqual(times({ speed: 4 }), [0, 250, 500, 750, 1000]);
  assert.deepEqual(times({ speed: 2, window: { from: 0.5, duration: 2 } }), [250, 750]);
  assert.deepEqual(times({ speed: 1, window: { from: 2 }, max_requests: 2 }), [0, 1000]);
  assert.deepEqual(times({ speed: 1, window: { from: 9 } }), []);
});

test('prompts have the recorded length, to the token, and the same block is the same text', async () => {
  const rows = replayRows(await readTrace(mooncake), { speed: 1 });
  const requests = traceRequests(rows, 1);
  const prompts = rows.slice(0, 12).map((_, index) => requests.request(index).content);
  for (const [index, prompt] of prompts.entries()) assert.equal(countTokens(prompt), rows[index]?.inputTokens);
  const blocksOf = (prompt: string) => {
    const words = prompt.split(' ');
    return Array.from({ length: Math.floor(words.length / blockTokens) }, (_, at) => words.slice(at * blockTokens, (at + 1) * blockTokens).join(' '));
  };
  const texts = new Map<number, string>();
  const ids = new Map<string, number>();
  prompts.forEach((prompt, index) => {
    blocksOf(prompt).forEach((text, at) => {
      const id = rows[index]?.blocks?.[at] as number;
      assert.equal(texts.get(id) ?? text, text, `block ${id}`);
      assert.equal(ids.get(text) ?? id, id, `text of block ${id}`);
      texts.set(id, text);
      ids.set(text, id);
    });
  });
  // All of these conversations begin with one system prompt.
  assert.ok(prompts.every((prompt) => prompt.startsWith(texts.get(0) as string)));
});

test('a cut block is the beginning of the whole one; what has no id is different for each', () => {
  const requests = traceRequests([row([5], 100), row([5], 512), row([5], 700), row([5], 700)], 0);
  const [cut, whole, more, again] = [0, 1, 2, 3].map((index) => requests.request(index).content) as [string, string, string, string];
  assert.ok(whole.startsWith(`${cut} `));
  assert.ok(more.startsWith(`${whole} `));
  assert.ok(again.startsWith(`${whole} `));
  assert.notEqual(more, again);
  assert.deepEqual(
    [cut, whole, more].map((prompt) => prompt.split(' ').length),
    [100, 512, 700],
  );
});

test('the same seed gives the same prompts, in any order; another seed others', () => {
  const rows = [row([1, 2], 1000), row([1, 3], 900), row(null, 30), row([1, 2, 4], 1500)];
  const all = (seed: number, order: readonly number[]) => {
    const requests = traceRequests(rows, seed);
    return new Map(order.map((index) => [index, requests.request(index).content]));
  };
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1 }), fc.nat(), (order, seed) => {
      const straight = all(seed, [0, 1, 2, 3]);
      for (const [index, content] of all(seed, order)) assert.equal(content, straight.get(index));
      assert.notEqual(all(seed + 1, [0]).get(0), straight.get(0));
    }),
    { numRuns: 20 },
  );
});

test('the warm-up shares no prefix with what is measured', () => {
  const rows = [row([1, 2], 1000), row([1, 3], 900)];
  const requests = traceRequests(rows, 0);
  const measured = requests.request(0).content.slice(0, 40);
  for (const index of [2, 3, warmupIndexBase - 1, warmupIndexBase, warmupIndexBase + 1])
    assert.ok(!requests.request(index).content.startsWith(measured), `${index}`);
});

test('as many prompts are different as the trace has', () => {
  assert.equal(traceRequests([row([1], 512), row([1], 512), row([1], 511), row(null, 5), row(null, 5)], 0).uniquePrompts, 4);
});

test('a request asks for the recorded number of tokens, exactly where asked to', () => {
  const scenario = {
    name: 'replay',
    timeout: 30,
    warmup: 0,
    seed: 0,
    load: { executor: 'trace' },
    request: { api: 'chat' as const, stream: true, max_tokens: null, max_tokens_cap: null, ignore_eos: true },
  };
  const workload = createWorkload(scenario, {}, { trace: [row([1], 20), row(null, 30)] });
  assert.deepEqual(
    workload.cells.map(({ id }) => id),
    ['replay'],
  );
  const { spec } = workload.request(1);
  assert.deepEqual([spec.maxTokens, spec.minTokens, spec.ignoreEos], [7, 7, true]);
  assert.equal(spec.messages[0]?.content.split(' ').length, 30);
  assert.equal(createWorkload(scenario, { max_tokens: 4 }, { trace: [row([1], 20)] }).request(0).spec.maxTokens, 4);
});

test('rows that are not in the order of time are put into it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-trace-'));
  try {
    const path = join(folder, 'trace.jsonl');
    const line = (timestamp: number) => JSON.stringify({ timestamp, input_length: 1, output_length: 1 });
    await writeFile(path, `\ufeff${line(5)}\r\n\r\n${line(1)}\n${line(3)}`);
    assert.deepEqual(
      (await readTrace(path)).map(({ timestampMs }) => timestampMs),
      [1, 3, 5],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('every broken row is told, with its line', async () => {
  const good = '{"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [1, 2]}';
  assert.deepEqual(await faultsOf(`${good}\n`), []);
  const faults = await faultsOf(
    [
      good,
      '{"timestamp": -1, "input_length": 600, "output_length": 5}',
      '',
      '{"timestamp": 0, "input_length": "x", "output_length": 5}',
      '{"timestamp": 0, "input_length": 600}',
      '{"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [1, 2, 3]}',
      '{"timestamp": 0,',
      '[1]',
    ].join('\n'),
  );
  assert.deepEqual(
    faults.map((fault) => fault.split(':').slice(0, 2).join(':')),
    ['trace:2', 'trace:4', 'trace:5', 'trace:6', 'trace:7', 'trace:8'],
  );
  assert.match(faults[1] ?? '', /input_length: expected a number, found "x"/);
  assert.match(faults[3] ?? '', /at most 2, one for each 512 of the 600 tokens, found 3/);
});

test('broken rows of a CSV, with their columns', async () => {
  const faults = await faultsOf(
    'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,374,44\nyesterday,374,44\n2023-11-16 18:15:46,0,4.5\n2023-11-16 18:15:46,3\n',
  );
  assert.deepEqual(
    faults.map((fault) => fault.split(' expected')[0]),
    ['trace:3:1: TIMESTAMP:', 'trace:4:21: ContextTokens:', 'trace:4:23: GeneratedTokens:', 'trace:5:22: GeneratedTokens:'],
  );
  const [header] = await faultsOf('time,ContextTokens\n1,2\n');
  assert.match(header ?? '', /^trace:1:1: expected Mooncake JSONL .* without TIMESTAMP, GeneratedTokens/);
});

test('lengths that no prompt has, times that no trace has and days that no month has are told', async () => {
  const row = (timestamp: string, input = '5', output = '5') => `{"timestamp": ${timestamp}, "input_length": ${input}, "output_length": ${output}}`;
  const faults = await faultsOf([row('1000'), row('0', '1e15'), row('0', '5', '1e15'), row('1e300'), row('1.7e15'), row('3e10')].join('\n'));
  assert.deepEqual(
    faults.map((fault) => fault.split(',')[0]),
    [
      'trace:2:1: input_length: expected a number of at most 1000000',
      'trace:3:1: output_length: expected a number of at most 1000000',
      "trace:4:1: timestamp: expected a time within 366 days of the first row's (line 1)",
      "trace:5:1: timestamp: expected a time within 366 days of the first row's (line 1)",
    ],
  );
  const csv = await faultsOf(
    `TIMESTAMP,ContextTokens,GeneratedTokens\n${['2023-02-28', '2023-02-30', '2023-13-01', '2024-03-01'].map((day) => `${day} 18:15:46,374,44\n`).join('')}2023-03-01 00:00:00,1000000000,4\n`,
  );
  assert.deepEqual(
    csv.map((fault) => fault.split(', found')[0]),
    [
      'trace:3:1: TIMESTAMP: expected a time such as 2023-11-16 18:15:46.6805900',
      'trace:4:1: TIMESTAMP: expected a time such as 2023-11-16 18:15:46.6805900',
      "trace:5:1: timestamp: expected a time within 366 days of the first row's (line 2)",
      'trace:6:21: ContextTokens: expected a whole number from 1 to 1000000',
    ],
  );
});

test('blocks whose ids differ beyond 32 bits are different texts', () => {
  const requests = traceRequests([row([7], 8), row([7 + 2 ** 32], 8), row([7 + 2 ** 33], 8)], 1);
  assert.equal(new Set([0, 1, 2].map((index) => requests.request(index).content)).size, 3);
});

test('other columns, their order and a zone do no harm', async () => {
  assert.deepEqual(await faultsOf('id,GeneratedTokens,ContextTokens,TIMESTAMP\na,1,2,2024-05-10 00:00:00.009930+00:00\n'), []);
});

test('of many broken rows the first 20 are told, and how many more there are', async () => {
  const faults = await faultsOf('{}\n'.repeat(50));
  assert.equal(new Set(faults.map((fault) => fault.split(':')[1])).size, 21);
  assert.match(faults.at(-1) ?? '', /30 more rows are broken/);
  assert.match((await faultsOf('\n\n'))[0] ?? '', /found no row/);
  await assert.rejects(readTrace('/nowhere/trace.jsonl', 'trace.jsonl'), /trace\.jsonl: no such trace file/);
});
