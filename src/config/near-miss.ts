import { distance } from 'fastest-levenshtein';

/** The candidate that a typing slip could have meant: at most a third of its letters away, and at most three; null when none is that close. */
export function nearMiss(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const limit = Math.min(3, Math.max(1, Math.floor(candidate.length / 3)));
    const away = distance(plain(word), plain(candidate));
    if (away <= limit && away < bestDistance) [best, bestDistance] = [candidate, away];
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
