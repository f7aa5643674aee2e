/** A source of numbers in [0, 1). */
export type Random = () => number;

/**
 * A small seeded generator (a 32-bit Weyl sequence through a murmur-style finalizer). Same seed, same numbers, on every machine.
 * Statistical quality is ample for jitter and for choosing words; it is not for secrets.
 */
export function createRandom(seed: number): Random {
  let state = mix(seed >>> 0);
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    return mix(state) / 0x1_0000_0000;
  };
}

/** A 53-bit hash of `text[start, end)`, chained on `previous` (two FNV-1a lanes): the same prefix always gives the same chain. */
export function hashText(text: string, previous = 0, start = 0, end = text.length): number {
  let low = (0x811c9dc5 ^ (previous >>> 0)) >>> 0;
  let high = (0x01000193 ^ Math.floor(previous / 0x1_0000_0000)) >>> 0;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193) >>> 0;
    high = Math.imul(high ^ code, 0x5bd1e995) >>> 0;
  }
  return (mix(high) & 0x1f_ffff) * 0x1_0000_0000 + mix(low);
}

function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
