import type { Better, ResultDocument } from '../result/document.ts';
import { combineImported } from '../result/import/combine.ts';
import { importText } from '../result/import/import.ts';
import { readResultText } from '../result/read.ts';
import { writeResult } from '../result/write.ts';

export interface ImportJob {
  /** Files of one tool; several are several runs. */
  files: readonly string[];
  /** The format's name; null: found by the content. */
  from: string | null;
  /** Which way is good where a unit does not tell; null: by the unit. */
  direction: Better | null;
  output: string | null;
}

/**
 * `llm-bench import`: what other tools measured as one result, written where a path is given.
 * @throws UserError (exit 2) naming the file that cannot be read, is of another format, or holds no benchmark
 */
export async function importFiles({ files, from, direction, output }: ImportJob): Promise<ResultDocument> {
  const documents: ResultDocument[] = [];
  for (const file of files) documents.push(importText(await readResultText(file), file, from, { direction }));
  const result = combineImported(documents, files);
  if (output !== null) await writeResult(output, result);
  return result;
}
