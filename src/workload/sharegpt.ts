import type { Prompt } from '../config/scenario/prompts.ts';
import type { Conversation, ShareGptOptions } from '../config/scenario/sharegpt.ts';

/** Why conversations were left out, by count. */
export interface LeftOut {
  /** Nobody asked, or nobody answered. */
  noAnswer: number;
  promptLength: number;
  answerLength: number;
}

/**
 * Conversations as prompts, in the file's order: the first question with its answer, or everything up to the last answer; those outside the bounds of
 * length are left out. Pure.
 * @param countTokens counts the tokens of a text; a conversation's are those of its turns
 */
export function shareGptPrompts(
  conversations: readonly Conversation[],
  options: ShareGptOptions,
  countTokens: (text: string) => number,
): { prompts: Prompt[]; leftOut: LeftOut } {
  const prompts: Prompt[] = [];
  const leftOut: LeftOut = { noAnswer: 0, promptLength: 0, answerLength: 0 };
  const within = (tokens: number, min: number, max: number | undefined) => tokens >= min && (max === undefined || tokens <= max);
  for (const { turns } of conversations) {
    if (options.max_conversations !== undefined && prompts.length >= options.max_conversations) break;
    const cut = cutOf(turns, options.turns);
    if (cut === null) {
      leftOut.noAnswer++;
      continue;
    }
    const promptTokens = cut.messages.reduce((sum, { content }) => sum + countTokens(content), 0);
    if (!within(promptTokens, options.min_prompt_tokens, options.max_prompt_tokens)) {
      leftOut.promptLength++;
      continue;
    }
    const answerTokens = countTokens(cut.answer);
    if (!within(answerTokens, options.min_answer_tokens, options.max_answer_tokens)) {
      leftOut.answerLength++;
      continue;
    }
    prompts.push({
      prompt: cut.messages.map(({ content }) => content).join('\n\n'),
      messages: cut.messages,
      max_tokens: options.answer_length ? answerTokens : null,
      temperature: null,
    });
  }
  return { prompts, leftOut };
}

/** What is sent and what was answered; null where there is no question with an answer behind it. */
function cutOf(turns: Conversation['turns'], which: ShareGptOptions['turns']): { messages: Conversation['turns']; answer: string } | null {
  const answers = (turn: Conversation['turns'][number], index: number) => turn.role === 'assistant' && turns[index - 1]?.role === 'user';
  const at = which === 'first' ? turns.findIndex(answers) : turns.findLastIndex(answers);
  if (at < 0) return null;
  const before = turns.slice(0, at);
  // The first question alone, with the system prompt before it where there is one.
  const messages = which === 'all' ? before : before.filter(({ role }, index) => role === 'system' || index === at - 1);
  return { messages, answer: (turns[at] as { content: string }).content };
}
