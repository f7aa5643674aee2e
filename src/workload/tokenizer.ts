import { defaultTokenizer, type TokenizerName } from '../config/tokenizers.ts';

/** Each vocabulary in a chunk of its own: they are megabytes. */
const encodings = {
  cl100k_base: () => import('gpt-tokenizer/encoding/cl100k_base'),
  o200k_base: () => import('gpt-tokenizer/encoding/o200k_base'),
  p50k_base: () => import('gpt-tokenizer/encoding/p50k_base'),
  r50k_base: () => import('gpt-tokenizer/encoding/r50k_base'),
} satisfies Record<TokenizerName, () => Promise<{ countTokens(text: string): number }>>;

/** Loads a vocabulary and returns what counts the tokens of a text; text that looks like a special token is counted as the text it is. */
export async function loadTokenizer(name: TokenizerName = defaultTokenizer): Promise<(text: string) => number> {
  const { countTokens } = await encodings[name]();
  const asText = { disallowedSpecial: new Set<string>() };
  return (text) => countTokens(text, asText);
}
