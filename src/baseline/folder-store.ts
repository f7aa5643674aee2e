import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isMissing, readResultFile } from './result-file.ts';
import { type BaselineCandidate, type BaselineStore, Refused, type RefusedCandidate, type StoredResult, StoreUnavailable } from './store.ts';

/** Bounds what is read to find the newest; the names that sort last are kept, as they hold dates more often than not. */
const maxFiles = 500;

/**
 * The results (`*.json`) of a folder, newest first by the time that each document says it was measured at: a checkout gives all files one date.
 * Sub-folders are not entered. A relative path is relative to `root`.
 */
export function folderStore(folder: string, root: string): BaselineStore {
  return {
    describe: () => `results in ${folder}`,
    whenEmpty: () =>
      `No baseline yet: there is no result in ${folder}. Put a result.json of the main branch there, and later runs are compared with the newest.`,
    async *newest({ excludeRun }) {
      const opened: Array<{ candidate: BaselineCandidate; measuredAt: number }> = [];
      const refused: RefusedCandidate[] = [];
      for (const file of await resultFiles(resolve(root, folder), folder)) {
        const name = join(folder, file);
        try {
          const stored = await readResultFile(join(resolve(root, folder), file), name);
          if (isOfRun(stored, excludeRun)) throw new Refused('is of this very run', { ineligible: true });
          const candidate = { name, named: false, description: () => name, open: async () => stored };
          opened.push({ candidate, measuredAt: Date.parse(stored.document.timestamp) || 0 });
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          refused.push({ name, refused: error });
        }
      }
      yield* refused;
      yield* opened.sort((a, b) => b.measuredAt - a.measuredAt).map(({ candidate }) => candidate);
    },
  };
}

function isOfRun(stored: StoredResult, run: number | null): boolean {
  return run !== null && stored.document.ci?.run_id === String(run);
}

async function resultFiles(path: string, shown: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && entry.name.endsWith('.json'))
      .map((entry) => entry.name)
      .sort()
      .slice(-maxFiles);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw new StoreUnavailable(`the folder ${shown} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
