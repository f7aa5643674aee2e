import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ExitCode, UserError } from '../../config/errors.ts';

/** The nearest of one query. */
export interface Nearest {
  keys: BigUint64Array;
  distances: Float32Array;
}

/** What is used of the vector index `usearch` (https://unum-cloud.github.io/USearch/). */
export interface VectorIndex {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
  /** @param vectors of one query or of several, one after the other: several have a `get` */
  search(vectors: Float32Array, count: number, threads: number): Nearest & { get?: (query: number) => Nearest };
  size(): number;
  save(path: string): void;
  view(path: string): void;
}

interface Usearch {
  Index: new (options: {
    dimensions: number;
    metric: string;
    quantization: string;
    connectivity: number;
    expansion_add: number;
    expansion_search: number;
    multi: boolean;
  }) => VectorIndex;
}

const name = 'usearch';

/**
 * It is native code, which no bundle carries: it is taken from the user's node_modules, or from those beside this program.
 * @throws UserError (4) where it is in neither, or does not load
 */
export function loadUsearch(cwd: string): Usearch {
  const places = [pathToFileURL(join(cwd, 'package.json')).href, import.meta.url];
  let why = '';
  for (const place of places) {
    try {
      return createRequire(place)(name) as Usearch;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'MODULE_NOT_FOUND' || !message.includes(`'${name}'`)) why = `: ${message.split('\n', 1)[0]}`;
    }
  }
  throw new UserError(
    why === '' ? `The embedded retrieval server needs the package ${name}, which is not installed.` : `The package ${name} cannot be loaded${why}`,
    {
      exitCode: ExitCode.service,
      hint: `Install it where you start llm-bench (npm install --no-save ${name}), or name your own service with --base-url, --command or --target.`,
    },
  );
}
