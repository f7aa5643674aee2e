const bits = 52;
const halfBits = 26;

/**
 * A print of a text in 52 bits: alike for texts that share most of their pairs of neighbouring words (M. Charikar, "Similarity estimation techniques from
 * rounding algorithms", 2002), and the same for the same text. A double holds it exactly. Cost is linear in the text, so it is taken when a request has ended.
 */
export function textPrint(text: string): number {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const weights = new Int32Array(bits);
  for (const [at, word] of words.entries()) {
    const pair = `${word} ${words[at + 1] ?? ''}`;
    for (const [half, seed] of [0x811c9dc5, 0x01000193].entries()) {
      const hash = mixed(pair, seed);
      for (let bit = 0; bit < halfBits; bit++) {
        const place = half * halfBits + bit;
        weights[place] = (weights[place] as number) + ((hash >>> bit) & 1 ? 1 : -1);
      }
    }
  }
  let print = 0;
  for (let bit = 0; bit < bits; bit++) if ((weights[bit] as number) > 0) print += 2 ** bit;
  return print;
}

/** How alike the texts of two prints are: 1 the same, about 0 nothing in common. An estimate of the cosine of their word pairs, never below 0. */
export function printSimilarity(a: number, b: number): number {
  let different = 0;
  for (let bit = 0; bit < bits; bit++) if (Math.floor(a / 2 ** bit) % 2 !== Math.floor(b / 2 ** bit) % 2) different++;
  return Math.max(0, Math.cos((Math.PI * different) / bits));
}

/** FNV-1a over UTF-16 units, then the finish of MurmurHash3. */
function mixed(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
