import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ResultDocument } from '../result/document.ts';
import { writeResult } from '../result/write.ts';
import { refuseUnfit } from './fitness.ts';
import { isMissing, readResultFile } from './result-file.ts';
import {
  type BaselineCandidate,
  type BaselineStore,
  type Edited,
  Refused,
  type RefusedCandidate,
  type StoredResult,
  StoreUnavailable,
} from './store.ts';

/** Bounds what is read to find the newest; the names that sort last are kept, as they hold dates more often than not. */
const maxFiles = 500;
/** To prune them all of them must be seen. */
const maxEdited = 20_000;

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
          const known = { sha: stored.sha, timestamp: stored.document.timestamp || null, artifact: null };
          const candidate = { name, known, runId: null, named: false, description: () => name, open: async () => stored };
          opened.push({ candidate, measuredAt: Date.parse(stored.document.timestamp) || 0 });
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          refused.push({ name, refused: error });
        }
      }
      yield* refused;
      yield* opened.sort((a, b) => b.measuredAt - a.measuredAt).map(({ candidate }) => candidate);
    },
    async push(document) {
      refuseUnfit(document, 'the result');
      const file = fileName(document);
      await writeResult(join(resolve(root, folder), file), document);
      return join(folder, file);
    },
    async edit(change) {
      const edited: Edited = { changed: [], removed: [] };
      for (const file of await resultFiles(resolve(root, folder), folder, maxEdited)) {
        const name = join(folder, file);
        const path = join(resolve(root, folder), file);
        try {
          const { document } = await readResultFile(path, name);
          const after = change(document, name);
          if (after === null) {
            await rm(path, { force: true });
            edited.removed.push(name);
          } else if (after !== document) {
            await writeResult(path, after);
            edited.changed.push(name);
          }
        } catch (error) {
          // What cannot be read is not touched.
          if (!(error instanceof Refused)) throw error;
        }
      }
      return edited;
    },
  };
}

/** Sorts by time, and two that are pushed at once never share one: `2026-01-31T12-00-00.000Z-d4e5f6a-1a2b3c4d.json`. Pushed twice, a result is one file. */
function fileName(document: ResultDocument): string {
  const { timestamp, git, ci, cohort, target, scenario, series } = document;
  const time = Date.parse(timestamp);
  const date = Number.isNaN(time) ? 'undated' : new Date(time).toISOString().replaceAll(':', '-');
  const sha = /^[0-9a-f]{7,64}$/.test(git.sha ?? '') ? (git.sha as string).slice(0, 7) : 'nocommit';
  const identity = JSON.stringify([timestamp, git.sha, ci?.run_id, ci?.attempt, cohort, target, scenario, series]);
  return `${date}-${sha}-${createHash('sha256').update(identity).digest('hex').slice(0, 8)}.json`;
}

function isOfRun(stored: StoredResult, run: number | null): boolean {
  return run !== null && stored.document.ci?.run_id === String(run);
}

async function resultFiles(path: string, shown: string, most = maxFiles): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && entry.name.endsWith('.json'))
      .map((entry) => entry.name)
      .sort()
      .slice(-most);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw new StoreUnavailable(`the folder ${shown} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
