import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UserError } from '../config/errors.ts';
import { writeResult } from '../result/write.ts';
import { refuseUnfit } from './fitness.ts';
import { readResultFile } from './result-file.ts';
import { type BaselineStore, type Edited, Refused } from './store.ts';

/** The results that the configuration names, in its order: all of them, whatever they are. Relative paths are relative to `root`. */
export function fileStore(files: readonly string[], root: string): BaselineStore {
  return {
    describe: () => files.join(', '),
    whenEmpty: () =>
      `No baseline yet: ${files.join(', ')} ${files.length === 1 ? 'does' : 'do'} not exist, so only limits on values are judged. \`llm-bench compare --set-baseline\` makes a baseline of the current result.`,
    async *newest() {
      for (const file of files) {
        const open = () => readResultFile(resolve(root, file), file);
        yield { name: file, known: { sha: null, timestamp: null, artifact: null }, runId: null, named: true, description: () => file, open };
      }
    },
    /** Replaces the file: it is one baseline. */
    async push(document) {
      refuseUnfit(document, 'the result');
      const [file, ...others] = files;
      if (file === undefined || others.length > 0) throw new UserError(`a baseline is pushed to one file, found ${files.length}`);
      await writeResult(resolve(root, file), document);
      return file;
    },
    async edit(change) {
      const edited: Edited = { changed: [], removed: [] };
      for (const file of files) {
        try {
          const { document } = await readResultFile(resolve(root, file), file);
          const after = change(document, file);
          if (after === null) {
            await rm(resolve(root, file));
            edited.removed.push(file);
          } else if (after !== document) {
            await writeResult(resolve(root, file), after);
            edited.changed.push(file);
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
