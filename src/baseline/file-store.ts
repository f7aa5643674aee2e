import { resolve } from 'node:path';
import { readResultFile } from './result-file.ts';
import type { BaselineStore } from './store.ts';

/** The results that the configuration names, in its order: all of them, whatever they are. Relative paths are relative to `root`. */
export function fileStore(files: readonly string[], root: string): BaselineStore {
  return {
    describe: () => files.join(', '),
    whenEmpty: () =>
      `No baseline yet: ${files.join(', ')} ${files.length === 1 ? 'does' : 'do'} not exist. \`llm-bench compare --set-baseline\` makes a baseline of the current result.`,
    async *newest() {
      for (const file of files) {
        yield { name: file, named: true, description: () => file, open: () => readResultFile(resolve(root, file), file) };
      }
    },
  };
}
