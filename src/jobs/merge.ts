import { UserError } from '../config/errors.ts';
import type { ResultDocument } from '../result/document.ts';
import { mergeResults } from '../result/merge.ts';
import { readResult } from '../result/read.ts';
import { writeResult } from '../result/write.ts';

/** What the parts of a scenario say together was found by each run; a sum of them is not found anew, and the report must not pass over that. */
export function withoutFindings(merged: ResultDocument, documents: readonly ResultDocument[]): ResultDocument {
  const composed = documents.filter(({ results }) => Array.isArray(results['parts']));
  if (documents.length < 2 || composed.length === 0) return merged;
  const detail =
    'what the parts of a scenario say together (ratios, scaling, skew) is not made anew of results that were added: the series are exact, for the rest see each result';
  return {
    ...merged,
    validity: { ...merged.validity, checks: [...merged.validity.checks, { name: 'findings', ok: false, severity: 'advice', detail }] },
  };
}

/**
 * Adds result files into one and writes it, where a path is given.
 * @throws UserError (exit 2) naming the file that cannot be read or the two that cannot be added
 */
export async function mergeFiles(files: readonly string[], output: string | null): Promise<ResultDocument> {
  if (files.length === 0) throw new UserError('nothing to merge: expected at least one result file');
  const documents: ResultDocument[] = [];
  for (const file of files) documents.push(await readResult(file));
  const merged = withoutFindings(mergeResults(documents, files), documents);
  if (output !== null) await writeResult(output, merged);
  return merged;
}
