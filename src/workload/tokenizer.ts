import { defaultTokenizer, type TokenizerName } from '../config/scenario/tokenizers.ts';

/** Each vocabulary in a chunk of its own: they are megabytes. */
const encodings = {
  cl100k_base: () => import('gpt-tokenizer/encoding/cl100k_base'),
  o200k_base: () => import('gpt-tokenizer/encoding/o200k_base'),
  p50k_base: () => import('gpt-tokenizer/encoding/p50k_base'),
  r50k_base: () => import('gpt-tokenizer/encoding/r50k_base'),
} satisfies Record<TokenizerName, () => Promise<{ countTokens(text: string): number }>>;

/**
 * Longest stretch that is counted at a time, characters. Within a word the merging of pairs takes time by the square of its length, and a text without blanks (Chinese,
 * Japanese, base64, a model that repeats one character) is one word: 16,000 characters of it held a sending thread up for more than a second.
 */
const longestStretch = 512;

/** Loads a vocabulary and returns what counts the tokens of a text; text that looks like a special token is counted as the text it is. */
export async function loadTokenizer(name: TokenizerName = defaultTokenizer): Promise<(text: string) => number> {
  const { countTokens } = await encodings[name]();
  const asText = { disallowedSpecial: new Set<string>() };
  return (text) => {
    let tokens = 0;
    let from = 0;
    while (text.length - from > longestStretch) {
      const to = stretchEnd(text, from);
      tokens += countTokens(text.slice(from, to), asText);
      from = to;
    }
    return tokens + countTokens(text.slice(from), asText);
  };
}

/** Before the last blank between two words, where every vocabulary begins a new piece, so that the count stays what it is; a stretch without one is cut, which may add a token. */
function stretchEnd(text: string, from: number): number {
  const most = from + longestStretch;
  for (let at = most; at > from; at--) if (text[at] === ' ' && isVisible(text[at - 1]) && isVisible(text[at + 1])) return at;
  return /[\uDC00-\uDFFF]/.test(text[most] as string) ? most - 1 : most;
}

function isVisible(character: string | undefined): boolean {
  return character !== undefined && /\S/.test(character);
}
