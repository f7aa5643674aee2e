import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countTokens } from 'gpt-tokenizer/encoding/cl100k_base';
import type { Prompt } from '../../src/config/scenario/prompts.ts';
import type { ResolvedRequest, Scenario } from '../../src/config/scenario/scenario.ts';
import { createWorkload, warmupIndexBase } from '../../src/workload/workload.ts';

const target = { name: 'service', model: 'm' };

function scenarioOf(request: Partial<ResolvedRequest> = {}, changes: Partial<Scenario> = {}): Scenario {
  return {
    name: 'chat',
    timeout: 30,
    warmup: 0,
    seed: 0,
    load: { executor: 'closed', requests: 10, concurrency: 1 },
    request: { api: 'chat', stream: true, max_tokens: null, max_tokens_cap: null, ...request },
    ...changes,
  };
}

const line = (prompt: string, changes: Partial<Prompt> = {}): Prompt => ({ prompt, messages: null, max_tokens: null, temperature: null, ...changes });

test('requests are spread evenly over the grid of prompt and answer lengths', () => {
  const workload = createWorkload(scenarioOf({ prompt_tokens: [10, 20, 30], max_tokens: [5, 7] }), target);
  assert.deepEqual(
    workload.cells.map(({ id, labels }) => [id, labels]),
    [
      ['chat/prompt_tokens=10/max_tokens=5', { prompt_tokens: 10, max_tokens: 5 }],
      ['chat/prompt_tokens=10/max_tokens=7', { prompt_tokens: 10, max_tokens: 7 }],
      ['chat/prompt_tokens=20/max_tokens=5', { prompt_tokens: 20, max_tokens: 5 }],
      ['chat/prompt_tokens=20/max_tokens=7', { prompt_tokens: 20, max_tokens: 7 }],
      ['chat/prompt_tokens=30/max_tokens=5', { prompt_tokens: 30, max_tokens: 5 }],
      ['chat/prompt_tokens=30/max_tokens=7', { prompt_tokens: 30, max_tokens: 7 }],
    ],
  );
  const seen = new Map<string, number>();
  for (let index = 0; index < 60; index++) {
    const { cell, spec } = workload.request(index);
    seen.set(cell.id, (seen.get(cell.id) ?? 0) + 1);
    assert.equal(spec.maxTokens, cell.maxTokens);
    assert.equal(countTokens(spec.messages[0]?.content ?? ''), cell.promptTokens);
  }
  assert.deepEqual([...seen.values()], new Array(6).fill(10));
});

test('only what varies is in the name of a class', () => {
  const plain = createWorkload(scenarioOf({ prompt_tokens: [10], max_tokens: [5] }), target);
  assert.deepEqual(
    plain.cells.map(({ id, labels }) => [id, labels]),
    [['chat', { prompt_tokens: 10, max_tokens: 5 }]],
  );
  const byAnswer = createWorkload(scenarioOf({ prompt_tokens: [10], max_tokens: [5, 6] }), target);
  assert.deepEqual(
    byAnswer.cells.map(({ id }) => id),
    ['chat/max_tokens=5', 'chat/max_tokens=6'],
  );
});

test('the request of an index is always the same, generated prompts are never repeated', () => {
  const scenario = scenarioOf({ prompt_tokens: [20] });
  const one = createWorkload(scenario, target);
  const other = createWorkload(scenario, target);
  const texts = Array.from({ length: 200 }, (_, index) => {
    assert.deepEqual(one.request(index).spec, other.request(index).spec);
    return one.request(index).spec.messages[0]?.content;
  });
  assert.equal(new Set(texts).size, 200);
  assert.notEqual(createWorkload({ ...scenario, seed: 1 }, target).request(0).spec.messages[0]?.content, texts[0]);
  assert.ok(!texts.includes(one.request(warmupIndexBase).spec.messages[0]?.content));
  assert.equal(one.uniquePrompts, Number.POSITIVE_INFINITY);
});

test('prompts of a file are sent as they stand, in order, over and over', () => {
  const lines = [line('  first\n', { max_tokens: 9, temperature: 0.5 }), line('second'), line('third')];
  const workload = createWorkload(scenarioOf(), target, { prompts: lines });
  const sent = Array.from({ length: 7 }, (_, index) => workload.request(index).spec);
  assert.deepEqual(
    sent.map(({ messages }) => messages),
    ['  first\n', 'second', 'third', '  first\n', 'second', 'third', '  first\n'].map((content) => [{ role: 'user', content }]),
  );
  assert.deepEqual([sent[0]?.maxTokens, sent[0]?.temperature, sent[1]?.maxTokens, sent[1]?.temperature], [9, 0.5, null, null]);
  assert.equal(workload.uniquePrompts, 3);
});

test('conversations are sent whole, and count as prompts', () => {
  const messages = [
    { role: 'system' as const, content: 'Be brief.' },
    { role: 'user' as const, content: 'Hello' },
  ];
  const lines = [line('Be brief.\n\nHello', { messages }), line('Hello'), line('Hello')];
  const workload = createWorkload(scenarioOf(), target, { prompts: lines });
  assert.deepEqual(workload.request(0).spec.messages, messages);
  assert.equal(workload.uniquePrompts, 2);
});

test('every prompt of a file meets every answer length of a scenario equally often, and the prompts stay in order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 3 }), (prompts, answers, laps) => {
      const lengths = Array.from({ length: answers }, (_, i) => i + 1);
      const lines = Array.from({ length: prompts }, (_, i) => line(`p${i}`));
      const workload = createWorkload(scenarioOf({ max_tokens: lengths }), target, { prompts: lines });
      const pairs = new Map<string, number>();
      for (let index = 0; index < prompts * answers * laps; index++) {
        const { spec } = workload.request(index);
        assert.equal(spec.messages[0]?.content, `p${index % prompts}`);
        const pair = `${spec.messages[0]?.content} ${spec.maxTokens}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
      }
      assert.equal(pairs.size, prompts * answers);
      assert.ok([...pairs.values()].every((times) => times === laps));
    }),
  );
});

test("a scenario's own settings win over those of a line", () => {
  const workload = createWorkload(scenarioOf({ max_tokens: [3], temperature: 0 }), target, {
    prompts: [line('a', { max_tokens: 50, temperature: 1 })],
  });
  const { spec } = workload.request(0);
  assert.deepEqual([spec.maxTokens, spec.temperature], [3, 0]);
});

test("a target's cap holds for a scenario's length and for a line's", () => {
  const capped = { ...target, max_tokens: 8 };
  assert.equal(createWorkload(scenarioOf({ max_tokens: [100] }), capped, { prompts: [line('a')] }).request(0).spec.maxTokens, 8);
  assert.equal(createWorkload(scenarioOf(), capped, { prompts: [line('a', { max_tokens: 50 })] }).request(0).spec.maxTokens, 8);
  assert.equal(createWorkload(scenarioOf(), capped, { prompts: [line('a', { max_tokens: 5 })] }).request(0).spec.maxTokens, 5);
});

test('an exact length asks for as many tokens at least as at most', () => {
  const { spec } = createWorkload(scenarioOf({ prompt_tokens: [5], max_tokens: [30], ignore_eos: true }), target).request(0);
  assert.deepEqual([spec.ignoreEos, spec.minTokens, spec.maxTokens], [true, 30, 30]);
  const loose = createWorkload(scenarioOf({ prompt_tokens: [5], max_tokens: [30] }), target).request(0).spec;
  assert.deepEqual([loose.ignoreEos, loose.minTokens], [false, null]);
});

test('a plain HTTP request carries its method, path and body, and no prompt', () => {
  const workload = createWorkload(scenarioOf({ api: 'http', stream: false, method: 'PUT', path: '/x', body: '{"ä":1}' }), {});
  const { spec, cell } = workload.request(3);
  assert.deepEqual([spec.method, spec.path, Buffer.from(spec.body ?? []).toString()], ['PUT', '/x', '{"ä":1}']);
  assert.deepEqual([spec.messages, spec.model, cell.id, workload.uniquePrompts], [[], null, 'chat', null]);
});

test('lengths of a distribution are drawn for each request, within the cap of the target, as one class', () => {
  const request = {
    prompt_tokens: { distribution: 'uniform' as const, min: 5, max: 40 },
    max_tokens: { distribution: 'lognormal' as const, mean: 30, stddev: 30, min: 2 },
  };
  const workload = createWorkload(scenarioOf(request), { ...target, max_tokens: 50 });
  assert.deepEqual(
    workload.cells.map(({ id, labels }) => [id, labels]),
    [['chat', { prompt_tokens: 'uniform', max_tokens: 'lognormal' }]],
  );
  assert.equal(workload.uniquePrompts, Number.POSITIVE_INFINITY);
  const seen = { prompts: new Set<number>(), answers: new Set<number>() };
  for (let index = 0; index < 300; index++) {
    const { spec } = workload.request(index);
    const tokens = countTokens(spec.messages[0]?.content ?? '');
    assert.ok(tokens >= 5 && tokens <= 40);
    assert.ok((spec.maxTokens ?? 0) >= 2 && (spec.maxTokens ?? 0) <= 50);
    seen.prompts.add(tokens);
    seen.answers.add(spec.maxTokens ?? 0);
    assert.deepEqual(createWorkload(scenarioOf(request), { ...target, max_tokens: 50 }).request(index).spec, spec);
  }
  assert.equal(seen.prompts.size, 36);
  assert.ok(seen.answers.size > 20 && seen.answers.has(50));
});

test('drawn answers beside prompts of a file: the prompts stay in order', () => {
  const lines = [line('a', { max_tokens: 9 }), line('b'), line('c')];
  const workload = createWorkload(scenarioOf({ max_tokens: { distribution: 'fixed', tokens: 4 } }), target, { prompts: lines });
  const sent = Array.from({ length: 5 }, (_, index) => workload.request(index).spec);
  assert.deepEqual(
    sent.map(({ messages, maxTokens }) => [messages[0]?.content, maxTokens]),
    ['a', 'b', 'c', 'a', 'b'].map((prompt) => [prompt, 4]),
  );
  assert.equal(workload.uniquePrompts, 3);
});

test('shared beginnings: warm-up and measured requests begin alike and go on unlike', () => {
  const workload = createWorkload(scenarioOf({ prompt_tokens: [40], shared_prefix_tokens: 30, shared_prefixes: 2 }), target);
  const textOf = (index: number) => workload.request(index).spec.messages[0]?.content ?? '';
  const beginnings = new Set<string>();
  const whole = new Set<string>();
  for (const index of Array.from({ length: 100 }, (_, one) => (one < 50 ? one : warmupIndexBase + one))) {
    assert.equal(countTokens(textOf(index)), 40);
    beginnings.add(`${workload.prefixOf?.(index)} ${textOf(index).split(' ', 30).join(' ')}`);
    whole.add(textOf(index));
  }
  assert.deepEqual([beginnings.size, whole.size], [2, 100]);
  assert.equal(createWorkload(scenarioOf({ prompt_tokens: [40] }), target).prefixOf, null);
});

test('a set of prompts is its own: the same set again is the same prompts', () => {
  const textsOf = (request: Partial<ResolvedRequest>, seed = 0) => {
    const workload = createWorkload(scenarioOf({ prompt_tokens: [20], ...request }, { seed }), target);
    return Array.from({ length: 20 }, (_, index) => workload.request(index).spec.messages[0]?.content ?? '');
  };
  assert.deepEqual(textsOf({ prompt_set: 0 }), textsOf({}));
  assert.deepEqual(textsOf({ prompt_set: 2 }, 7), textsOf({ prompt_set: 2 }, 7));
  assert.equal(new Set([...textsOf({}), ...textsOf({ prompt_set: 1 }), ...textsOf({ prompt_set: 2 }), ...textsOf({}, 1)]).size, 80);
});

test('of many sets, seeds and rounds no prompt is like one of another', () => {
  const texts = new Set<string | undefined>();
  const kinds = [0, 1, 2, 3].flatMap((prompt_set) => [0, 1].flatMap((seed) => [0, 1, 2].map((round) => ({ prompt_set, seed, round }))));
  for (const { prompt_set, seed, round } of kinds) {
    const workload = createWorkload(scenarioOf({ prompt_tokens: [16], prompt_set }, { seed }), target, { round });
    for (let index = 0; index < 300; index++) texts.add(workload.request(index).spec.messages[0]?.content);
  }
  assert.equal(texts.size, 300 * kinds.length);
});

test('no scenario sends the beginnings of another; the parts of one share them', () => {
  const beginningsOf = (changes: Partial<Scenario>, tokens: number) => {
    const workload = createWorkload(scenarioOf({ prompt_tokens: [tokens] }, changes), target);
    return Array.from({ length: 20 }, (_, index) => workload.request(index).spec.messages[0]?.content.split(' ', 8).join(' '));
  };
  assert.equal(new Set([...beginningsOf({ name: 'spike' }, 100), ...beginningsOf({ name: 'ramp' }, 200)]).size, 40);
  const part = (name: string) => ({ name: `whole/part=${name}`, part: { of: 'whole', labels: { part: name } } });
  assert.deepEqual(beginningsOf(part('cold'), 50), beginningsOf(part('warm'), 50));
});

test('another round asks for the same classes in the same order, with other texts', () => {
  const scenario = scenarioOf({ prompt_tokens: { distribution: 'uniform', min: 10, max: 40 }, max_tokens: [5, 7] });
  const [first, second, again] = [0, 1, 1].map((round) => createWorkload(scenario, target, { round }));
  for (let index = 0; index < 20; index++) {
    const [a, b, c] = [first, second, again].map((workload) => workload!.request(index));
    assert.equal(a?.cell.id, b?.cell.id);
    assert.equal(countTokens(a?.spec.messages[0]?.content ?? ''), countTokens(b?.spec.messages[0]?.content ?? ''));
    assert.notEqual(a?.spec.messages[0]?.content, b?.spec.messages[0]?.content);
    assert.equal(b?.spec.messages[0]?.content, c?.spec.messages[0]?.content);
  }
});
