/** What makes a set of vectors: the same three numbers give the same vectors on every machine, so that a client and a server agree on them without sending any. */
export interface VectorSet {
  entries: number;
  dimension: number;
  seed: number;
}

/** What makes the vectors of queries other than those of the entries of the same seed. */
const querySalt = 0x2545f491;

/**
 * Writes entry `index` of the set: directions spread evenly over the sphere, the hardest case for an index (real embeddings come in clusters, which it can
 * follow). Only whole numbers and a square root go in, so that no machine's own sine or logarithm does.
 */
export function writeEntry({ dimension, seed }: Pick<VectorSet, 'dimension' | 'seed'>, index: number, into: Float32Array, at = 0): void {
  writeDirection(seed >>> 0, index, dimension, into, at);
}

/** A query by its number: the entry that it was made near to, how near (cosine), and the vector. */
export interface VectorQuery {
  /** Null: it is near to no entry but by chance. */
  entry: number | null;
  similarity: number;
  vector: Float32Array;
}

/**
 * Query `index`: an entry drawn at random and moved away from it until their cosine is about the one drawn from `similarity`, as a question asked in other
 * words; or, for all but `nearPercent` of the queries, a direction of its own.
 */
export function makeQuery(
  set: VectorSet & { querySeed: number },
  index: number,
  options: { similarity: readonly [number, number]; nearPercent: number },
): VectorQuery {
  const { entries, dimension, querySeed } = set;
  const salted = (querySeed ^ querySalt) >>> 0;
  const vector = new Float32Array(dimension);
  writeDirection(salted, index, dimension, vector, 0);
  const draw = numbers(salted ^ 0x9e3779b9, index);
  const near = (draw() / 0x1_0000_0000) * 100 < options.nearPercent;
  const entry = Math.floor((draw() / 0x1_0000_0000) * entries);
  const [low, high] = options.similarity;
  const similarity = low + (draw() / 0x1_0000_0000) * (high - low);
  if (!near) return { entry: null, similarity: 0, vector };
  const base = new Float32Array(dimension);
  writeEntry(set, entry, base);
  // What of the own direction lies along the entry is taken out, so that the cosine is the one drawn.
  let along = 0;
  for (let i = 0; i < dimension; i++) along += (vector[i] as number) * (base[i] as number);
  let rest = 0;
  for (let i = 0; i < dimension; i++) {
    const across = (vector[i] as number) - along * (base[i] as number);
    vector[i] = across;
    rest += across * across;
  }
  const scale = rest === 0 ? 0 : Math.sqrt(Math.max(0, 1 - similarity * similarity) / rest);
  for (let i = 0; i < dimension; i++) vector[i] = similarity * (base[i] as number) + scale * (vector[i] as number);
  return { entry, similarity, vector };
}

/** Each coordinate is the sum of four even bytes, close enough to a normal one for the directions to be even. */
function writeDirection(seed: number, index: number, dimension: number, into: Float32Array, at: number): void {
  const draw = numbers(seed, index);
  let squares = 0;
  for (let i = 0; i < dimension; i++) {
    const bits = draw();
    const value = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24) - 510;
    into[at + i] = value;
    squares += value * value;
  }
  const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
  for (let i = 0; i < dimension; i++) into[at + i] = (into[at + i] as number) * scale;
}

/** 32-bit numbers of one seed and index: sfc32 (Chris Doty-Humphrey, PractRand, 2010), its first twelve thrown away as its author does. */
function numbers(seed: number, index: number): () => number {
  let [a, b, c, d] = [seed | 0, index | 0, Math.floor(index / 0x1_0000_0000) | 0, 1];
  const next = () => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}
