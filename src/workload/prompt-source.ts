import { createHash } from 'node:crypto';

/** Where a workload's prompts come from, so that results can tell whether they sent the same ones. */
export interface PromptSource {
  /** Alike for sources whose requests of an index have the same text. */
  id: string;
  /** What generated texts grow from: those of another seed are other texts. Null: the texts were given. */
  seed: number | null;
  /** How many tokens generated texts have: those of one seed that differ in length are other texts. Null: any number, or the texts were given. */
  lengths: readonly number[] | null;
}

/** @param made everything that decides which text an index has */
export function generatedPrompts(seed: number, lengths: readonly number[] | null, made: unknown): PromptSource {
  return { id: printOf([seed, made]), seed, lengths };
}

/** Texts, or what stands for them, that are sent in turn. */
export function givenPrompts(texts: readonly unknown[]): PromptSource {
  return { id: printOf(texts), seed: null, lengths: null };
}

function printOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}
