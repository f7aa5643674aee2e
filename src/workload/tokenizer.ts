/** The vocabulary that texts are counted with where a server reports no usage; results say so. */
export const tokenizerEncoding = 'cl100k_base';

/** Loads the tokenizer (a megabyte of vocabulary) and returns what counts the tokens of a text. */
export async function loadTokenizer(): Promise<(text: string) => number> {
  const { countTokens } = await import('gpt-tokenizer/encoding/cl100k_base');
  return (text) => countTokens(text);
}
