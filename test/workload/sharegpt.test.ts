import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Conversation, type ShareGptOptions, shareGptSchema } from '../../src/config/scenario/sharegpt.ts';
import { shareGptPrompts } from '../../src/workload/sharegpt.ts';

const words = (text: string) => text.split(' ').filter((word) => word !== '').length;
const options = (more: Partial<ShareGptOptions> = {}): ShareGptOptions => ({
  ...shareGptSchema.parse({ file: 'x' }),
  min_prompt_tokens: 1,
  min_answer_tokens: 1,
  ...more,
});
const user = (content: string) => ({ role: 'user' as const, content });
const assistant = (content: string) => ({ role: 'assistant' as const, content });
const talk: Conversation = {
  turns: [{ role: 'system', content: 'be brief' }, assistant('hello'), user('a b c'), assistant('d e'), user('f'), assistant('g h i j'), user('k')],
};

test('the first question alone, or everything up to the last answer', () => {
  const [first] = shareGptPrompts([talk], options(), words).prompts;
  assert.deepEqual(first, {
    prompt: 'be brief\n\na b c',
    messages: [{ role: 'system', content: 'be brief' }, user('a b c')],
    max_tokens: 2,
    temperature: null,
  });
  const [all] = shareGptPrompts([talk], options({ turns: 'all', answer_length: false }), words).prompts;
  assert.deepEqual([all?.messages, all?.max_tokens], [talk.turns.slice(0, 5), null]);
});

test('filters, each with its count', () => {
  const conversations: Conversation[] = [
    talk,
    { turns: [user('one two three four five six'), assistant('x')] },
    { turns: [user('one'), assistant('a b c d e')] },
    { turns: [user('no answer')] },
    { turns: [assistant('only'), assistant('answers')] },
    { turns: [user('ok fine'), assistant('yes')] },
  ];
  const { prompts, leftOut } = shareGptPrompts(conversations, options({ min_prompt_tokens: 1, max_prompt_tokens: 5, max_answer_tokens: 4 }), words);
  assert.deepEqual(
    prompts.map(({ prompt }) => prompt),
    ['be brief\n\na b c', 'ok fine'],
  );
  assert.deepEqual(leftOut, { noAnswer: 2, promptLength: 1, answerLength: 1 });
  assert.equal(shareGptPrompts(conversations, options({ max_conversations: 2 }), words).prompts.length, 2);
});

test('whatever was said: what is sent ends with a person, keeps its order, and has the length that was asked for', () => {
  const turn = fc.record({
    role: fc.constantFrom('system' as const, 'user' as const, 'assistant' as const),
    content: fc.constantFrom('a', 'a b', 'a b c'),
  });
  const conversation = fc.record({ turns: fc.array(turn, { maxLength: 8 }) });
  fc.assert(
    fc.property(
      fc.array(conversation, { maxLength: 6 }),
      fc.constantFrom('first' as const, 'all' as const),
      fc.integer({ min: 1, max: 6 }),
      (list, turns, most) => {
        const { prompts, leftOut } = shareGptPrompts(list, options({ turns, max_prompt_tokens: most }), words);
        assert.equal(prompts.length + leftOut.noAnswer + leftOut.promptLength + leftOut.answerLength, list.length);
        for (const { messages, max_tokens } of prompts) {
          assert.equal(messages?.at(-1)?.role, 'user');
          assert.ok((max_tokens ?? 0) >= 1);
          assert.ok((messages ?? []).reduce((sum, { content }) => sum + words(content), 0) <= most);
          assert.ok(list.some(({ turns: said }) => isPart(messages ?? [], said)));
        }
      },
    ),
  );
});

function isPart(messages: readonly { content: string }[], turns: readonly { content: string }[]): boolean {
  let at = 0;
  for (const one of turns) if (messages[at] !== undefined && one.content === messages[at]?.content) at++;
  return at === messages.length;
}
