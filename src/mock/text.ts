import { blockTokens } from './kv-cache.ts';
import { createRandom, hashText } from './random.ts';

/**
 * The engine's tokenizer: a token is four characters (UTF-16 units), of prompts and of answers alike, rounded up. So a conversation that is sent again is
 * counted, and found in the prefix cache, exactly as it was generated.
 */
export const tokenChars = 4;
const blockChars = blockTokens * tokenChars;

const words =
  'act add age air all and any arm art ask bag bar bat bay bed bet big bit box bus but buy can cap car cat cup cut day dew dry ear eat egg end eye fan far few fig fit fly fog for fox fun gap get gum hat hay hen hot how ice ink jam jar job joy key kid kit law leg let lid lip log lot low map mat mix mud net new nod nor now nut oak odd off oil old one orb our out own pan path pay pea pen pet pie pin pit pot put ram ray red rim rod row rug run salt sea see set sky son spy sum sun tab tap tea ten the tie tin tip toe top toy try two use van vat war wax way wet why win yes yet you zip zoo'
    .split(' ')
    .filter((word) => word.length === tokenChars - 1);

/** Tokens of a text; at least 1, because an engine cannot start from nothing. */
export function countTokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / tokenChars));
}

/** `count` tokens of made-up text, each a word and the blank after it, the last one with a full stop; the same seed gives the same text. */
export function writeText(count: number, seed: number): string {
  const random = createRandom(seed);
  let text = '';
  for (let index = 0; index < count; index++) text += `${words[Math.floor(random() * words.length)]} `;
  return count === 0 ? '' : `${text.slice(0, -1)}.`;
}

/** A chat as one text: what the model reads, up to the place where its answer begins. */
export function renderChat(messages: readonly { role: string; content: string }[]): string {
  let text = '';
  for (const { role, content } of messages) text += `<${role}>\n${content}\n`;
  return `${text}<assistant>\n`;
}

/** Chained hashes of the full KV blocks of prompt and answer: equal prefixes of one model have equal hashes. Computed once, at arrival. */
export function hashBlocks(model: string, prompt: string, answer: string): { promptHashes: number[]; outputHashes: number[] } {
  const promptHashes: number[] = [];
  const outputHashes: number[] = [];
  const text = prompt + answer;
  let chained = hashText(model);
  for (let end = blockChars; end <= text.length; end += blockChars) {
    chained = hashText(text, chained, end - blockChars, end);
    (end <= prompt.length ? promptHashes : outputHashes).push(chained);
  }
  return { promptHashes, outputHashes };
}
