import { distance } from 'fastest-levenshtein';

/** As far as a slip may be away from the word that was meant: a third of its letters, at most three. */
function slip(candidate: string): number {
  return Math.min(3, Math.max(1, Math.floor((candidate.length + 1) / 3)));
}

/**
 * The candidate that a typing slip could have meant; null when none is close.
 * @param limitOf how many letters a candidate may be away
 */
export function nearMiss(word: string, candidates: Iterable<string>, limitOf: (candidate: string) => number = slip): string | null {
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const away = distance(plain(word), plain(candidate));
    if (away <= limitOf(candidate) && away < bestDistance) [best, bestDistance] = [candidate, away];
  }
  return best;
}

/** ` (did you mean "x"?)`, or nothing when no candidate is close. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  const near = nearMiss(word, candidates);
  return near === null ? '' : `; did you mean ${JSON.stringify(near)}?`;
}

/** `base-url`, `baseUrl` and `base_url` are the same word to a person. */
function plain(word: string): string {
  return word.replace(/[-_ ]/g, '_').toLowerCase();
}
