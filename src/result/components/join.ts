import type { ResultDocument, Run } from '../document.ts';

/**
 * Results of different series, measured one after the other in one job, as one: the k-th run of each is in its k-th run. The first says all that holds for
 * the whole: machine, commit, scenario.
 */
export function joinResults(documents: readonly ResultDocument[]): ResultDocument {
  const [first, ...others] = documents;
  if (first === undefined) throw new Error('no result to join');
  if (others.length === 0) return first;
  const seconds = (of: (document: ResultDocument) => number) => documents.reduce((sum, document) => sum + of(document), 0);
  const longest = documents.reduce((most, { runs }) => Math.max(most, runs.length), 0);
  const runs = Array.from({ length: longest }, (_, index): Run => {
    const having = documents.flatMap((document) => document.runs[index] ?? []);
    return {
      ...(having[0] as Run),
      duration_seconds: having.reduce((sum, run) => sum + run.duration_seconds, 0),
      values: Object.assign({}, ...having.map(({ values }) => values)),
    };
  });
  const partial = documents.find((document) => document.partial);
  const imported = documents.flatMap((document) => document.imported ?? []);
  const all = documents.every((document) => document.imported !== undefined);
  return {
    ...first,
    partial: partial !== undefined,
    stop_reason: partial?.stop_reason ?? first.stop_reason,
    results: { ...first.results, duration_seconds: seconds(({ results }) => results.duration_seconds) },
    series: documents.flatMap(({ series }) => series),
    runs,
    validity: {
      valid: documents.every(({ validity }) => validity.valid),
      checks: documents.flatMap(({ validity }) => validity.checks),
    },
    admissible: documents.every(({ admissible }) => admissible),
    ...(all && first.imported
      ? {
          imported: {
            ...first.imported,
            from: [...new Set(imported.map(({ from }) => from))].join(', '),
            notes: imported.flatMap(({ notes }) => notes),
          },
        }
      : {}),
  };
}
