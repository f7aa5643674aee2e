import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { cacheFolder } from '../../config/cache-folder.ts';
import type { Scenario } from '../../config/scenario/scenario.ts';
import type { Neighbours } from '../../workload/exact-neighbours.ts';
import { sampleNeighbours } from '../../workload/retrieval.ts';

/** What changes with the way that vectors are made: answers of another version are not read. */
const version = 1;

/** What the sampled queries of a retrieval should find, by an exact search before anything is measured, or from the cache where it was made before. Null where none is sampled, or it was told to stop. */
export async function neighboursOf(scenario: Scenario, signal: AbortSignal, env: NodeJS.ProcessEnv = process.env): Promise<Neighbours | null> {
  const { retrieval } = scenario.request;
  if (retrieval === undefined || retrieval.sample === 0) return null;
  const { entries, dimension, seed, top_k, queries, sample, similarity, near_percent } = retrieval;
  const sampled = Math.min(sample, queries);
  const set = `${entries}x${dimension}-seed${seed}`;
  const asked = `top${top_k}-${sampled}of-seed${scenario.seed}-${similarity.join('to')}-${near_percent}`;
  const file = join(cacheFolder(env), `neighbours-${version}-${set}-${asked}.json`);
  const count = Math.min(top_k, entries);
  const kept = await read(file, count, sampled);
  if (kept !== null) return kept;
  try {
    const found = await sampleNeighbours(scenario, retrieval, async () => {
      await breathe();
      signal.throwIfAborted();
    });
    await keep(file, found);
    return found;
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

async function read(file: string, count: number, sampled: number): Promise<Neighbours | null> {
  try {
    const { entries, cosines } = JSON.parse(await readFile(file, 'utf8')) as { entries: number[]; cosines: number[] };
    if (entries.length !== count * sampled || cosines.length !== entries.length) return null;
    return { entries: Uint32Array.from(entries), cosines: Float32Array.from(cosines), count };
  } catch {
    return null;
  }
}

/** Not being able to keep it only costs the time of looking again. */
async function keep(file: string, { entries, cosines }: Neighbours): Promise<void> {
  const unfinished = `${file}.${process.pid}`;
  try {
    await writeFile(unfinished, JSON.stringify({ entries: [...entries], cosines: [...cosines] }));
    await rename(unfinished, file);
  } catch {
    // A full or read-only disk.
  }
}
