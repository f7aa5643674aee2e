import { renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { type VectorSet, writeEntry } from '../../config/scenario/vectors.ts';
import type { loadUsearch, VectorIndex } from './usearch.ts';

const batchEntries = 5000;
const tellEveryMs = 5000;
/** Links per node, and candidates looked at: half the library's own number when an entry is added, which halves the building, and twice it when one is looked for. */
const graph = { connectivity: 16, expansion_add: 64, expansion_search: 128 };
/** What changes with the way an index is made: files of another version are not read. */
const version = 1;

/** Where the index of a set of vectors is kept: by everything that decides what is in it. */
export function indexFile(folder: string, { entries, dimension, seed }: VectorSet): string {
  return join(folder, `vectors-${version}-${entries}x${dimension}-seed${seed}-i8.usearch`);
}

/**
 * The index of a set of vectors: from its file, which is mapped and not read, or built and kept there. 8-bit components, cosine.
 * @param said progress, a line at a time @param signal gives the building up
 */
export async function openIndex(
  { Index }: ReturnType<typeof loadUsearch>,
  set: VectorSet,
  options: { folder: string; threads: number; signal: AbortSignal; said: (line: string) => void },
): Promise<VectorIndex> {
  const file = indexFile(options.folder, set);
  const make = () => new Index({ dimensions: set.dimension, metric: 'cos', quantization: 'i8', ...graph, multi: false });
  if (isThere(file)) {
    const kept = make();
    try {
      kept.view(file);
      if (kept.size() === set.entries) return kept;
    } catch {
      // Cut short or of another version: made anew.
    }
    rmSync(file, { force: true });
  }
  const built = make();
  await fill(built, set, options);
  // Others may be building the same one: whoever is last replaces a file that is the same.
  const unfinished = `${file}.${process.pid}`;
  try {
    built.save(unfinished);
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    options.said(`the index is not kept for the next time: ${(error as Error).message}`);
  }
  return built;
}

function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

async function fill(
  index: VectorIndex,
  set: VectorSet,
  { threads, signal, said }: { threads: number; signal: AbortSignal; said: (line: string) => void },
): Promise<void> {
  const { entries, dimension } = set;
  const begun = performance.now();
  let toldMs = begun;
  for (let first = 0; first < entries; first += batchEntries) {
    const count = Math.min(batchEntries, entries - first);
    const vectors = new Float32Array(count * dimension);
    const keys = new BigUint64Array(count);
    for (let i = 0; i < count; i++) {
      writeEntry(set, first + i, vectors, i * dimension);
      keys[i] = BigInt(first + i);
    }
    index.add(keys, vectors, threads);
    await breathe();
    signal.throwIfAborted();
    const now = performance.now();
    if (now - toldMs < tellEveryMs) continue;
    toldMs = now;
    const done = first + count;
    said(`${done} of ${entries} entries indexed, about ${Math.ceil((((now - begun) / done) * (entries - done)) / 1000)} s left`);
  }
  if (toldMs !== begun) said(`${entries} entries indexed in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}
