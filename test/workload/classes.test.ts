import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { classesSchema } from '../../src/config/scenario/scenario.ts';
import { chooseClasses } from '../../src/workload/classes.ts';
import { createWorkload } from '../../src/workload/workload.ts';

const weights = fc.array(fc.double({ min: 0.05, max: 10, noNaN: true }), { minLength: 1, maxLength: 5 });
const promptsOf = (list: readonly number[]) => list.map((weight, index) => ({ name: `p${index}`, weight, tokens: 10 * (index + 1) }));
const answersOf = (list: readonly number[]) => list.map((weight, index) => ({ name: `a${index}`, weight, max_tokens: index + 1 }));
const share = (list: readonly number[], at: number) => (list[at] ?? 0) / list.reduce((sum, weight) => sum + weight, 0);

test('every class has its share in a short run, and exactly that in a long one', () => {
  fc.assert(
    fc.property(weights, weights, fc.nat(), (prompt, answer, seed) => {
      const choose = chooseClasses({ prompt: promptsOf(prompt), answer: answersOf(answer) }, seed);
      const prompts = prompt.map(() => 0);
      const answers = answer.map(() => 0);
      const pairs = new Map<string, number>();
      const count = 2000;
      for (let index = 0; index < count; index++) {
        const chosen = choose(index);
        prompts[chosen.prompt] = (prompts[chosen.prompt] ?? 0) + 1;
        answers[chosen.answer] = (answers[chosen.answer] ?? 0) + 1;
        pairs.set(`${chosen.prompt},${chosen.answer}`, (pairs.get(`${chosen.prompt},${chosen.answer}`) ?? 0) + 1);
        if (index !== 19 && index !== 199 && index !== count - 1) continue;
        for (const [at, found] of prompts.entries())
          assert.ok(Math.abs(found - (index + 1) * share(prompt, at)) < 5, `prompt ${at}: ${found} of ${index + 1}`);
        for (const [at, found] of answers.entries())
          assert.ok(Math.abs(found - (index + 1) * share(answer, at)) < 5, `answer ${at}: ${found} of ${index + 1}`);
      }
      for (const [p] of prompt.entries())
        for (const [a] of answer.entries()) {
          const expected = count * share(prompt, p) * share(answer, a);
          assert.ok(Math.abs((pairs.get(`${p},${a}`) ?? 0) - expected) < 30, `pair ${p},${a}`);
        }
    }),
  );
});

test('the seed says which class an index has, and warm-up indices have theirs', () => {
  const classes = { prompt: promptsOf([1, 1, 1]) };
  const chosen = (seed: number) => Array.from({ length: 50 }, (_, index) => chooseClasses(classes, seed)(index).prompt);
  assert.deepEqual(chosen(4), chosen(4));
  assert.notDeepEqual(chosen(4), chosen(5));
  assert.ok([0, 1, 2].includes(chooseClasses(classes, 4)(1_000_000_007).prompt));
});

const scenario = (classes: unknown, request: Record<string, unknown> = {}) => ({
  name: 'mixed',
  timeout: 30,
  warmup: 0,
  seed: 3,
  load: { executor: 'closed' },
  request: {
    api: 'chat' as const,
    stream: true,
    max_tokens: null,
    max_tokens_cap: null,
    classes: classesSchema.parse(classes),
    ...request,
  },
});

test('each pair of classes is a cell, and requests are what their cell says', () => {
  const workload = createWorkload(
    scenario({
      prompt: [
        { name: 'short', weight: 40, tokens: 5 },
        { name: 'long', weight: 60, tokens: 50 },
      ],
      answer: [
        { name: 'brief', weight: 50, max_tokens: 10 },
        { name: 'full', weight: 50, max_tokens: 100 },
      ],
    }),
    { max_tokens: 64 },
  );
  assert.deepEqual(
    workload.cells.map(({ id, labels }) => [id, labels]),
    [
      ['mixed/prompt_class=short/answer_class=brief', { prompt_class: 'short', answer_class: 'brief', prompt_tokens: 5, max_tokens: 10 }],
      ['mixed/prompt_class=short/answer_class=full', { prompt_class: 'short', answer_class: 'full', prompt_tokens: 5, max_tokens: 64 }],
      ['mixed/prompt_class=long/answer_class=brief', { prompt_class: 'long', answer_class: 'brief', prompt_tokens: 50, max_tokens: 10 }],
      ['mixed/prompt_class=long/answer_class=full', { prompt_class: 'long', answer_class: 'full', prompt_tokens: 50, max_tokens: 64 }],
    ],
  );
  const seen = new Map<string, number>();
  for (let index = 0; index < 100; index++) {
    const { cell, spec } = workload.request(index);
    seen.set(cell.id, (seen.get(cell.id) ?? 0) + 1);
    assert.equal(spec.messages[0]?.content.split(' ').length, cell.promptTokens);
    assert.equal(spec.maxTokens, cell.maxTokens);
  }
  assert.equal(seen.size, 4);
  const short = (seen.get('mixed/prompt_class=short/answer_class=brief') ?? 0) + (seen.get('mixed/prompt_class=short/answer_class=full') ?? 0);
  assert.ok(Math.abs(short - 40) <= 3, `${short}`);
  assert.equal(workload.uniquePrompts, Number.POSITIVE_INFINITY);
});

test('classes of answers alone go with prompts of a file', () => {
  const answer = [
    { name: 'brief', max_tokens: 10 },
    { name: 'full', max_tokens: 100 },
  ];
  const lines = ['a', 'b'].map((prompt) => ({ prompt, messages: null, max_tokens: null, temperature: null }));
  const workload = createWorkload(scenario({ answer }), {}, { prompts: lines });
  const [first, second] = [workload.request(0), workload.request(1)];
  assert.deepEqual([first.spec.messages[0]?.content, second.spec.messages[0]?.content], ['a', 'b']);
  assert.deepEqual(new Set([first.cell.id, workload.request(1).cell.id, workload.request(2).cell.id]).size, 2);
  assert.equal(workload.uniquePrompts, 2);
});

test('faulty classes are refused', () => {
  const faults = (value: unknown) => classesSchema.safeParse(value).error?.issues.map((issue) => issue.message) ?? [];
  assert.deepEqual(faults({ prompt: [{ name: 'a', tokens: 3 }] }), []);
  for (const prompt of [
    [],
    [{ name: 'a' }],
    [{ name: 'a', tokens: 0 }],
    [{ name: 'a', tokens: 3, weight: 0 }],
    [{ name: 'a', tokens: 3, weight: -1 }],
    [{ name: 'a/b', tokens: 3 }],
    [
      { name: 'a', tokens: 3 },
      { name: 'a', tokens: 4 },
    ],
  ])
    assert.notDeepEqual(faults({ prompt }), [], JSON.stringify(prompt));
});
