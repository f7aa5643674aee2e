import { UserError } from '../config/errors.ts';
import type { ResultDocument } from '../result/document.ts';
import { mergeWhole } from '../result/merge-whole.ts';
import { readResult } from '../result/read.ts';
import { writeResult } from '../result/write.ts';

/**
 * Adds result files into one and writes it, where a path is given.
 * @throws UserError (exit 2) naming the file that cannot be read or the two that cannot be added
 */
export async function mergeFiles(files: readonly string[], output: string | null): Promise<ResultDocument> {
  if (files.length === 0) throw new UserError('nothing to merge: expected at least one result file');
  const documents: ResultDocument[] = [];
  for (const file of files) documents.push(await readResult(file));
  const merged = mergeWhole(documents, files);
  if (output !== null) await writeResult(output, merged);
  return merged;
}
