import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Allowance, Budget, type BudgetLimits, createBudget, inputBound, outputBound, tokensUsed } from '../../src/load/budget.ts';

const tokensOnly = (tokens: number): BudgetLimits => ({ tokens, cost: null });

test('a request fits or it does not, and after the first that does not none does', () => {
  const plan = createBudget(tokensOnly(100));
  const one = new Budget(plan);
  const other = new Budget(plan);
  assert.equal(one.reserve({ input: 10, output: 50 }), true);
  assert.equal(other.reserve({ input: 10, output: 30 }), true);
  assert.deepEqual(one.used, { tokens: 100, cost: null });
  one.settle({ input: 10, output: 50 }, { input: 4, output: 6 });
  assert.deepEqual([other.used.tokens, other.exhausted], [50, false]);
  assert.equal(one.reserve({ input: 1, output: 50 }), false);
  assert.deepEqual([one.used.tokens, other.exhausted, other.reserve({ input: 0, output: 1 })], [50, true, false]);
});

test('whatever is asked for, in whatever order it ends, the limit holds as long as no request uses more than was set aside', () => {
  const request = fc.record({ input: fc.nat(50), output: fc.nat(50), share: fc.double({ min: 0, max: 1, noNaN: true }), endsAfter: fc.nat(5) });
  fc.assert(
    fc.property(fc.array(request), fc.nat(500), (requests, limit) => {
      const budget = new Budget(createBudget(tokensOnly(limit)));
      const flying: typeof requests = [];
      let used = 0;
      for (const next of requests) {
        if (budget.reserve(next)) flying.push(next);
        for (let i = 0; i < next.endsAfter && flying.length > 0; i++) {
          const ended = flying.shift()!;
          const really = { input: Math.floor(ended.input * ended.share), output: Math.floor(ended.output * ended.share) };
          used += really.input + really.output;
          budget.settle(ended, really);
        }
        const reserved = flying.reduce((sum, one) => sum + one.input + one.output, 0);
        assert.equal(budget.used.tokens, used + reserved);
        assert.ok(used + reserved <= limit);
      }
    }),
  );
});

test("a request's part is set aside for each of its attempts, and once for none", () => {
  const budget = new Budget(createBudget(tokensOnly(100)));
  const bound = { input: 10, output: 30 };
  const allowance = new Allowance(budget);
  assert.equal(budget.reserve(bound), true);
  allowance.hold(bound);
  const failed = { status: 503, inputTokens: null, outputTokens: null };
  // A refusal costs nothing; the next attempt has its own part.
  assert.equal(allowance.renew(failed, true), true);
  assert.equal(budget.used.tokens, 40);
  allowance.release();
  allowance.release();
  assert.equal(budget.used.tokens, 0);
  assert.equal(budget.reserve(bound), true);
  allowance.hold(bound);
  allowance.spend({ status: 200, inputTokens: 8 }, true, 70);
  allowance.spend({ status: 200, inputTokens: 8 }, true, 70);
  assert.deepEqual([budget.used.tokens, budget.exhausted], [78, false]);
  // One that may have been worked on counts whole, and leaves no room for another.
  assert.equal(budget.reserve({ input: 5, output: 10 }), true);
  allowance.hold({ input: 5, output: 10 });
  assert.equal(allowance.renew({ status: null, inputTokens: null, outputTokens: null }, true), false);
  assert.deepEqual([budget.used.tokens, budget.exhausted], [93, true]);
});

test('money is counted by the prices of prompt and output tokens, exactly', () => {
  const budget = new Budget(createBudget({ tokens: null, cost: { amount: 0.01, inputPerMillion: 0.15, outputPerMillion: 0.6 } }));
  for (let i = 0; i < 10; i++) assert.equal(budget.reserve({ input: 1000, output: 1000 }), true);
  assert.deepEqual(budget.used, { tokens: 20_000, cost: 0.0075 });
  assert.equal(budget.reserve({ input: 0, output: 4167 }), false);
  const again = new Budget(createBudget({ tokens: null, cost: { amount: 0.01, inputPerMillion: 0.15, outputPerMillion: 0.6 } }));
  assert.equal(again.reserve({ input: 10_000, output: 14_166 }), true);
});

test('bounds of a request', () => {
  assert.equal(outputBound({ maxTokens: 10, extraBody: {} }), 10);
  assert.equal(outputBound({ maxTokens: null, extraBody: {} }), null);
  assert.equal(outputBound({ maxTokens: 10, extraBody: { max_completion_tokens: 7, n: 3 } }), 21);
  assert.equal(outputBound({ maxTokens: null, extraBody: { max_tokens: 7 } }), 7);
  assert.equal(inputBound(Buffer.from('{"messages":"é"}')), 17);
  assert.equal(inputBound(null), 0);
});

test('what an ended request used, where the server does not say', () => {
  const bound = { input: 100, output: 50 };
  const used = (status: number | null, sent: boolean, input: number | null = null, output: number | null = null) =>
    tokensUsed(bound, { status, inputTokens: input }, sent, output);
  assert.deepEqual(used(200, true, 20, 30), { input: 20, output: 30 });
  assert.deepEqual(used(200, true), bound);
  assert.deepEqual(used(null, true), bound);
  assert.deepEqual(used(null, false), { input: 0, output: 0 });
  assert.deepEqual(used(429, true), { input: 0, output: 0 });
});

test('a part of a token counts as one, and no number that a server or a body says breaks the count', () => {
  const budget = new Budget(createBudget({ tokens: 100, cost: { amount: 1, inputPerMillion: 1000, outputPerMillion: 1000 } }));
  assert.equal(budget.reserve({ input: 10, output: 7.5 }), true);
  budget.settle({ input: 10, output: 7.5 }, { input: 2.25, output: 3.5 });
  assert.deepEqual(budget.used, { tokens: 7, cost: 0.007 });
  assert.equal(budget.reserve({ input: 10, output: 1e300 }), false);
  assert.equal(budget.used.tokens, 7);
  assert.equal(budget.refusedTokens, 1e9 + 10);
});

test('an answer of -1 tokens at most is one without a bound', () => {
  assert.equal(outputBound({ maxTokens: 10, extraBody: { max_tokens: -1 } }), null);
});
