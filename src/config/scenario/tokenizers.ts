/** Vocabularies of OpenAI's models that texts can be counted with: o200k of GPT-4o and later, cl100k of GPT-4 and GPT-3.5, p50k and r50k of GPT-3. */
export const tokenizerNames = ['cl100k_base', 'o200k_base', 'p50k_base', 'r50k_base'] as const;
export type TokenizerName = (typeof tokenizerNames)[number];
export const defaultTokenizer: TokenizerName = 'cl100k_base';
