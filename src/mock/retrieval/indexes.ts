import { availableParallelism } from 'node:os';
import { cacheFolder } from '../../config/cache-folder.ts';
import { type VectorSet, writeEntry } from '../../config/scenario/vectors.ts';
import { ApiError } from '../api-error.ts';
import { openIndex } from './index-store.ts';
import { loadUsearch, type Nearest, type VectorIndex } from './usearch.ts';

const mostAtOnce = 10_000;

export interface Match {
  id: number;
  /** Cosine. */
  score: number;
}

interface Query {
  index: VectorIndex;
  vector: number[];
  count: number;
  resolve: (nearest: Nearest) => void;
  reject: (error: unknown) => void;
}

/** The indexes of one server, of different sizes and one dimension. */
export class RetrievalIndexes {
  readonly dimension: number;
  private readonly seed: number;
  private readonly sizes: readonly number[];
  private readonly open = new Map<number, VectorIndex>();
  private waiting: Query[] = [];
  private readonly stopped = new AbortController();
  private readonly usearch: ReturnType<typeof loadUsearch>;

  /** @throws UserError (4) without the package that keeps the index */
  constructor(options: { sizes: readonly number[]; dimension: number; seed: number; cwd: string }) {
    this.sizes = [...new Set(options.sizes)];
    this.dimension = options.dimension;
    this.seed = options.seed;
    this.usearch = loadUsearch(options.cwd);
  }

  /** Maps or builds every index, the smallest first. */
  async load(env: NodeJS.ProcessEnv, said: (line: string) => void): Promise<void> {
    const options = { folder: cacheFolder(env), threads: availableParallelism(), signal: this.stopped.signal, said };
    for (const entries of this.sizes.toSorted((a, b) => a - b)) this.open.set(entries, await openIndex(this.usearch, this.setOf(entries), options));
  }

  /** Gives up what is being built. */
  close(): void {
    this.stopped.abort();
  }

  get ready(): boolean {
    return this.open.size === this.sizes.length;
  }

  /** @param body {vector, top_k = 10, entries = the first size, threshold} @throws ApiError */
  async search(body: Readonly<Record<string, unknown>>): Promise<{ matches: Match[]; hit?: boolean }> {
    const { vector, top_k: topK = 10, threshold } = body;
    const { index } = this.indexOf(body['entries']);
    if (!Array.isArray(vector) || !vector.every((one) => typeof one === 'number' && Number.isFinite(one)))
      throw new ApiError(400, 'vector: expected a list of numbers');
    if (vector.length !== this.dimension) throw new ApiError(400, `vector: expected ${this.dimension} numbers, found ${vector.length}`);
    if (!Number.isInteger(topK) || (topK as number) < 1 || (topK as number) > mostAtOnce)
      throw new ApiError(400, `top_k: expected a whole number from 1 to ${mostAtOnce}, found ${JSON.stringify(topK)}`);
    if (threshold !== undefined && typeof threshold !== 'number') throw new ApiError(400, 'threshold: expected a number');
    const { keys, distances } = await this.nearest(index, vector as number[], Math.min(topK as number, index.size()));
    const matches = Array.from(keys, (key, at): Match => ({ id: Number(key), score: 1 - (distances[at] as number) }));
    return { matches, ...(threshold === undefined ? {} : { hit: matches[0] !== undefined && matches[0].score >= threshold }) };
  }

  private nearest(index: VectorIndex, vector: number[], count: number): Promise<Nearest> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) setImmediate(() => this.searchWaiting());
      this.waiting.push({ index, vector, count, resolve, reject });
    });
  }

  /** The index is searched in this thread, which hears nothing meanwhile: the queries that came while it was are searched for at once, by all cores. */
  private searchWaiting(): void {
    const queries = this.waiting;
    this.waiting = [];
    for (const [index, alike] of Map.groupBy(queries, (query) => query.index)) {
      try {
        const most = Math.max(...alike.map(({ count }) => count));
        const found = index.search(Float32Array.from(alike.flatMap(({ vector }) => vector)), most, availableParallelism());
        for (const [place, { count, resolve }] of alike.entries()) {
          const { keys, distances } = found.get?.(place) ?? found;
          resolve({ keys: keys.subarray(0, count), distances: distances.subarray(0, count) });
        }
      } catch (error) {
        for (const { reject } of alike) reject(error);
      }
    }
  }

  /** The vectors themselves, for filling another index: a line of JSON each. @throws ApiError */
  lines(query: URLSearchParams): string {
    const { set } = this.indexOf(query.get('entries') === null ? undefined : Number(query.get('entries')));
    const from = Number(query.get('from') ?? 0);
    const count = Number(query.get('count') ?? 1000);
    if (!Number.isInteger(from) || from < 0 || !Number.isInteger(count) || count < 1 || count > mostAtOnce)
      throw new ApiError(400, `expected ?from=0&count=1000, count at most ${mostAtOnce}`);
    const vector = new Float32Array(this.dimension);
    let text = '';
    for (let id = from; id < Math.min(from + count, set.entries); id++) {
      writeEntry(set, id, vector);
      text += `${JSON.stringify({ id, vector: Array.from(vector, (value) => Number(value.toPrecision(7))) })}\n`;
    }
    return text;
  }

  private indexOf(asked: unknown): { index: VectorIndex; set: VectorSet } {
    const entries = asked ?? this.sizes[0];
    const index = this.open.get(entries as number);
    if (index === undefined) throw new ApiError(404, `entries: there is no index of ${JSON.stringify(asked)}; there is ${this.sizes.join(', ')}`);
    return { index, set: this.setOf(entries as number) };
  }

  private setOf(entries: number): VectorSet {
    return { entries, dimension: this.dimension, seed: this.seed };
  }
}
