import type { Acceptance } from '../../github/accept.ts';
import { metricName } from '../../report/names.ts';
import type { ResultDocument } from '../../result/document.ts';
import { notExcused } from '../../verdict/accepted.ts';
import type { Comparison } from '../compare.ts';
import type { JudgeConfig } from './options.ts';

/** A comparison as the acceptance leaves it, and the sentence that the comment says of it; null where nobody asked. */
export interface Accepted {
  comparison: Comparison;
  sentence: string | null;
}

/** Applies an acceptance: what is only slower than before fails no check any more; a broken limit on a value still does. Pure. */
export function accept(comparison: Comparison, acceptance: Acceptance, config: Pick<JudgeConfig, 'thresholds'>): Accepted {
  const { accepted, by, sha, reason } = acceptance;
  const sentence = reason === '' ? null : reason;
  if (!accepted || by === null || sha === null || comparison.verdict.verdict !== 'regressed') return { comparison, sentence };
  const left = notExcused(comparison.verdict, config.thresholds);
  if (left.length > 0) {
    const names = [...new Set(left.map((row) => metricName(row.metric)))].join(', ');
    return { comparison, sentence: `${reason} A limit on a value is no slow-down and stays broken: ${names}. Change the limit where it is written.` };
  }
  return { comparison: { ...comparison, verdict: { ...comparison.verdict, accepted: { by, sha } } }, sentence };
}

/** Rounds of base and head, as the report of a paired measurement keeps them beside the result. */
export interface StoredPair {
  head: ResultDocument;
  base: ResultDocument;
}
