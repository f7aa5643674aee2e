import { type VectorSet, writeEntry } from '../config/scenario/vectors.ts';

/** So many entries are made at a time, and stay in the processor's cache while every query is held against them. */
const blockEntries = 256;
/** Between two pauses, blocks. */
const blocksAtOnce = 16;

/** The nearest entries of some queries, found by comparing each with every entry. */
export interface Neighbours {
  /** Entries, the nearest first; `count` of them for each query, one query behind the other. */
  entries: Uint32Array;
  /** Of the same. */
  cosines: Float32Array;
  /** The lesser of what was asked for and what there is. */
  count: number;
}

/**
 * Exact search: dimension x entries x queries multiplications, about 10 s for 100 queries among a million entries of 64 dimensions. Memory does not grow with the entries.
 * @param queries of length 1 each
 * @param pause awaited now and then, so that whoever waits can be told to stop
 */
export async function exactNeighbours(
  set: VectorSet,
  queries: readonly Float32Array[],
  asked: number,
  pause: () => Promise<void>,
): Promise<Neighbours> {
  const { entries: size, dimension } = set;
  const count = Math.min(asked, size);
  const entries = new Uint32Array(queries.length * count);
  const cosines = new Float32Array(queries.length * count).fill(Number.NEGATIVE_INFINITY);
  const block = new Float32Array(blockEntries * dimension);
  for (let first = 0, blocks = 0; first < size; first += blockEntries, blocks++) {
    const inBlock = Math.min(blockEntries, size - first);
    for (let i = 0; i < inBlock; i++) writeEntry(set, first + i, block, i * dimension);
    for (const [query, vector] of queries.entries()) {
      const from = query * count;
      let worst = cosines[from + count - 1] as number;
      for (let i = 0; i < inBlock; i++) {
        const cosine = dot(vector, block, i * dimension, dimension);
        if (cosine <= worst) continue;
        insert(entries, cosines, from, count, first + i, cosine);
        worst = cosines[from + count - 1] as number;
      }
    }
    if (blocks % blocksAtOnce === blocksAtOnce - 1) await pause();
  }
  return { entries, cosines, count };
}

function dot(a: Float32Array, b: Float32Array, from: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += (a[i] as number) * (b[from + i] as number);
  return sum;
}

/** Puts an entry in its place among the best so far; the last one falls out. */
function insert(entries: Uint32Array, cosines: Float32Array, from: number, count: number, entry: number, cosine: number): void {
  let at = from + count - 1;
  while (at > from && (cosines[at - 1] as number) < cosine) {
    cosines[at] = cosines[at - 1] as number;
    entries[at] = entries[at - 1] as number;
    at--;
  }
  cosines[at] = cosine;
  entries[at] = entry;
}
