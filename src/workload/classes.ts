import type { RequestClasses } from '../config/scenario/scenario.ts';
import { Random } from './random.ts';

/** The stream of the seed that classes are drawn from; prompts use the small numbers. */
const classStream = -2;

/**
 * Steps of a sequence that fills the unit square evenly: 1/g and 1/g^2, where g is the plastic number, the root of g^3 = g + 1.
 * Source: Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences", 2018 (the R2 sequence).
 */
const plastic = 1.324717957244746;
const steps = { prompt: 1 / plastic, answer: 1 / plastic ** 2 } as const;

/** Which classes the request of an index belongs to, as positions in their lists; 0 where there is no list. */
export type ClassChooser = (index: number) => { prompt: number; answer: number };

/**
 * Chooses by weight so evenly that also a short run has every class in its share, within a request or two, and a long run in exactly that; pairs of classes
 * come in the product of their shares. The seed says where the sequence begins. Pure: the classes of an index are always the same.
 */
export function chooseClasses(classes: RequestClasses, seed: number): ClassChooser {
  const random = new Random(seed, classStream);
  const starts = { prompt: random.uniform(), answer: random.uniform() };
  const pick = (kind: 'prompt' | 'answer') => {
    const weights = (classes[kind] ?? []).map((one) => one.weight);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const bounds = weights.map((_, index) => weights.slice(0, index + 1).reduce((sum, weight) => sum + weight, 0) / total);
    return (index: number) => {
      const at = (starts[kind] + index * steps[kind]) % 1;
      const found = bounds.findIndex((bound) => at < bound);
      return found === -1 ? Math.max(0, bounds.length - 1) : found;
    };
  };
  const [prompt, answer] = [pick('prompt'), pick('answer')];
  return (index) => ({ prompt: prompt(index), answer: answer(index) });
}
