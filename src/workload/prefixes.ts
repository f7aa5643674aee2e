import { generatePrompt } from './generate.ts';
import { Random } from './random.ts';

/** What makes the texts of prefixes other than those of the prompts generated from the same seed. */
const prefixSalt = 0x3c6ef372;
/** The stream of the seed that the sequence of prefixes begins with. */
const prefixStream = -3;
/** Texts of prefixes that are kept; each may be kilobytes. */
const mostKept = 256;
/** The golden ratio: steps of its inverse fill the unit interval evenly, and are in step with no round-robin. */
const goldenRatio = (1 + Math.sqrt(5)) / 2;

/** Prompts that begin alike. */
export interface SharedPrefixes {
  /** Which prefix the prompt of an index begins with, from 0. */
  prefixOf(index: number): number;
  /** A prompt of `tokens` tokens that begins with its prefix and goes on with text of its own. One too short for its prefix and a token more has less of it. */
  prompt(tokens: number, index: number): string;
}

/** @param length of each prefix in tokens; @param count how many different ones. Pure. */
export function sharedPrefixes(length: number, count: number, seed: number): SharedPrefixes {
  const start = new Random(seed, prefixStream).uniform();
  const kept = new Map<number, string>();
  const textOf = (prefix: number) => {
    const known = kept.get(prefix);
    if (known !== undefined) return known;
    const text = generatePrompt(length, (seed ^ prefixSalt) >>> 0, prefix);
    const [oldest] = kept.keys();
    if (kept.size >= mostKept && oldest !== undefined) kept.delete(oldest);
    kept.set(prefix, text);
    return text;
  };
  const prefixOf = (index: number) => Math.floor(((start + index / goldenRatio) % 1) * count);
  return {
    prefixOf,
    prompt(tokens, index) {
      const shared = Math.min(length, tokens - 1);
      const own = generatePrompt(tokens - shared, seed, index);
      const prefix = textOf(prefixOf(index));
      if (shared === 0) return own;
      return `${shared === length ? prefix : prefix.split(' ', shared).join(' ')} ${own}`;
    },
  };
}
