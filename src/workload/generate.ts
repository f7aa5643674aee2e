import { Random } from './random.ts';
import { words } from './words.ts';

/**
 * A prompt of `tokens` tokens (by every vocabulary of `tokenizers.ts`; close to it in others), different from its first words on for every index,
 * so that a prefix cache cannot flatter. The same seed and index give the same prompt.
 */
export function generatePrompt(tokens: number, seed: number, index: number): string {
  const random = new Random(seed, index + 1);
  const picked: string[] = [];
  for (let i = 0; i < tokens; i++) picked.push(words[random.below(words.length)] as string);
  return picked.join(' ');
}
