import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ResolvedRequest, Scenario } from '../../src/config/scenario/scenario.ts';
import { createWorkload, type Workload } from '../../src/workload/workload.ts';

function workloadOf(request: Partial<ResolvedRequest>, seed: number, round: number): Workload {
  const scenario: Scenario = {
    name: 'chat',
    timeout: 30,
    warmup: 0,
    seed,
    load: { executor: 'closed', requests: 10, concurrency: 1 },
    request: { api: 'chat', stream: true, max_tokens: null, max_tokens_cap: null, ...request },
  };
  const lines = ['a', 'b', 'c'].map((prompt) => ({ prompt, messages: null, max_tokens: null, temperature: null }));
  return createWorkload(scenario, { model: 'm' }, { round, prompts: request.prompt_tokens === undefined ? lines : [] });
}
const textsOf = (workload: Workload) => Array.from({ length: 12 }, (_, index) => JSON.stringify(workload.request(index).spec.messages));

test('sources are called alike where the texts are, and those of unlike seeds or lengths share none', () => {
  const request = fc.record(
    {
      prompt_tokens: fc.constantFrom<ResolvedRequest['prompt_tokens'] | undefined>(undefined, [20], [30], [20, 30], [30, 20], {
        distribution: 'uniform',
        min: 20,
        max: 30,
      }),
      max_tokens: fc.constantFrom<number[]>([5], [5, 6]),
      prompt_set: fc.constantFrom(0, 1),
      shared_prefix_tokens: fc.constantFrom(undefined, 10),
    },
    { requiredKeys: ['max_tokens'] },
  );
  const one = fc.record({ request, seed: fc.constantFrom(0, 1), round: fc.constantFrom(0, 1) });
  let [alike, unlike] = [0, 0];
  fc.assert(
    fc.property(one, one, (a, b) => {
      const [first, second] = [a, b].map(({ request, seed, round }) => workloadOf(request as Partial<ResolvedRequest>, seed, round)) as [
        Workload,
        Workload,
      ];
      const [source, other] = [first.promptSource(), second.promptSource()];
      assert.ok(source !== null && other !== null);
      const [texts, others] = [textsOf(first), textsOf(second)];
      if (source.id === other.id) {
        alike++;
        assert.deepEqual(texts, others);
        assert.deepEqual(source, other);
      } else if (
        source.seed !== other.seed ||
        (source.lengths && other.lengths && !source.lengths.some((tokens) => other.lengths?.includes(tokens)))
      ) {
        unlike++;
        assert.ok(texts.every((text) => !others.includes(text)));
      }
    }),
    { numRuns: 600 },
  );
  assert.ok(alike > 10 && unlike > 10, `${alike} alike, ${unlike} unlike`);
});

test('plain HTTP has no prompts', () => {
  assert.equal(workloadOf({ api: 'http' }, 0, 0).promptSource(), null);
});
